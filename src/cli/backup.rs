//! `kring backup` and `kring restore`: one file that holds an instance, whatever databases it comes from and goes to.
//!
//! The file is a gzipped tar: `kring.json` (what it is), `kring.db` (all tables, as SQLite), `secret.key` and `media/…`.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::accounts::print;
use crate::base::{Error, Result};
use crate::config::Config;
use crate::services::Ctx;
use crate::store::{Db, transfer};

/// Files of a backup are read by this version and later ones.
const FORMAT: u32 = 1;
const DATABASE: &str = "kring.db";
const KEY: &str = "secret.key";
const ABOUT: &str = "kring.json";

#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    version: String,
    domain: String,
    made_at: String,
}

/// `backup FILE`: while the instance runs.
pub async fn backup(ctx: &Ctx, file: &Path) -> Result<()> {
    if file.exists() {
        return Err(Error::Unavailable(format!("{} is there already; choose another name", file.display())));
    }
    let (part, database) = (beside(file, "part"), beside(file, "db.part"));
    for old in [&part, &database] {
        remove(old)?;
    }
    print("database");
    if ctx.db.is_postgres() {
        let to = Db::open(&format!("sqlite:{}", database.display())).await?;
        transfer::copy(&ctx.db, &to, told()).await?;
        // All of it in the one file, none in the log beside it.
        drop(to);
        let copy = beside(file, "db2.part");
        remove(&copy)?;
        transfer::snapshot(&Db::open(&format!("sqlite:{}", database.display())).await?, &copy).await?;
        clear(&database)?;
        fs::rename(&copy, &database).map_err(at(&copy))?;
    } else {
        transfer::snapshot(&ctx.db, &database).await?;
    }
    let about = About {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        domain: ctx.urls.host().to_owned(),
        made_at: ctx.now().to_rfc3339(),
    };
    let (config, whole, base) = (ctx.config.clone(), file.to_owned(), database.clone());
    let work = tokio::task::spawn_blocking(move || pack(&config, &about, &base, &part, &whole));
    let files = work.await.map_err(Error::internal)??;
    clear(&database)?;
    print(&format!("{}: the database and {files} files", file.display()));
    print("It holds everything, private keys and closed groups too. Keep it where only you can read it.");
    Ok(())
}

fn pack(config: &Config, about: &About, database: &Path, part: &Path, whole: &Path) -> Result<usize> {
    let out = private(part)?;
    let mut tar = tar::Builder::new(GzEncoder::new(out, Compression::fast()));
    let json = serde_json::to_vec_pretty(about).map_err(Error::internal)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(json.len() as u64);
    header.set_mode(0o600);
    header.set_cksum();
    tar.append_data(&mut header, ABOUT, json.as_slice()).map_err(at(part))?;
    tar.append_path_with_name(database, DATABASE).map_err(at(database))?;
    let key = &config.secrets.key_file;
    if key.exists() {
        tar.append_path_with_name(key, KEY).map_err(at(key))?;
    }
    let (folder, mut files) = (config.media.folder(), 0);
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).map_err(at(&next))? {
            let path = entry.map_err(at(&next))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none() {
                // Files being written have an extension; they belong to no post yet.
                let name = Path::new("media").join(path.strip_prefix(&folder).map_err(Error::internal)?);
                tar.append_path_with_name(&path, name).map_err(at(&path))?;
                files += 1;
            }
        }
    }
    let file = tar.into_inner().and_then(GzEncoder::finish).map_err(at(part))?;
    file.sync_all().map_err(at(part))?;
    fs::rename(part, whole).map_err(at(whole))?;
    Ok(files)
}

