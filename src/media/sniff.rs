use crate::base::{Error, Result, text_enum};

text_enum! {
    /// What a file is to people.
    pub enum Kind {
        /// A picture.
        Image = "image",
        /// Something to read: PDF, office, text.
        Document = "document",
        /// Something to hear.
        Audio = "audio",
        /// Something to see moving.
        Video = "video",
    }
}

/// What a file is by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sniffed {
    /// What it is to people.
    pub kind: Kind,
    /// Its media type, by which it is served.
    pub mime: &'static str,
    /// The ending a saved copy should have, without the dot.
    pub extension: &'static str,
}

/// Tells from its content what a file is, helped by the type and name it came with only where content leaves a choice.
/// `Invalid` for everything outside the list of what members may share: pages, scripts, programs, archives.
pub fn sniff(bytes: &[u8], declared_mime: &str, file_name: &str) -> Result<Sniffed> {
    let mime = declared_mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let extension = match file_name.rsplit_once('.') {
        Some((_, extension)) => extension.to_ascii_lowercase(),
        None => String::new(),
    };
    if bytes.is_empty() {
        return Err(refused("error-file-empty"));
    }
    let as_audio = mime.starts_with("audio/") || matches!(extension.as_str(), "m4a" | "m4b" | "weba");
    if let Some(found) = image(bytes).or_else(|| sound(bytes, &mime, &extension)).or_else(|| webm(bytes, as_audio)) {
        return Ok(found);
    }
    if bytes.starts_with(b"%PDF-") {
        return Ok(document("application/pdf", "pdf"));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return mp4(bytes, as_audio);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return office(bytes);
    }
    text(bytes, &mime, &extension).ok_or_else(|| refused("error-file-kind"))
}

fn refused(code: &'static str) -> Error {
    Error::invalid("file", code)
}

fn found(kind: Kind, mime: &'static str, extension: &'static str) -> Sniffed {
    Sniffed { kind, mime, extension }
}

fn document(mime: &'static str, extension: &'static str) -> Sniffed {
    found(Kind::Document, mime, extension)
}

