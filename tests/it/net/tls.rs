use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use kring::base::Error;
use kring::net::{Client, Get, Options};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::fixtures::fixture;

/// A server with the certificate of `peer.test` and `*.peer.test`, by the test authority.
fn serve_tls() -> SocketAddr {
    let certificates = CertificateDer::pem_file_iter(fixture("tls/server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(fixture("tls/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let mut tls = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
            // A client that does not trust us breaks off here.
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nsafe");
                tls.send_close_notify();
                let _ = tls.complete_io(&mut tcp);
            }
        }
    });
    address
}

fn options(address: SocketAddr) -> Options {
    Options { extra_ca: Some(std::fs::read(fixture("tls/ca.pem")).unwrap()), ..super::options(address) }
}

#[tokio::test]
async fn https_is_trusted_by_the_extra_authority_only() {
    let address = serve_tls();
    let trusting = Client::new(&options(address)).unwrap();
    let url = "https://peer.test/".parse().unwrap();
    assert_eq!(trusting.get(Get::new(&url)).await.unwrap().body, "safe");
    let plain = Client::new(&Options { extra_ca: None, ..options(address) }).unwrap();
    let error = plain.get(Get::new(&url)).await.unwrap_err();
    let Error::RemoteFailed { detail, .. } = &error else { panic!("{error}") };
    assert!(detail.to_lowercase().contains("certificate"), "{detail}");
    // The name in the certificate counts, not the address.
    let other = format!("https://other.localhost:{}/", address.port()).parse().unwrap();
    assert!(trusting.get(Get::new(&other)).await.is_err());
}