/// `restore FILE`: into an empty database and a folder without files.
pub async fn restore(config: Config, file: &Path) -> Result<()> {
    let about = read_about(file)?;
    if about.format > FORMAT {
        return Err(Error::Unavailable(format!(
            "{} was made by Kring {}, which is newer",
            file.display(),
            about.version
        )));
    }
    let domain = &config.instance.domain;
    if about.domain != *domain {
        let text = format!("the backup is of {}; set instance.domain to that (now {domain})", about.domain);
        return Err(Error::Unavailable(text));
    }
    let unpacked = beside(file, "restore.part");
    clear(&unpacked)?;
    let (from, to) = (file.to_owned(), unpacked.clone());
    print("unpacking");
    tokio::task::spawn_blocking(move || unpack(&from, &to)).await.map_err(Error::internal)??;
    let outcome = put_in_place(&config, &unpacked).await;
    clear(&unpacked)?;
    let (rows, files) = outcome?;
    print(&format!("{rows} rows and {files} files are back, as of {}. Start Kring with `kring serve`.", about.made_at));
    Ok(())
}

async fn put_in_place(config: &Config, unpacked: &Path) -> Result<(u64, usize)> {
    let (key, kept) = (unpacked.join(KEY), &config.secrets.key_file);
    if key.exists() && kept.exists() && fs::read(&key).map_err(at(&key))? != fs::read(kept).map_err(at(kept))? {
        let text = format!("{} holds another key than the backup; move it away first", kept.display());
        return Err(Error::Unavailable(text));
    }
    // Opening it brings an older backup to the present schema.
    let source = Db::open(&format!("sqlite:{}", unpacked.join(DATABASE).display())).await?;
    let target = Db::open(config.database.url.as_str()).await?;
    let copied = transfer::copy(&source, &target, told()).await?;
    let mut files = 0;
    let mut folders = vec![unpacked.join("media")];
    while let Some(next) = folders.pop().filter(|next| next.exists()) {
        for entry in fs::read_dir(&next).map_err(at(&next))? {
            let path = entry.map_err(at(&next))?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let to = config.media.folder().join(path.strip_prefix(unpacked.join("media")).map_err(Error::internal)?);
            fs::create_dir_all(to.parent().unwrap_or(&to)).map_err(at(&to))?;
            fs::copy(&path, &to).map_err(at(&to))?;
            files += 1;
        }
    }
    if key.exists() && !kept.exists() {
        fs::create_dir_all(kept.parent().unwrap_or(kept)).map_err(at(kept))?;
        private(kept)?.write_all(&fs::read(&key).map_err(at(&key))?).map_err(at(kept))?;
    }
    Ok((copied.iter().map(|table| table.rows).sum(), files))
}

fn open(file: &Path) -> Result<tar::Archive<GzDecoder<File>>> {
    Ok(tar::Archive::new(GzDecoder::new(File::open(file).map_err(at(file))?)))
}

fn read_about(file: &Path) -> Result<About> {
    let not_ours = || Error::Unavailable(format!("{} is not a backup made by `kring backup`", file.display()));
    let mut archive = open(file)?;
    let mut first = archive.entries().ok().and_then(|mut all| all.next()).and_then(|e| e.ok()).ok_or_else(not_ours)?;
    if first.path().map_err(|_| not_ours())?.as_ref() != Path::new(ABOUT) {
        return Err(not_ours());
    }
    let mut text = String::new();
    first.read_to_string(&mut text).map_err(|_| not_ours())?;
    serde_json::from_str(&text).map_err(|_| not_ours())
}

/// Entries that would leave the folder are refused by `tar` itself.
fn unpack(file: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).map_err(at(to))?;
    open(file)?.unpack(to).map_err(at(file))
}

fn told() -> transfer::Progress {
    Arc::new(|table, place, all| print(&super::accounts::bar(table, place, all)))
}

/// `FILE.END`
fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    PathBuf::from(name)
}

/// A new file that only its owner may read.
fn private(path: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |error| Error::Unavailable(format!("{path}: {error}"))
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Removes a file with what a database leaves beside it, or a folder.
fn clear(path: &Path) -> Result<()> {
    if path.is_dir() {
        return fs::remove_dir_all(path).map_err(at(path));
    }
    remove(path)?;
    ["-wal", "-shm", ".lock"].iter().try_for_each(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        remove(Path::new(&name))
    })
}
