//! The paths of endpoints, relative to the base URL.

use std::borrow::Cow;

use crate::config::ApiVersion;
use crate::error::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    /// The same in every version of the API.
    Fixed(&'static str),
    /// A service of the versioned API, and the rest of the path: empty, or encoded and with a leading slash. It is owned
    /// if it has the id of an object.
    Versioned { service: &'static str, suffix: Cow<'static, str> },
}

impl Path {
    pub(super) fn versioned(service: &'static str, suffix: &'static str) -> Self {
        Self::Versioned { service, suffix: Cow::Borrowed(suffix) }
    }

    /// The path of an object, or below it.
    pub(super) fn of_object(service: &'static str, suffix: String) -> Self {
        Self::Versioned { service, suffix: Cow::Owned(suffix) }
    }

    /// The path in this version.
    pub(super) fn in_version(&self, version: ApiVersion) -> Cow<'static, str> {
        match self {
            Self::Fixed(path) => Cow::Borrowed(path),
            Self::Versioned { service, suffix } => Cow::Owned(match version {
                ApiVersion::V1 => format!("/{service}/v1{suffix}"),
                version => format!("/{}/{service}{suffix}", version.name()),
            }),
        }
    }

    pub(super) fn is_versioned(&self) -> bool {
        matches!(self, Self::Versioned { .. })
    }

    /// Whether a 404 can also mean that there is no such object.
    pub(super) fn has_id(&self) -> bool {
        matches!(self, Self::Versioned { suffix: Cow::Owned(_), .. })
    }
}

/// An id as a path segment. One or two dots cannot be one, because in any encoding they change the path.
pub(super) fn path_segment(id: &str) -> Result<String> {
    if matches!(id, "." | "..") {
        return Err(Error::invalid_argument(format!("\"{id}\" is no id: no address can hold it.")));
    }
    Ok(form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_before_or_after_the_service() {
        let count = Path::versioned("search", "/count");
        assert_eq!(count.in_version(ApiVersion::V1), "/search/v1/count");
        assert_eq!(count.in_version(ApiVersion::V2025), "/v2025/search/count");
        assert_eq!(Path::versioned("identities", "").in_version(ApiVersion::V2026), "/v2026/identities");
        assert_eq!(Path::Fixed("/cc/api").in_version(ApiVersion::V2024), "/cc/api");
    }

    #[test]
    fn an_id_is_one_path_segment() {
        let path_segment = |id| path_segment(id).ok();
        assert_eq!(path_segment("2c91808568c529c6").as_deref(), Some("2c91808568c529c6"));
        assert_eq!(path_segment("../process?x#y z+%2F").as_deref(), Some("..%2Fprocess%3Fx%23y%20z%2B%252F"));
        assert_eq!(path_segment("%2e%2E").as_deref(), Some("%252e%252E"));
        assert_eq!((path_segment("."), path_segment("..")), (None, None));
    }
}
