use thiserror::Error as ThisError;

/// A result whose error says what the caller can do.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong below the doors, named for what the caller can do about it.
/// Each door (web, api, federation) has one renderer for it.
#[derive(Debug, ThisError)]
pub enum Error {
    /// It does not exist, or the viewer may not know that it exists.
    #[error("not found")]
    NotFound,
    /// It existed and was deleted.
    #[error("gone")]
    Gone,
    /// Signing in would help.
    #[error("sign-in needed")]
    SignInNeeded,
    /// The viewer may know of it, but not do this. The reason is an i18n key.
    #[error("forbidden: {reason}")]
    Forbidden {
        /// i18n key that tells why.
        reason: &'static str,
    },
    /// What was sent cannot be used; one entry for each field.
    #[error("invalid: {fields:?}")]
    Invalid {
        /// What is wrong, per field.
        fields: Vec<FieldError>,
    },
    /// It clashes with what is there now. The reason is an i18n key.
    #[error("conflict: {reason}")]
    Conflict {
        /// i18n key that tells why.
        reason: &'static str,
    },
    /// More bytes than allowed.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Too many tries.
    #[error("rate limited, retry after {retry_after} s")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Another server failed us.
    #[error("{host}: {detail}")]
    RemoteFailed {
        /// Which server.
        host: String,
        /// Whether trying later may help.
        retryable: bool,
        /// What happened, for the log.
        detail: String,
    },
    /// A signature or token is present but wrong.
    #[error("not authentic: {0}")]
    NotAuthentic(String),
    /// We cannot serve this now (database busy, shutting down).
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Our own fault.
    #[error("internal: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Nothing that was asked is at fault when the index of search cannot answer.
impl From<kring_index::Error> for Error {
    fn from(error: kring_index::Error) -> Self {
        Self::internal(error)
    }
}

/// One field that cannot be used as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The name of the form field.
    pub field: &'static str,
    /// i18n key of the message.
    pub code: &'static str,
}

impl Error {
    /// One field is wrong.
    pub fn invalid(field: &'static str, code: &'static str) -> Self {
        Self::Invalid { fields: vec![FieldError { field, code }] }
    }

    /// A fault of ours, from any error or text.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Not allowed, for the reason with this i18n key.
    pub fn forbidden(reason: &'static str) -> Self {
        Self::Forbidden { reason }
    }

    /// The HTTP status: the only mapping there is.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Gone => 410,
            Self::SignInNeeded | Self::NotAuthentic(_) => 401,
            Self::Forbidden { .. } => 403,
            Self::Invalid { .. } => 422,
            Self::Conflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::RateLimited { .. } => 429,
            Self::RemoteFailed { .. } => 502,
            Self::Unavailable(_) => 503,
            Self::Internal(_) => 500,
        }
    }
}
