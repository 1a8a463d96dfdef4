use std::path::Path;

use bytes::Bytes;
use kring::base::{Error, Rng};
use kring::config::{MediaConfig, ServiceUrl};
use kring::media::Storage;

fn storage(folder: &Path) -> Storage {
    Storage::new(&MediaConfig { url: ServiceUrl::new(format!("file:{}", folder.display())) }).unwrap()
}

#[tokio::test]
async fn files_are_kept_read_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let storage = storage(&dir.path().join("a/media"));
    let key = Storage::new_key(&Rng);
    assert!(key.len() == 28 && key.as_bytes()[2] == b'/' && key.as_bytes()[5] == b'/', "{key}");
    assert_ne!(key, Storage::new_key(&Rng));
    assert!(matches!(storage.read(&key).await, Err(Error::NotFound)));
    storage.put(&key, Bytes::from_static(b"een")).await.unwrap();
    assert_eq!(storage.read(&key).await.unwrap().as_ref(), b"een");
    storage.put(&key, Bytes::from_static(b"twee")).await.unwrap();
    assert_eq!(std::fs::read(storage.path(&key).unwrap()).unwrap(), b"twee");
    let siblings = std::fs::read_dir(storage.path(&key).unwrap().parent().unwrap()).unwrap().count();
    assert_eq!(siblings, 1, "no draft is left");
    storage.delete(&key).await.unwrap();
    storage.delete(&key).await.unwrap();
    assert!(matches!(storage.read(&key).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn no_key_leaves_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("secret"), "x").unwrap();
    let storage = storage(&dir.path().join("media"));
    for key in [
        "",
        "/",
        "../secret",
        "ab/../secret",
        "ab/cd/../../../secret",
        "/etc/passwd",
        "ab/cd/efghijklm/x",
        "ab/cd/.part",
        "ab/cd/efgh.ijklmn",
        "AB/cd/efghijklm",
        "ab/cd/efghijkl\0m",
        "ab\\cd\\efghijklm",
        "ab/cd/",
        "a/cd/efghijklm",
        "ab/cd/éfghijklm",
        "ab//efghijklm",
    ] {
        assert!(matches!(storage.path(key), Err(Error::NotFound)), "{key}");
        assert!(matches!(storage.read(key).await, Err(Error::NotFound)), "{key}");
        assert!(matches!(storage.put(key, Bytes::new()).await, Err(Error::NotFound)), "{key}");
    }
    assert_eq!(std::fs::read(dir.path().join("secret")).unwrap(), b"x");
}
