//! Secrets that must be read again (private keys, tokens of apps) are sealed at rest.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::*;

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

/// Seals private keys with AES-256-GCM under the key of `[secrets] key_file`.
pub struct Seal(RandomizedNonceKey);

impl Seal {
    /// Reads the key file, or makes one that only its owner may read.
    ///
    /// # Errors
    /// `Unavailable` when it can be neither read nor made, or does not hold 32 bytes; the text names the file.
    pub async fn open(path: &Path, rng: &Rng) -> Result<Self> {
        let (file, secret) = (path.to_owned(), rng.bytes::<32>());
        let bytes = tokio::task::spawn_blocking(move || read_or_make(&file, &secret)).await.map_err(Error::internal)?;
        let trouble =
            |why: &dyn std::fmt::Display| Error::Unavailable(format!("secrets.key_file {}: {why}", path.display()));
        let bytes = bytes.map_err(|e| trouble(&e))?;
        if bytes.len() != 32 {
            return Err(trouble(&"must hold exactly 32 bytes"));
        }
        RandomizedNonceKey::new(&AES_256_GCM, &bytes).map(Self).map_err(|e| trouble(&e))
    }

    /// Seals bytes for one purpose, which must be named again to open them. Base64 of nonce and ciphertext.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<String> {
        let mut bytes = secret.to_vec();
        let nonce =
            self.0.seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut bytes).map_err(Error::internal)?;
        Ok(STANDARD.encode([&nonce.as_ref()[..], &bytes[..]].concat()))
    }

    /// Opens what [`Seal::seal`] made.
    ///
    /// # Errors
    /// `Unavailable` when it was sealed with another key or for another purpose.
    pub fn open_sealed(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>> {
        let trouble = || Error::Unavailable(format!("{purpose} was sealed with another secrets.key_file"));
        let bytes = STANDARD.decode(sealed).map_err(Error::internal)?;
        let (nonce, body) = bytes.split_at_checked(NONCE).ok_or_else(trouble)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(Error::internal)?;
        let mut body = body.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body).map_err(|_| trouble())?;
        Ok(plain.to_vec())
    }
}

fn read_or_make(path: &Path, secret: &[u8; 32]) -> std::io::Result<Vec<u8>> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    // Only one of several processes that start together makes it: under a name of its own, then linked into place whole.
    if !path.exists() {
        let name = format!(".{}.{}", std::process::id(), path.file_name().and_then(|n| n.to_str()).unwrap_or("key"));
        let draft = path.with_file_name(name);
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(secret)?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    std::fs::read(path)
}
