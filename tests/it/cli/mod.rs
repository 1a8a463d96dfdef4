//! The administrator's commands, run as an administrator runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kring::base::Clock;
use kring::config::{Config, ServiceUrl};
use kring::domain::groups::GroupKind;
use kring::store::Db;

use crate::support::{Database, Kind, TestApp, count, databases, run};

fn kring(config: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kring"));
    command.arg("--config").arg(config).args(args);
    command.output().expect("the command")
}

fn good(output: Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

/// Fails with exit code 1 and one line that says `why`.
fn refused(output: Output, why: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains(why) && err.trim().lines().count() == 1, "{err}");
}

fn written(config: &Config, dir: &Path) -> PathBuf {
    let file = dir.join("kring.toml");
    std::fs::write(&file, config.to_toml().unwrap()).unwrap();
    file
}

const TABLES: [&str; 6] = ["actors", "actor_keys", "posts", "readers", "follows", "media"];

async fn counts(db: &Db) -> Vec<i64> {
    let mut all = Vec::new();
    for table in TABLES {
        all.push(count(db, &format!("SELECT count(*) AS n FROM {table}")).await);
    }
    all
}

/// An instance with people, a group, posts and a file under its storage.
async fn filled(kind: Kind) -> (TestApp, PathBuf, String) {
    let app = TestApp::start(kind).await;
    let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
    let group = app.group(&fatima, "Taalmaatjes", GroupKind::Private).await;
    app.join(&wim, &group, &fatima).await;
    let post = app.post(&wim, &group, "Wie heeft \"een\" tip? ♥ \\n").await;
    app.comment(&fatima, post, "Kom 'vrijdag' langs.").await;
    app.settle().await;
    let key = kring::media::Storage::new_key(&kring::base::Rng);
    app.ctx().media.put(&key, bytes::Bytes::from_static(b"a picture")).await.unwrap();
    let config = written(&app.ctx().config, app.database.dir.path());
    (app, config, key)
}

#[test]
fn a_backup_comes_back_on_either_database() {
    let kinds = databases();
    for from in kinds.iter().copied() {
        for to in kinds.iter().copied() {
            run(async {
                let (app, config, key) = filled(from).await;
                let before = counts(&app.ctx().db).await;
                // Made while the instance runs.
                let file = app.database.dir.path().join("copy.tar.gz");
                let path = file.to_str().unwrap();
                assert!(good(kring(&config, &["backup", path])).contains("1 files"));
                refused(kring(&config, &["backup", path]), "is there already");
                refused(kring(&config, &["restore", path]), "holds data already");
                refused(kring(&config, &["restore", config.to_str().unwrap()]), "is not a backup");

                let target = Database::empty(to).await;
                let mut there =
                    Config::default_for("linde.localhost", app.address().port(), target.dir.path()).unwrap();
                there.database.url = ServiceUrl::new(&target.url);
                let there_file = written(&there, target.dir.path());
                assert!(good(kring(&there_file, &["restore", path])).contains("are back"));
                let db = Db::open(&target.url).await.unwrap();
                assert_eq!(counts(&db).await, before, "{from:?} to {to:?}");
                let ctx = kring::app::open(there.clone(), Clock::system()).await.unwrap();
                assert_eq!(ctx.media.read(&key).await.unwrap(), "a picture");
                let secret = |config: &Config| std::fs::read(&config.secrets.key_file).unwrap();
                assert_eq!(secret(&there), secret(&app.ctx().config));
                // Another organisation's backup is not taken.
                there.instance.domain = "elders.localhost:1".to_owned();
                let elsewhere = written(&there, target.dir.path());
                refused(kring(&elsewhere, &["restore", path]), "set instance.domain");
                app.stop().await;
            });
        }
    }
}

#[test]
fn a_whole_instance_moves_to_postgresql() {
    if databases().len() < 2 {
        return;
    }
    run(async {
        let (app, config, _) = filled(Kind::Sqlite).await;
        let before = counts(&app.ctx().db).await;
        let target = Database::empty(Kind::Postgres).await;
        let out = good(kring(&config, &["migrate-database", "--to", &target.url]));
        assert!(out.contains("counts and checksums are the same"), "{out}");
        let there = Db::open(&target.url).await.unwrap();
        assert_eq!(counts(&there).await, before);
        assert_eq!(counts(&app.ctx().db).await, before, "the source is as it was");
        refused(kring(&config, &["migrate-database", "--to", &target.url]), "give an empty database");
        refused(kring(&config, &["migrate-database", "--to", "sqlite:other.db"]), "postgres://");
        // The same instance goes on there: it reads the page that needs members, keys and posts.
        let mut config = (*app.ctx().config).clone();
        config.database.url = ServiceUrl::new(&target.url);
        app.stop().await;
        let moved = kring::app::App::start(config, Clock::system()).await.unwrap();
        assert_eq!(count(&moved.ctx.db, "SELECT count(*) AS n FROM posts").await, before[2]);
        moved.stop().await;
    });
}

#[test]
fn a_configuration_is_found_by_its_bare_name() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::default_for("linde.localhost", 3000, folder.path()).unwrap();
    written(&config, folder.path());
    let mut command = Command::new(env!("CARGO_BIN_EXE_kring"));
    command.current_dir(folder.path()).args(["--config", "kring.toml", "check"]);
    good(command.output().unwrap());
}

/// Everything here is known elsewhere by its address, so that another one is refused instead of mixed with it.
#[test]
fn another_domain_on_a_database_is_refused_and_says_which_it_was() {
    run(async {
        let app = TestApp::start(Kind::Sqlite).await;
        let config = written(&app.ctx().config, app.database.dir.path());
        let (origin, host) = (app.origin(), app.ctx().urls.host().to_owned());
        let _kept = app.stop().await;
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace(&format!("\"{host}\""), "\"elders.localhost\"")).unwrap();
        refused(kring(&config, &["serve"]), &format!("was made for {origin}"));
    });
}
