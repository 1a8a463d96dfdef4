use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use kring::config::{Cidr, Config, ConfigError, FederationMode, LogFormat, Registration, Scheme, ServiceUrl};

fn load(toml: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kring.toml");
    fs::write(&file, toml).unwrap();
    let variables = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::load_with(Some(&file), variables).map_err(|error: ConfigError| error.to_string())
}

fn fails(toml: &str) -> String {
    load(toml, &[]).expect_err(toml)
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml")
}

/// `section.key` of every key; optional ones are null.
fn keys(config: &Config) -> Vec<String> {
    let serde_json::Value::Object(sections) = serde_json::to_value(config).unwrap() else { panic!() };
    let mut out = Vec::new();
    for (section, keys) in sections {
        out.extend(keys.as_object().unwrap().keys().map(|key| format!("{section}.{key}")));
    }
    out
}

#[test]
fn the_example_names_every_key_and_holds_the_defaults() {
    let text = fs::read_to_string(example()).unwrap();
    let loaded = Config::load_with(Some(&example()), Vec::new()).unwrap();
    let defaults = Config::load_with(None, Vec::new()).unwrap();
    assert_eq!(loaded, defaults, "the tests run in the folder of the example");
    let (mut section, mut named, mut complete) = (String::new(), Vec::new(), String::new());
    for line in text.lines() {
        let bare = line.strip_prefix("# ").filter(|rest| {
            rest.split_once(" = ").is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        });
        let line = bare.unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            named.push(format!("{section}.{key}"));
        }
        complete.push_str(line);
        complete.push('\n');
    }
    assert_eq!(named, keys(&defaults), "in the order of the structs");
    // With the optional keys uncommented it is still right.
    load(&complete, &[]).unwrap();
}

#[test]
fn a_setting_that_does_nothing_yet_is_refused() {
    let error = fails("[database]\nread_url = \"postgres://kring@replica.example/kring\"");
    assert!(error.contains("database.read_url") && error.contains("not read from yet"), "{error}");
}

#[test]
fn without_a_file_the_defaults_hold() {
    let config = Config::load_with(None, Vec::new()).unwrap();
    assert_eq!((config.instance.domain.as_str(), config.instance.scheme), ("localhost:3000", Scheme::Http));
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:3000");
    // The link to the first page must lead to where it listens.
    let elsewhere = load("[server]\nlisten = \"127.0.0.1:4390\"", &[]).unwrap();
    assert_eq!(elsewhere.instance.domain, "localhost:4390");
    let here = std::env::current_dir().unwrap();
    assert_eq!(config.database.url.as_str(), format!("sqlite:{}", here.join("data/kring.db").display()));
    assert_eq!(config.media.folder(), here.join("data/media"));
    assert_eq!(config.secrets.key_file, here.join("data/secret.key"));
    assert_eq!(config.mail.from, "kring@localhost");
    assert_eq!(config.instance.timezone, "Europe/Amsterdam");
    assert_eq!(config.federation.mode, FederationMode::Open);
}

#[test]
fn files_and_environment_are_read() {
    let toml = r#"
        [instance]
        domain = "Kring.Example"
        registration = "request"
        [database]
        url = "sqlite:x/../kring.db"
        [federation]
        resolve = { "Peer.Test" = "127.0.0.1:4001" }
        [limits]
        max_post_chars = 500
    "#;
    let config = load(
        toml,
        &[
            ("KRING__SERVER__LISTEN", "0.0.0.0:80"),
            ("KRING__LIMITS__MAX_POST_CHARS", "700"),
            ("KRING__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("KRING__FEDERATION__ALLOW_ADDRESSES", "[\"127.0.0.0/8\"]"),
            ("KRING__FEDERATION__RESOLVE", "*.a.test=127.0.0.1:1, b.test=[::1]:2"),
            ("KRING__LOG__FORMAT", "json"),
            ("KRING_CONFIG", "/nowhere.toml"),
            ("OTHER__SERVER__LISTEN", "x"),
        ],
    )
    .unwrap();
    assert_eq!((config.instance.domain.as_str(), config.instance.scheme), ("kring.example", Scheme::Https));
    assert_eq!(config.instance.registration, Registration::Request);
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.limits.max_post_chars, 700);
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.federation.allow_addresses, ["127.0.0.0/8".parse::<Cidr>().unwrap()]);
    let resolve: Vec<_> = config.federation.resolve.iter().map(|(name, address)| format!("{name} {address}")).collect();
    assert!(resolve.contains(&"*.a.test 127.0.0.1:1".into()) && resolve.contains(&"b.test [::1]:2".into()));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.mail.from, "kring@kring.example");
    assert!(config.database.url.as_str().starts_with("sqlite:/"));
}

#[test]
fn the_environment_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.toml");
    fs::write(&file, "[media]\nurl = \"file:m\"").unwrap();
    let variables = vec![("KRING_CONFIG".to_owned(), file.display().to_string())];
    assert_eq!(Config::load_with(None, variables).unwrap().media.folder(), dir.path().join("m"));
}

