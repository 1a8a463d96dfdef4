use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{ACCEPT, HeaderMap, HeaderName, LOCATION};
use moka::future::Cache;
use url::Url;

use super::failure::Failure;
use super::flight::Flights;
use super::guard::{Cidr, Guard, GuardedResolver, Route};
use super::request::{Expect, Get, Post, PostOutcome, Response, retry_after};
use super::tls;
use crate::base::{Error, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(10);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_REDIRECTS: usize = 3;
/// How much of the answer to a delivery is kept for the log.
const BODY_START: usize = 512;

/// How the client behaves; the default reaches the public internet over https and nothing else.
#[derive(Clone, Debug)]
pub struct Options {
    /// Addresses that may be connected to although they are not public, on any port.
    pub allow_addresses: Vec<Cidr>,
    /// Names (or `*.name`) with a fixed address, which must lie in `allow_addresses`. Its port serves URLs that name
    /// no port.
    pub resolve: Vec<(String, SocketAddr)>,
    /// More certificate authorities to trust, PEM.
    pub extra_ca: Option<Vec<u8>>,
    /// Whether `http:` URLs may be fetched: tests and the demo.
    pub allow_http: bool,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How long a failure to fetch a document is remembered.
    pub remember_failures: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allow_addresses: Vec::new(),
            resolve: Vec::new(),
            extra_ca: None,
            allow_http: false,
            user_agent: concat!("Kring/", env!("CARGO_PKG_VERSION")).to_owned(),
            remember_failures: Duration::from_secs(60),
        }
    }
}

/// The one HTTP client. Cheap to clone; share one, for its connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    guard: Arc<Guard>,
    usual: reqwest::Client,
    listed_only: reqwest::Client,
    flights: Flights<Wish, Result<Arc<Response>, Failure>>,
    failed: Cache<Wish, Result<Arc<Response>, Failure>>,
}

/// A document as seen by someone: what callers must have in common to share an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wish {
    url: String,
    accept: String,
    expect: Expect,
    max_bytes: u64,
    identity: String,
}

