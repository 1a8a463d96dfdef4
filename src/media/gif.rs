//! Reads the blocks of a GIF (GIF89a specification) without decoding its frames.

/// A GIF that was read to its end.
pub(super) struct Gif {
    /// The same pictures and timing, without comments, text and the notes of programs.
    pub bytes: Vec<u8>,
    pub frames: usize,
}

/// Reads a GIF; `None` if its blocks are not whole.
pub(super) fn read(bytes: &[u8]) -> Option<Gif> {
    let flags = *bytes.get(10)?;
    let mut at = 13 + table(flags);
    let mut gif = Gif { bytes: bytes.get(..at)?.to_vec(), frames: 0 };
    loop {
        let start = at;
        let keep = match *bytes.get(at)? {
            0x2c => {
                gif.frames += 1;
                at = blocks(bytes, at + 10 + table(*bytes.get(at + 9)?) + 1)?;
                true
            }
            0x21 => {
                let label = *bytes.get(at + 1)?;
                let name = bytes.get(at + 3..at + 14);
                at = blocks(bytes, at + 2)?;
                // 0xf9 is timing; of the programs' extensions two say how often to repeat.
                label == 0xf9 || label == 0xff && matches!(name, Some(b"NETSCAPE2.0" | b"ANIMEXTS1.0"))
            }
            0x3b => {
                gif.bytes.push(0x3b);
                return Some(gif);
            }
            _ => return None,
        };
        if keep {
            gif.bytes.extend_from_slice(bytes.get(start..at)?);
        }
    }
}

/// Bytes of the colour table that these flags announce.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Where the sub-blocks that start at `at` end.
fn blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let len = usize::from(*bytes.get(at)?);
        at += 1 + len;
        if len == 0 {
            return Some(at);
        }
    }
}
