//! Who is asking: from a signature to a viewer.

use std::sync::Arc;

use http::HeaderMap;

use super::super::fetch::{KeyTrouble, PeerKey};
use super::super::sign::{self, Incoming, SignError};
use super::super::state::Federation;
use crate::domain::Viewer;

/// Why a signed request is not believed, and what to answer.
#[derive(Debug, thiserror::Error)]
pub(in crate::federation) enum Refused {
    /// There is no signature.
    #[error("unsigned")]
    Unsigned,
    /// It cannot be read: 400.
    #[error("{0}")]
    Malformed(String),
    /// It was read and does not hold: 401.
    #[error("{0}")]
    Bad(String),
    /// Its host is not welcome: 403.
    #[error("its host is not welcome")]
    Unwelcome,
    /// Its key's owner is gone: 401, unless the owner says just that.
    #[error("the key's owner is gone")]
    Gone,
    /// Its key could not be fetched: 503.
    #[error("{0}")]
    Unreachable(String),
}

impl Refused {
    /// The status to answer (INTEROP A.4.5).
    pub fn status(&self) -> u16 {
        match self {
            Self::Unsigned | Self::Bad(_) | Self::Gone => 401,
            Self::Malformed(_) => 400,
            Self::Unwelcome => 403,
            Self::Unreachable(_) => 503,
        }
    }
}

impl From<SignError> for Refused {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Missing => Self::Unsigned,
            SignError::Malformed(_) => Self::Malformed(error.to_string()),
            SignError::Bad(_) => Self::Bad(error.to_string()),
        }
    }
}

impl From<KeyTrouble> for Refused {
    fn from(trouble: KeyTrouble) -> Self {
        match trouble {
            KeyTrouble::Unwelcome => Self::Unwelcome,
            KeyTrouble::Gone => Self::Gone,
            KeyTrouble::Unreachable(why) => Self::Unreachable(why),
            KeyTrouble::Unusable(why) => Self::Bad(why),
        }
    }
}

/// A request as the signature must cover it.
#[derive(Clone, Copy)]
pub(in crate::federation) struct Asked<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// As on the wire, with the query.
    pub path_and_query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body; empty if there is none.
    pub body: &'a [u8],
}

impl Federation {
    /// Who signed a request. A key that no longer fits is fetched once more: peers replace keys without a word.
    pub(in crate::federation) async fn signer(&self, asked: Asked<'_>) -> Result<Arc<PeerKey>, Refused> {
        let request = Incoming {
            method: asked.method,
            path_and_query: asked.path_and_query,
            // The names the world knows us by, whatever a proxy made of them.
            host: self.ctx.urls.host(),
            scheme: self.ctx.config.instance.scheme.as_str(),
            headers: asked.headers,
            body: asked.body,
        };
        let now = self.ctx.now();
        let parsed = sign::parse(&request)?;
        sign::check(&parsed, &request, now)?;
        let known = self.peer_key(&parsed.key_id, false).await?;
        // Verifying takes 20 µs, less than handing it to another thread.
        match sign::verify(&parsed, &request, &known.key, now) {
            Ok(()) => Ok(known),
            Err(first) => {
                let renewed = match self.peer_key(&parsed.key_id, true).await {
                    Ok(renewed) => renewed,
                    Err(KeyTrouble::Unusable(_)) => return Err(first.into()),
                    Err(other) => return Err(other.into()),
                };
                sign::verify(&parsed, &request, &renewed.key, now)?;
                Ok(renewed)
            }
        }
    }

    /// Who reads: nobody in particular, or the server whose actor signed.
    ///
    /// # Errors
    /// Whatever is wrong with a signature that is there.
    pub(in crate::federation) async fn viewer(&self, asked: Asked<'_>) -> Result<Viewer, Refused> {
        match self.signer(asked).await {
            Ok(key) => Ok(Viewer::Peer { host: key.actor.host_id, signer: key.actor.id }),
            Err(Refused::Unsigned) => Ok(Viewer::Anonymous),
            Err(refused) => Err(refused),
        }
    }
}