impl Wish {
    fn of(get: &Get<'_>) -> Self {
        Self {
            url: get.url.as_str().to_owned(),
            accept: get.accept.to_owned(),
            expect: get.expect,
            max_bytes: get.max_bytes,
            identity: get.signer.map(|s| s.identity.to_owned()).unwrap_or_default(),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("guard", &self.inner.guard).finish_non_exhaustive()
    }
}

impl Client {
    /// A client with these options.
    ///
    /// # Errors
    /// `Internal` if a fixed address lies outside the allowed ones or `extra_ca` cannot be read.
    pub fn new(options: &Options) -> Result<Self> {
        let guard = Arc::new(Guard::new(options.allow_addresses.clone(), &options.resolve, options.allow_http)?);
        let tls = tls::client_config(options.extra_ca.as_deref())?;
        let build = |route| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Arc::new(GuardedResolver { guard: guard.clone(), route }))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .user_agent(&options.user_agent)
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .timeout(TOTAL_TIMEOUT)
                .pool_max_idle_per_host(4)
                .build()
                .map_err(Error::internal)
        };
        let inner = Inner {
            usual: build(Route::Usual)?,
            listed_only: build(Route::ListedOnly)?,
            guard,
            flights: Flights::new(),
            failed: Cache::builder().max_capacity(10_000).time_to_live(options.remember_failures).build(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Fetches a document, following at most three redirects; each hop is vetted and signed anew. An answer of any
    /// status is Ok.
    ///
    /// # Errors
    /// `RemoteFailed` for anything that kept an answer from us, or makes a 2xx answer useless: refused address, timeout,
    /// too large, wrong type.
    pub async fn get(&self, get: Get<'_>) -> Result<Response> {
        Ok(self.fetch(&get).await?)
    }

    /// As [`Client::get`], but callers who want the same at the same time share one request, and a failure (no answer, or
    /// a status of 400 and up) is remembered for a minute.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_document(&self, get: Get<'_>) -> Result<Arc<Response>> {
        let wish = Wish::of(&get);
        if let Some(failed) = self.inner.failed.get(&wish).await {
            return Ok(failed?);
        }
        let work = || async {
            let outcome = self.fetch(&get).await.map(Arc::new);
            if outcome.as_ref().map_or(true, |response| response.status >= 400) {
                self.inner.failed.insert(wish.clone(), outcome.clone()).await;
            }
            outcome
        };
        Ok(self.inner.flights.run(wish.clone(), work).await?)
    }

    /// Forgets that fetching this URL failed, for instance because its host just talked to us.
    pub async fn forget_failure(&self, get: &Get<'_>) {
        self.inner.failed.invalidate(&Wish::of(get)).await;
    }

    /// Sends a document; never follows a redirect. An answer of any status is Ok.
    ///
    /// # Errors
    /// `RemoteFailed` if there was no answer.
    pub async fn post(&self, post: Post<'_>) -> Result<PostOutcome> {
        let host = post.url.host_str().unwrap_or_default();
        let client = self.client_for(post.url)?;
        let request = client.post(post.url.clone()).headers(post.headers).body(post.body);
        let response = request.send().await.map_err(|e| Failure::from_reqwest(host, &e))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        // The status is the answer; a body that breaks off does not change it.
        let body = read_start(response).await;
        Ok(PostOutcome {
            status,
            retry_after: retry_after(&headers),
            accept_signature: headers.contains_key(HeaderName::from_static("accept-signature")),
            body_start: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// Sends a question and reads what is answered; never follows a redirect. An answer of any status is Ok.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn ask(&self, post: Post<'_>, expect: Expect, max_bytes: u64) -> Result<Response> {
        let host = post.url.host_str().unwrap_or_default();
        let client = self.client_for(post.url)?;
        let request = client.post(post.url.clone()).headers(post.headers).body(post.body);
        let response = request.send().await.map_err(|e| Failure::from_reqwest(host, &e))?;
        Ok(read(expect, max_bytes, post.url.clone(), response).await?)
    }

    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, Failure> {
        Ok(match self.inner.guard.check(url)? {
            Route::Usual => &self.inner.usual,
            Route::ListedOnly => &self.inner.listed_only,
        })
    }

    async fn fetch(&self, get: &Get<'_>) -> Result<Response, Failure> {
        let host = get.url.host_str().unwrap_or_default();
        let hops = tokio::time::timeout(TOTAL_TIMEOUT, self.follow(get)).await;
        hops.unwrap_or_else(|_| Err(Failure::passing(host, "timed out")))
    }

    async fn follow(&self, get: &Get<'_>) -> Result<Response, Failure> {
        let mut url = get.url.clone();
        url.set_fragment(None);
        for _ in 0..=MAX_REDIRECTS {
            let host = url.host_str().unwrap_or_default().to_owned();
            let response = self.send(get, &url).await?;
            let Some(location) = redirect_target(&response) else {
                return read(get.expect, get.max_bytes, url, response).await;
            };
            let next = url.join(&location).map_err(|_| Failure::lasting(&host, "redirect to no URL"))?;
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(Failure::lasting(&host, "redirect away from https"));
            }
            url = next;
            url.set_fragment(None);
        }
        let host = get.url.host_str().unwrap_or_default();
        Err(Failure::lasting(host, format!("more than {MAX_REDIRECTS} redirects")))
    }

    async fn send(&self, get: &Get<'_>, url: &Url) -> Result<reqwest::Response, Failure> {
        let host = url.host_str().unwrap_or_default();
        let client = self.client_for(url)?;
        let mut headers = if url.origin() == get.url.origin() { get.headers.clone() } else { HeaderMap::new() };
        if let Some(signer) = &get.signer {
            let signed = (signer.sign)(url).map_err(|e| Failure::lasting(host, format!("could not sign: {e}")))?;
            headers.extend(signed);
        }
        let request = client.get(url.clone()).header(ACCEPT, get.accept).headers(headers);
        request.send().await.map_err(|e| Failure::from_reqwest(host, &e))
    }
}

/// Where a redirect points, if this is one.
fn redirect_target(response: &reqwest::Response) -> Option<String> {
    let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| redirects)?;
    location.to_str().ok().map(str::to_owned)
}

/// Checks the type and reads the body up to the limit.
async fn read(
    expect: Expect,
    max_bytes: u64,
    final_url: Url,
    response: reqwest::Response,
) -> Result<Response, Failure> {
    let host = final_url.host_str().unwrap_or_default();
    let (status, headers) = (response.status(), response.headers().clone());
    if status.is_success() {
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !expect.accepts(content_type) {
            return Err(Failure::lasting(host, format!("unexpected type '{content_type}'")));
        }
    }
    let too_large = || Failure::lasting(host, format!("larger than {max_bytes} bytes"));
    if response.content_length().is_some_and(|n| n > max_bytes) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|e| Failure::from_reqwest(host, &e))?;
        // Counted after decompression: a small answer cannot unfold into a large one.
        if (body.len() + chunk.len()) as u64 > max_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response { status: status.as_u16(), headers, body: body.freeze(), final_url })
}

/// The first bytes of a body.
async fn read_start(response: reqwest::Response) -> Bytes {
    let mut body = BytesMut::new();
    let mut chunks = response.bytes_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        let room = BODY_START - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == BODY_START {
            break;
        }
    }
    body.freeze()
}
