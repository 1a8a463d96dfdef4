use std::net::IpAddr;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use kring::net::{Cidr, Client, Get, Options, Post, is_public};
use url::Url;

use super::{client, options, refused, serve};

/// Addresses that nobody outside may lead us to.
const CLOSED: &[&str] = &[
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

const OPEN: &[&str] = &[
    "1.1.1.1",
    "100.63.0.1",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.254",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450::1",
];

fn url(ip: &str) -> Url {
    let ip = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
    format!("https://{ip}/actor").parse().unwrap()
}

#[tokio::test]
async fn d41_special_addresses_are_refused() {
    let client = Client::new(&Options::default()).unwrap();
    for ip in CLOSED {
        assert!(!is_public(ip.parse().unwrap()), "{ip}");
        let error = client.get(Get::new(&url(ip))).await.unwrap_err();
        assert!(refused(&error), "{ip}: {error}");
        let post = Post { url: &url(ip), headers: Default::default(), body: Default::default() };
        assert!(refused(&client.post(post).await.unwrap_err()), "{ip}");
    }
    for ip in OPEN {
        assert!(is_public(ip.parse().unwrap()), "{ip}");
    }
}

#[tokio::test]
async fn d41_other_spellings_of_loopback_are_refused() {
    let client = Client::new(&Options::default()).unwrap();
    for text in [
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::ffff:7f00:1]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://①②⑦.0.0.1/",
    ] {
        let error = client.get(Get::new(&text.parse().unwrap())).await.unwrap_err();
        assert!(refused(&error), "{text}: {error}");
    }
}

#[tokio::test]
async fn d41_redirects_to_closed_addresses_are_refused() {
    let to = |target: &'static str| get(move || async move { Redirect::temporary(target) });
    let router = Router::new()
        .route("/metadata", to("https://169.254.169.254/latest/meta-data"))
        .route("/loopback6", to("https://[::1]/"))
        .route("/file", to("file:///etc/passwd"))
        .route("/user", to("http://a:b@peer.test/"))
        .route("/gopher", to("gopher://peer.test/"));
    let client = client(serve(router).await);
    for path in ["metadata", "loopback6", "file", "user", "gopher"] {
        let url = format!("http://peer.test/{path}").parse().unwrap();
        let error = client.get(Get::new(&url)).await.unwrap_err();
        assert!(refused(&error), "{path}: {error}");
    }
}

#[tokio::test]
async fn schemes_ports_and_user_names_are_checked() {
    let address = serve(Router::new().route("/", get(|| async { "here" }))).await;
    let get_text = async |client: &Client, text: &str| client.get(Get::new(&text.parse().unwrap())).await;
    let open = client(address);
    assert_eq!(get_text(&open, &format!("http://{address}/")).await.unwrap().body, "here");
    assert_eq!(get_text(&open, "http://peer.test/").await.unwrap().body, "here", "the port of the resolve table");
    assert_eq!(get_text(&open, &format!("http://a.b.peer.test:{}/", address.port())).await.unwrap().body, "here");
    assert_eq!(get_text(&open, &format!("http://x.localhost:{}/", address.port())).await.unwrap().body, "here");
    for bad in ["ftp://peer.test/", "http://user@peer.test/", "https://:pw@peer.test/", "http://1.1.1.1:8080/"] {
        assert!(refused(&get_text(&open, bad).await.unwrap_err()), "{bad}");
    }
    let https_only = Client::new(&Options { allow_http: false, ..options(address) }).unwrap();
    assert!(refused(&get_text(&https_only, "http://peer.test/").await.unwrap_err()));
    // An unusual port of a name needs a listed address, whatever the name resolves to.
    let unlisted = Client::new(&Options { allow_http: true, ..Options::default() }).unwrap();
    assert!(refused(&get_text(&unlisted, "http://localhost:3000/").await.unwrap_err()));
}

#[test]
fn the_resolve_table_stays_inside_the_allow_list() {
    let outside =
        Options { resolve: vec![("peer.test".into(), "10.0.0.1:443".parse().unwrap())], ..Options::default() };
    assert!(Client::new(&outside).is_err());
    let broken_ca = Options { extra_ca: Some(b"no certificate".to_vec()), ..Options::default() };
    assert!(Client::new(&broken_ca).is_err());
}

#[test]
fn ranges_parse_and_contain() {
    let cases = [
        ("10.0.0.0/8", "10.9.8.7", "11.0.0.1"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("0.0.0.0/0", "255.1.2.3", "::1"),
        ("::1/128", "::1", "::2"),
        ("fd00::/8", "fdff::1", "fc00::1"),
        ("127.0.0.0/8", "127.255.0.1", "::ffff:127.0.0.1"),
        ("::/0", "ffff::", "1.2.3.4"),
    ];
    for (range, inside, outside) in cases {
        let range: Cidr = range.parse().unwrap();
        assert!(range.contains(inside.parse::<IpAddr>().unwrap()), "{range} {inside}");
        assert!(!range.contains(outside.parse::<IpAddr>().unwrap()), "{range} {outside}");
    }
    for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "host"] {
        assert!(bad.parse::<Cidr>().is_err(), "{bad}");
    }
}