#[test]
fn mistakes_are_explained() {
    for (toml, want) in [
        ("[instance]\nregistration = \"maybe\"", "instance.registration is \"maybe\"; allowed: invite, request, open"),
        ("[server]\nlisen = \"x\"", "unknown key server.lisen; did you mean listen?"),
        ("[sever]\n", "unknown section sever; did you mean server?"),
        ("[secrets]\ncolour = 1", "unknown key secrets.colour; known: key_file"),
        (
            "[server]\nlisten = \"localhost\"",
            "server.listen is \"localhost\"; allowed: ADDRESS:PORT such as 127.0.0.1:3000",
        ),
        ("[server]\nlisten = 3000", "server.listen is 3000; allowed: a text, in quotes"),
        (
            "[limits]\nmax_post_chars = \"many\"",
            "limits.max_post_chars is \"many\"; allowed: a whole number, 0 or more",
        ),
        ("[limits]\nmax_post_chars = -1", "limits.max_post_chars is -1; allowed: a whole number, 0 or more"),
        ("[limits]\nsession_days = 0", "limits.session_days is 0; allowed: 1 to 3650"),
        ("[limits]\nmax_post_chars = 9", "limits.max_post_chars is 9; allowed: 100 to 200000"),
        (
            "[instance]\ntimezone = \"Europe/Amsterdm\"",
            "instance.timezone is \"Europe/Amsterdm\"; allowed: a name of the IANA list such as Europe/Amsterdam",
        ),
        (
            "[instance]\ndomain = \"https://kring.example/\"",
            "instance.domain is \"https://kring.example/\"; allowed: a host name such as kring.example, or one with a port; no https:// and no slash",
        ),
        (
            "[instance]\ndomain = \"kring.example\"\nscheme = \"http\"",
            "instance.scheme is \"http\"; allowed: https (http is for localhost, *.localhost, 127.0.0.1 and ::1 only)",
        ),
        (
            "[instance]\nlanguage = \"Nederlands\"",
            "instance.language is \"Nederlands\"; allowed: a language code such as nl or en",
        ),
        (
            "[database]\nurl = \"mysql://a:geheim@b/c\"",
            "database.url is \"mysql://a:***@b/c\"; allowed: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
        ),
        (
            "[media]\nurl = \"s3://bucket/x\"",
            "media.url is \"s3://bucket/x\"; allowed: file:PATH (this version keeps files in a folder only; S3 is not there yet)",
        ),
        ("[mail]\nurl = \"on\"", "mail.url is \"on\"; allowed: smtp://…, smtps://…, file:FOLDER or off"),
        (
            "[log]\nlevel = \"inof\"",
            "log.level is \"inof\"; allowed: off, error, warn, info, debug, trace, or per part: info,kring::jobs=debug",
        ),
    ] {
        assert_eq!(fails(toml), want);
    }
    assert!(
        fails("[federation]\nallow_addresses = [\"10.0.0.0/33\"]").contains("'10.0.0.0/33' is no network; allowed:")
    );
    let syntax = fails("[server]\nlisten = ");
    assert!(syntax.contains("line 2") && !syntax.contains('\n'), "{syntax}");
    let missing = Config::load_with(Some(Path::new("/nowhere/kring.toml")), Vec::new()).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read /nowhere/kring.toml: "), "{missing}");
    let env = load("", &[("KRING__SERVER__LISEN", "x")]).unwrap_err();
    assert_eq!(env, "unknown key server.lisen; did you mean listen?");
}

#[test]
fn http_is_for_loopback() {
    for domain in ["localhost", "linde.localhost:3000", "127.0.0.1:3000", "[::1]:3000", "::1"] {
        assert_eq!(load(&format!("[instance]\ndomain = \"{domain}\""), &[]).unwrap().instance.scheme, Scheme::Http);
    }
    for domain in ["kring.example", "localhost.example", "10.0.0.1", "kring.example:8443"] {
        assert_eq!(load(&format!("[instance]\ndomain = \"{domain}\""), &[]).unwrap().instance.scheme, Scheme::Https);
    }
    for domain in ["", "a b", "a/b", "a:", "a:0", "a:99999", "-a.example", "a..b", "café.example"] {
        fails(&format!("[instance]\ndomain = \"{domain}\""));
    }
}

#[test]
fn a_demo_keeps_all_in_its_folder_and_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::default_for("linde.localhost", 3000, dir.path()).unwrap();
    assert_eq!(config.instance.domain, "linde.localhost:3000");
    assert_eq!(config.media.folder(), dir.path().join("media"));
    assert_eq!(config.mail.url.after("file:"), Some(dir.path().join("mail").to_str().unwrap()));
    assert_eq!(config.mail.from, "kring@linde.localhost");
    assert!(config.federation.allow_addresses.iter().any(|net| net.contains("127.0.0.1".parse().unwrap())));
    assert_eq!(load(&config.to_toml().unwrap(), &[]).unwrap(), config);
}

#[test]
fn networks_contain_addresses() {
    let within = |net: &str, ip: &str| net.parse::<Cidr>().unwrap().contains(ip.parse::<IpAddr>().unwrap());
    assert!(within("10.0.0.0/8", "10.255.0.1") && !within("10.0.0.0/8", "11.0.0.1"));
    assert!(within("0.0.0.0/0", "8.8.8.8") && !within("0.0.0.0/0", "::1"));
    assert!(within("127.0.0.1", "127.0.0.1") && !within("127.0.0.1", "127.0.0.2"));
    assert!(within("127.0.0.0/8", "::ffff:127.0.0.1"));
    assert!(within("fd00::/8", "fd12::1") && !within("fd00::/8", "fe80::1") && within("::/0", "::1"));
    for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "a/8", "10.0.0.0/-1"] {
        bad.parse::<Cidr>().expect_err(bad);
    }
}

#[test]
fn passwords_stay_hidden() {
    let shown = |url: &str| format!("{0} {0:?}", ServiceUrl::new(url));
    assert_eq!(shown("off"), "off \"off\"");
    for url in
        ["postgres://kring:ge@he/im@db/kring", "smtp://u:geheim@h:587?tls=required", "postgres://db/k?password=geheim"]
    {
        let shown = shown(url);
        assert!(!shown.contains("heim") && !shown.contains("he/im"), "{shown}");
    }
    let config = load("[mail]\nurl = \"smtps://u:geheim@h\"", &[]).unwrap();
    assert!(!format!("{config:?}").contains("geheim"));
}
