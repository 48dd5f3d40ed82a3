//! Where an endpoint is, behind the base URL.

use std::borrow::Cow;

use crate::config::ApiVersion;

/// The path of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    /// The same in every version of the API.
    Fixed(&'static str),
    /// A service of the versioned API, and the rest of the path: empty, or from its slash on, encoded.
    Of { service: &'static str, rest: Cow<'static, str> },
    /// The same, of an endpoint that the service calls experimental: it wants to be told that this is known.
    Experimental { service: &'static str, rest: Cow<'static, str> },
}

impl Path {
    pub(super) fn of(service: &'static str, rest: &'static str) -> Self {
        Self::Of { service, rest: Cow::Borrowed(rest) }
    }

    /// The whole path in this version.
    pub(super) fn under(&self, version: ApiVersion) -> Cow<'static, str> {
        let (service, rest) = match self {
            Self::Fixed(path) => return Cow::Borrowed(path),
            Self::Of { service, rest } | Self::Experimental { service, rest } => (service, rest),
        };
        Cow::Owned(match version {
            ApiVersion::V1 => format!("/{service}/v1{rest}"),
            version => format!("/{}/{service}{rest}", version.name()),
        })
    }

    pub(super) fn is_experimental(&self) -> bool {
        matches!(self, Self::Experimental { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_before_or_behind_the_service() {
        let count = Path::of("search", "/count");
        assert_eq!(count.under(ApiVersion::V1), "/search/v1/count");
        assert_eq!(count.under(ApiVersion::V2025), "/v2025/search/count");
        assert_eq!(Path::of("identities", "").under(ApiVersion::Beta), "/beta/identities");
        assert_eq!(Path::Fixed("/cc/api").under(ApiVersion::V2024), "/cc/api");
    }
}
