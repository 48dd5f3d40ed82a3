//! What an HTTP status means for a request to the service: the one place where statuses are told apart.

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusClass {
    Success,
    Redirect,
    /// 401: the token was refused, and the request was not read.
    Unauthorized,
    Forbidden,
    /// 404, 405, 410: the host does not have this endpoint, or this object.
    NotThere,
    /// 429: the request was not accepted, and may be repeated later.
    RateLimited,
    /// 400, 413, 415, 422: the same request would be refused again.
    Invalid,
    /// 502, 503, 504: a gateway answers, and the service may have accepted the request.
    Gateway,
    /// Any other 5xx.
    ServerError,
    Other,
}

impl StatusClass {
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Success,
            300..=399 => Self::Redirect,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 | 405 | 410 => Self::NotThere,
            429 => Self::RateLimited,
            400 | 413 | 415 | 422 => Self::Invalid,
            502..=504 => Self::Gateway,
            500.. => Self::ServerError,
            _ => Self::Other,
        }
    }
}
