use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::base::{Error, Result, Rng};
use crate::config::MediaConfig;

/// Letters of a new key, slashes not counted: 31^26 possibilities, so a key cannot be guessed.
const KEY_LETTERS: usize = 26;

/// Files in a folder, each under a key like `ab/cd/efgh…`.
#[derive(Clone, Debug)]
pub struct Storage {
    folder: PathBuf,
}

impl Storage {
    /// Opens the folder of `[media]`, making it if need be. Fails (`Internal`) when it cannot be made.
    pub fn new(config: &MediaConfig) -> Result<Self> {
        let folder = config.folder();
        fs::create_dir_all(&folder)
            .map_err(|error| Error::internal(format!("media.url: cannot use {}: {error}", folder.display())))?;
        Ok(Self { folder })
    }

    /// A new key.
    pub fn new_key(rng: &Rng) -> String {
        let letters = rng.code(KEY_LETTERS);
        format!("{}/{}/{}", &letters[..2], &letters[2..4], &letters[4..])
    }

    /// Where the file with this key is, for streaming it; `NotFound` for what is no key. The file may be missing.
    pub fn path(&self, key: &str) -> Result<PathBuf> {
        if !is_key(key) {
            return Err(Error::NotFound);
        }
        Ok(self.folder.join(key))
    }

    /// Keeps `bytes` under `key`: when this returns they survive a power cut, and no reader ever sees a part of them.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<()> {
        let (path, folder) = (self.path(key)?, self.folder.clone());
        blocking(move || write(&path, &folder, &bytes)).await
    }

    /// The bytes under `key`; `NotFound` if there are none.
    pub async fn read(&self, key: &str) -> Result<Bytes> {
        let path = self.path(key)?;
        blocking(move || fs::read(path).map(Bytes::from)).await
    }

    /// Removes what is under `key`; nothing there is fine.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        match blocking(move || fs::remove_file(path)).await {
            Err(Error::NotFound) => Ok(()),
            other => other,
        }
    }
}

/// `ab/cd/` and 8 to 64 letters or digits, lower case: nothing that could leave the folder.
fn is_key(key: &str) -> bool {
    let good = |part: &str, low: usize, high: usize| {
        (low..=high).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    let mut parts = key.split('/');
    let (first, second, third) = (parts.next(), parts.next(), parts.next());
    matches!((first, second, third, parts.next()), (Some(a), Some(b), Some(c), None)
        if good(a, 2, 2) && good(b, 2, 2) && good(c, 8, 64))
}

fn write(path: &Path, root: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(root);
    fs::create_dir_all(parent)?;
    // Keys are random, so this draft is ours alone.
    let draft = path.with_extension("part");
    let written = (|| {
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    })();
    if let Err(error) = written {
        // The first error says more than one about the draft could.
        fs::remove_file(&draft).ok();
        return Err(error);
    }
    // The names must be on disk too: of the file, and of folders that may be new.
    for folder in parent.ancestors().take_while(|folder| folder.starts_with(root)) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await.map_err(Error::internal)? {
        Ok(value) => Ok(value),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NotFound),
        Err(error) => Err(Error::internal(error)),
    }
}
