//! The paths of endpoints, relative to the base URL.

use std::borrow::Cow;

use crate::config::ApiVersion;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    /// The same in every version of the API.
    Fixed(&'static str),
    /// A service of the versioned API, and the rest of the path: empty, or encoded and with a leading slash.
    Versioned { service: &'static str, suffix: Cow<'static, str> },
    /// The same for an experimental endpoint, which requires a header of that name.
    Experimental { service: &'static str, suffix: Cow<'static, str> },
}

impl Path {
    pub(super) fn versioned(service: &'static str, suffix: &'static str) -> Self {
        Self::Versioned { service, suffix: Cow::Borrowed(suffix) }
    }

    /// The path in this version.
    pub(super) fn in_version(&self, version: ApiVersion) -> Cow<'static, str> {
        let (service, suffix) = match self {
            Self::Fixed(path) => return Cow::Borrowed(path),
            Self::Versioned { service, suffix } | Self::Experimental { service, suffix } => (service, suffix),
        };
        Cow::Owned(match version {
            ApiVersion::V1 => format!("/{service}/v1{suffix}"),
            version => format!("/{}/{service}{suffix}", version.name()),
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
    fn the_version_is_before_or_after_the_service() {
        let count = Path::versioned("search", "/count");
        assert_eq!(count.in_version(ApiVersion::V1), "/search/v1/count");
        assert_eq!(count.in_version(ApiVersion::V2025), "/v2025/search/count");
        assert_eq!(Path::versioned("identities", "").in_version(ApiVersion::Beta), "/beta/identities");
        assert_eq!(Path::Fixed("/cc/api").in_version(ApiVersion::V2024), "/cc/api");
    }
}
