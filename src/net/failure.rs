use crate::base::Error;

/// Why a request failed. `base::Error` cannot be cloned; this can, so that one failure answers many who waited for it.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub host: String,
    pub retryable: bool,
    pub detail: String,
}

impl Failure {
    /// It would fail again.
    pub fn lasting(host: &str, detail: impl Into<String>) -> Self {
        Self { host: host.to_owned(), retryable: false, detail: detail.into() }
    }

    /// It may go better later.
    pub fn passing(host: &str, detail: impl Into<String>) -> Self {
        Self { host: host.to_owned(), retryable: true, detail: detail.into() }
    }

    /// Reads what the HTTP library says, down to the cause.
    pub fn from_reqwest(host: &str, error: &reqwest::Error) -> Self {
        let mut detail = String::new();
        let mut refused = error.is_builder();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            // The library's own message repeats the whole URL, query and all; the causes below it say what happened.
            if error.downcast_ref::<reqwest::Error>().is_none() {
                if !detail.is_empty() {
                    detail.push_str(": ");
                }
                detail.push_str(&error.to_string());
            }
            refused |= error.downcast_ref::<super::guard::Refused>().is_some();
            cause = error.source();
        }
        if error.is_timeout() {
            detail.insert_str(0, "timed out ");
        }
        if detail.is_empty() {
            detail.push_str("request failed");
        }
        Self { host: host.to_owned(), retryable: !refused, detail }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::RemoteFailed { host: failure.host, retryable: failure.retryable, detail: failure.detail }
    }
}
