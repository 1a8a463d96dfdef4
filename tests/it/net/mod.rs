//! Outgoing HTTP: INTEROP A.7, A.9 (6–8), A.10, checklist 37, 41–43, 58.

mod guard;
mod requests;
mod tls;

use std::net::SocketAddr;

use axum::Router;
use kring::base::Error;
use kring::net::{Client, Options};

/// Starts a server on a free port of 127.0.0.1 that lives as long as the test's runtime.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A client that may reach this machine by http; `peer.test` and all names below it are `address`.
pub fn client(address: SocketAddr) -> Client {
    Client::new(&options(address)).unwrap()
}

pub fn options(address: SocketAddr) -> Options {
    Options {
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        resolve: vec![("peer.test".into(), address), ("*.peer.test".into(), address)],
        allow_http: true,
        ..Options::default()
    }
}

/// Whether it failed for good because the address was refused.
pub fn refused(error: &Error) -> bool {
    matches!(error, Error::RemoteFailed { retryable: false, detail, .. } if detail.contains("address refused"))
}