fn image(bytes: &[u8]) -> Option<Sniffed> {
    let (mime, extension) = match bytes {
        [0xff, 0xd8, 0xff, ..] => ("image/jpeg", "jpg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => ("image/png", "png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => ("image/gif", "gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ("image/webp", "webp"),
        _ => return None,
    };
    Some(found(Kind::Image, mime, extension))
}

fn sound(bytes: &[u8], mime: &str, extension: &str) -> Option<Sniffed> {
    let (mime, extension) = match bytes {
        [b'I', b'D', b'3', 2..=4, ..] => ("audio/mpeg", "mp3"),
        // The sync word of MPEG layer III alone is thin evidence: the name must say so too.
        [0xff, second, ..] if second & 0xe6 == 0xe2 && (extension == "mp3" || mime == "audio/mpeg") => {
            ("audio/mpeg", "mp3")
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => ("audio/wav", "wav"),
        [b'O', b'g', b'g', b'S', ..] => {
            let head = &bytes[..bytes.len().min(200)];
            let codecs: [&[u8]; 4] = [b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC"];
            codecs.iter().any(|codec| contains(head, codec)).then_some(("audio/ogg", "ogg"))?
        }
        _ => return None,
    };
    Some(found(Kind::Audio, mime, extension))
}

fn webm(bytes: &[u8], as_audio: bool) -> Option<Sniffed> {
    let is_webm = bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) && contains(&bytes[..bytes.len().min(64)], b"webm");
    is_webm.then(|| match as_audio {
        true => found(Kind::Audio, "audio/webm", "weba"),
        false => found(Kind::Video, "video/webm", "webm"),
    })
}

/// An ISO base media file by its brands (ISO/IEC 14496-12 §4.3).
fn mp4(bytes: &[u8], as_audio: bool) -> Result<Sniffed> {
    let size = bytes.first_chunk().map_or(0, |size| u32::from_be_bytes(*size) as usize);
    let end = size.clamp(8, 256).min(bytes.len());
    let mut brands = bytes[8..end].chunks_exact(4);
    let major = brands.next().unwrap_or_default();
    if matches!(major, b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" | b"avif" | b"avis") {
        return Err(refused("error-file-heic"));
    }
    let is_mp4 = |brand: &[u8]| {
        brand.starts_with(b"iso")
            || matches!(brand, b"mp41" | b"mp42" | b"avc1" | b"dash" | b"MSNV" | b"M4V " | b"M4VH")
    };
    if matches!(major, b"M4A " | b"M4B ") || (as_audio && is_mp4(major)) {
        return Ok(found(Kind::Audio, "audio/mp4", "m4a"));
    }
    match is_mp4(major) {
        true => Ok(found(Kind::Video, "video/mp4", "mp4")),
        false => Err(refused("error-file-kind")),
    }
}

/// An office document by the names in its ZIP directory.
fn office(bytes: &[u8]) -> Result<Sniffed> {
    const OPEN: [(&str, &str); 3] = [
        ("application/vnd.oasis.opendocument.text", "odt"),
        ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
        ("application/vnd.oasis.opendocument.presentation", "odp"),
    ];
    const MICROSOFT: [(&[u8], &str, &str); 3] = [
        (b"word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        (b"xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        (b"ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ];
    let names = zip_names(bytes).ok_or_else(|| refused("error-file-kind"))?;
    if names.iter().any(|name| name.ends_with(b"vbaProject.bin") || name.starts_with(b"Basic/")) {
        return Err(refused("error-file-macros"));
    }
    let open =
        stored_first(bytes, b"mimetype").and_then(|mime| OPEN.iter().find(|(known, _)| known.as_bytes() == mime));
    if let Some((mime, extension)) = open {
        return Ok(document(mime, extension));
    }
    let typed = names.iter().any(|name| *name == b"[Content_Types].xml");
    let known = MICROSOFT.iter().find(|(part, ..)| names.contains(part)).filter(|_| typed);
    known.map(|(_, mime, extension)| document(mime, extension)).ok_or_else(|| refused("error-file-kind"))
}

fn le16(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

/// The names in the central directory of a ZIP file (APPNOTE §4.3.12, §4.3.16); `None` if it has no sound one.
fn zip_names(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    Some(zip_directory(bytes)?.into_iter().map(|(name, _)| name).collect())
}

/// Names, and the lines of the directory.
fn zip_directory(bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let tail = bytes.len().saturating_sub(22 + usize::from(u16::MAX));
    let end = tail + bytes[tail..].windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let end = bytes.get(end..end + 22)?;
    let count = le16(end, 10)?;
    let mut at = usize::try_from(u32::from_le_bytes(end[16..20].try_into().ok()?)).ok()?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let entry = bytes.get(at..at.checked_add(46)?)?;
        if !entry.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (name, extra, comment) = (le16(entry, 28)?, le16(entry, 30)?, le16(entry, 32)?);
        entries.push((bytes.get(at + 46..at + 46 + name)?, entry));
        at += 46 + name + extra + comment;
    }
    Some(entries)
}

/// An entry of a ZIP file: name, how it is packed, and the packed bytes.
pub(super) type ZipEntry<'a> = (&'a [u8], usize, &'a [u8]);

/// The entries of a ZIP file. Sound ones only.
pub(super) fn zip_entries(bytes: &[u8]) -> Option<Vec<ZipEntry<'_>>> {
    let le32 = |entry: &[u8], at: usize| -> Option<usize> {
        usize::try_from(u32::from_le_bytes(entry.get(at..at + 4)?.try_into().ok()?)).ok()
    };
    let packed = |entry: &[u8]| {
        let (size, start) = (le32(entry, 20)?, le32(entry, 42)?);
        let head = bytes.get(start..start.checked_add(30)?).filter(|head| head.starts_with(b"PK\x03\x04"))?;
        let start = start + 30 + le16(head, 26)? + le16(head, 28)?;
        bytes.get(start..start.checked_add(size)?)
    };
    let entries = zip_directory(bytes)?.into_iter();
    Some(entries.filter_map(|(name, entry)| Some((name, le16(entry, 10)?, packed(entry)?))).collect())
}

/// The content of the first entry, when it has this name and is not compressed (as OpenDocument asks of `mimetype`).
fn stored_first<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let size = usize::try_from(u32::from_le_bytes(bytes.get(18..22)?.try_into().ok()?)).ok()?;
    let start = 30 + le16(bytes, 26)? + le16(bytes, 28)?;
    let stored = le16(bytes, 8)? == 0 && bytes.get(30..30 + name.len()) == Some(name) && le16(bytes, 26)? == name.len();
    bytes.get(start..start.checked_add(size)?).filter(|_| stored)
}

/// Plain text or a table, if both the name and the content say so.
fn text(bytes: &[u8], mime: &str, extension: &str) -> Option<Sniffed> {
    let table = extension == "csv" || (extension.is_empty() && mime == "text/csv");
    let named = match extension {
        "txt" | "csv" | "md" => true,
        "" => matches!(mime, "text/plain" | "text/csv" | "text/markdown"),
        _ => false,
    };
    if !named || !reads_as_text(bytes) || runs_somewhere(bytes) {
        return None;
    }
    Some(if table { document("text/csv", "csv") } else { document("text/plain", "txt") })
}

fn reads_as_text(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return bytes.len().is_multiple_of(2);
    }
    // Old files are not UTF-8, but have no control characters either.
    bytes.iter().all(|b| *b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r' | 0x0c))
}

/// Whether a program may take the text for something to run or to obey: markup, scripts, JSON.
fn runs_somewhere(bytes: &[u8]) -> bool {
    const STARTS: [&str; 10] =
        ["<!doctype", "<html", "<script", "<svg", "<body", "<head", "<iframe", "<?xml", "<?php", "<!--"];
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).replace('\0', "").to_ascii_lowercase();
    let json =
        matches!(bytes.first(), Some(b'{' | b'[')) && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    json || head.starts_with("#!") || STARTS.iter().any(|start| head.contains(start))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
