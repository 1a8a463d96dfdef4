use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The one source of randomness.
#[derive(Clone, Debug, Default)]
pub struct Rng;

impl Rng {
    /// `N` random bytes from the operating system's generator.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0u8; N];
        rand::RngCore::fill_bytes(&mut rand::rng(), &mut out);
        out
    }

    /// A secret of 256 bits, 43 URL-safe characters: sessions, tokens, one-time links.
    pub fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<32>())
    }

    /// A code that is typed over by a person: `digits` decimal digits.
    pub fn digits(&self, digits: usize) -> String {
        (0..digits).map(|_| char::from(b'0' + rand::random_range(0..10u8))).collect()
    }

    /// A code of `len` characters for a link that may be typed from paper: no 0/O, 1/l/i.
    pub fn code(&self, len: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
        (0..len).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())])).collect()
    }

    /// A factor in `[low, high)`, for jitter.
    pub fn factor(&self, low: f64, high: f64) -> f64 {
        rand::random_range(low..high)
    }
}
