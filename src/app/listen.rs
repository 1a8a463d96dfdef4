//! Taking connections. HTTP/1.1, with upgrades to WebSocket: what reverse proxies speak to the server behind them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tower::Service as _;

use crate::base::{Error, Result};

/// How long a client may take over the head of a request, and be silent between two. Longer than reverse proxies keep idle
/// connections, so that it is they who close them.
const HEAD_TIME: Duration = Duration::from_secs(75);
/// How long to wait when the system has no more room for connections.
const NO_ROOM: Duration = Duration::from_secs(1);

/// Listens on the address that `key` of the configuration gives.
pub(super) async fn listen(address: SocketAddr, key: &str) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| Error::Unavailable(format!("{key}: cannot listen on {address}: {error}")))
}

/// Answers requests until the instance stops; then lets those that run finish.
pub(super) fn serve(listener: TcpListener, router: Router, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Each connection keeps a sender; nobody sends.
        let (running, mut ended) = mpsc::channel::<Infallible>(1);
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let answering = answer(stream, peer, router.clone(), stopped.clone());
                        let running = running.clone();
                        tokio::spawn(async move {
                            answering.await;
                            drop(running);
                        });
                    }
                    // The client went before it was let in: no reason to keep others waiting.
                    Err(error) if is_of_client(&error) => {}
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(NO_ROOM).await;
                    }
                },
                () = stop(stopped.clone()) => break,
            }
        }
        drop((listener, running));
        ended.recv().await;
    })
}

fn is_of_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn stop(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a reason to stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn answer(stream: TcpStream, peer: SocketAddr, router: Router, stopped: watch::Receiver<bool>) {
    // What is written is whole: waiting for more to send with it only makes live updates late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, %peer, "TCP_NODELAY");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request.map(Body::new))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop(stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended");
    }
}
