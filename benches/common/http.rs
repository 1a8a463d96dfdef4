//! A client that does as little as can be: what is measured is the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection that is kept.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One request, written out.
#[derive(Clone)]
pub struct Request(String);

impl Request {
    /// A reading; `headers` are whole lines.
    pub fn get(path: &str, headers: &[String]) -> Self {
        Self::with("GET", path, headers, "")
    }

    /// Any request.
    pub fn with(method: &str, path: &str, headers: &[String], body: &str) -> Self {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bench.localhost\r\n");
        for line in headers {
            text.push_str(line);
            text.push_str("\r\n");
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        Self(format!("{text}\r\n{body}"))
    }
}

impl Connection {
    /// Connects to a port of this machine.
    pub async fn open(port: u16) -> Self {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, buffer: Vec::with_capacity(256 * 1024) }
    }

    /// Sends a request and reads the answer to its end; returns the body. Fails unless it is 200.
    pub async fn ask(&mut self, request: &Request) -> &[u8] {
        self.stream.write_all(request.0.as_bytes()).await.expect("to send");
        self.buffer.clear();
        let (mut head, mut length) = (0, Some(0));
        // What is compressed on the way comes in pieces, the last of them empty.
        let whole = |buffer: &[u8], head: usize, length: Option<usize>| match length {
            Some(length) => buffer.len() >= head + length,
            None => buffer.ends_with(b"\r\n0\r\n\r\n"),
        };
        while head == 0 || !whole(&self.buffer, head, length) {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("to read");
            assert!(read > 0, "the connection ended");
            if head == 0
                && let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n")
            {
                head = end + 4;
                let text = std::str::from_utf8(&self.buffer[..end]).expect("a head");
                assert!(text.starts_with("HTTP/1.1 200"), "{}: {}", request.0.lines().next().unwrap_or_default(), text);
                length = text.lines().find_map(length_of);
            }
        }
        &self.buffer[head..]
    }

    /// Begins a stream of events: returns once it is there.
    pub async fn begin(&mut self, request: &Request) {
        self.stream.write_all(request.0.as_bytes()).await.expect("to send");
        self.hear("\r\n\r\n").await;
        let head = String::from_utf8_lossy(&self.buffer).into_owned();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        self.buffer = Vec::new();
    }

    /// Reads until this was said.
    pub async fn hear(&mut self, word: &str) {
        let mut piece = [0; 4096];
        while !self.buffer.windows(word.len()).any(|found| found == word.as_bytes()) {
            let read = self.stream.read(&mut piece).await.expect("to read");
            assert!(read > 0, "the stream ended");
            self.buffer.extend_from_slice(&piece[..read]);
        }
    }
}

fn length_of(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
}

/// What a load came to.
pub struct Load {
    /// Answers per second.
    pub per_second: f64,
    /// Milliseconds.
    pub median: f64,
    /// Milliseconds.
    pub p99: f64,
}

/// So many connections for some seconds, each with one of the requests.
pub async fn load(port: u16, requests: &[Request], connections: usize, seconds: f64) -> Load {
    let begun = Instant::now();
    let end = begun + Duration::from_secs_f64(seconds);
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            let request = requests[number % requests.len()].clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(port).await;
                let mut times = Vec::new();
                while Instant::now() < end {
                    let start = Instant::now();
                    connection.ask(&request).await;
                    times.push(start.elapsed());
                }
                times
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("a task"));
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    let per_second = all.len() as f64 / begun.elapsed().as_secs_f64();
    Load { per_second, median: super::at(&mut all, 0.5), p99: super::at(&mut all, 0.99) }
}
