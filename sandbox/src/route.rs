//! From a method and a path to what is meant by it.

/// The things that can be asked of the tenant; where a fault can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `token`: `POST /oauth/token`.
    Token,
    /// `refresh`: `POST /cc/api/system/refreshIdentities`.
    Refresh,
    /// `search`: `POST /search/v1`.
    Search,
    /// `count`: `POST /search/v1/count`.
    Count,
    /// `identity-attributes`: `GET /identity-attributes/v1`.
    IdentityAttributes,
    /// `identities`: `GET /identities/v1`.
    Identities,
    /// `process`: `POST /identities/v1/process`.
    Process,
    /// `synchronize`: `POST /identities/v1/{id}/synchronize-attributes`.
    Synchronize,
    /// `task-status`: `GET /task-status/v1/{id}`.
    TaskStatus,
    /// `info`: `GET /oauth/info`.
    Info,
    /// `other`: a path that the tenant does not have.
    Other,
    /// `any`: all of them, in a fault.
    Any,
}

const NAMES: [(Endpoint, &str); 12] = [
    (Endpoint::Token, "token"),
    (Endpoint::Refresh, "refresh"),
    (Endpoint::Search, "search"),
    (Endpoint::Count, "count"),
    (Endpoint::IdentityAttributes, "identity-attributes"),
    (Endpoint::Identities, "identities"),
    (Endpoint::Process, "process"),
    (Endpoint::Synchronize, "synchronize"),
    (Endpoint::TaskStatus, "task-status"),
    (Endpoint::Info, "info"),
    (Endpoint::Other, "other"),
    (Endpoint::Any, "any"),
];

impl Endpoint {
    /// Every endpoint there is, `Any` among them.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(endpoint, _)| *endpoint)
    }

    /// Its name in the control JSON and in the log.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(endpoint, _)| *endpoint == self).expect("every endpoint is in NAMES: a test holds it").1
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(endpoint, _)| *endpoint)
    }

    /// Whether a fault that is set on this endpoint concerns a request for `asked`.
    pub(crate) fn covers(self, asked: Self) -> bool {
        self == Self::Any || self == asked
    }
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    /// The one method that the path knows; nothing where there is no such path.
    pub(crate) method: &'static str,
    /// The id in the path.
    pub(crate) id: String,
    /// Whether it came by a path of before `/{service}/v1`, which answers `X-Deprecated: true`.
    pub(crate) deprecated: bool,
}

impl Route {
    /// Finds the way of a path. `/{service}/v1/…` is the present form; `/v3`, `/v2024` and so on before the service's
    /// name work as well.
    pub(crate) fn of(path: &str) -> Self {
        let mut segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let deprecated = ["v3", "v2024", "v2025", "v2026", "beta"].contains(&segments[0]);
        if deprecated {
            segments.remove(0);
        } else if segments.get(1) == Some(&"v1") {
            segments.remove(1);
        } else if !["oauth", "cc"].contains(&segments[0]) {
            segments.clear();
        }
        let (endpoint, method, id) = match segments[..] {
            ["oauth", "token"] if !deprecated => (Endpoint::Token, "POST", ""),
            ["oauth", "info"] if !deprecated => (Endpoint::Info, "GET", ""),
            ["cc", "api", "system", "refreshIdentities"] if !deprecated => (Endpoint::Refresh, "POST", ""),
            ["search"] => (Endpoint::Search, "POST", ""),
            ["search", "count"] => (Endpoint::Count, "POST", ""),
            ["identity-attributes"] => (Endpoint::IdentityAttributes, "GET", ""),
            ["identities"] => (Endpoint::Identities, "GET", ""),
            ["identities", "process"] => (Endpoint::Process, "POST", ""),
            ["identities", id, "synchronize-attributes"] => (Endpoint::Synchronize, "POST", id),
            ["task-status", id] => (Endpoint::TaskStatus, "GET", id),
            _ => (Endpoint::Other, "", ""),
        };
        Self { endpoint, method, id: id.to_owned(), deprecated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_has_a_name_that_reads_back() {
        for endpoint in Endpoint::all() {
            assert_eq!(Endpoint::from_name(endpoint.name()), Some(endpoint));
        }
    }

    #[test]
    fn both_path_forms_lead_to_the_same_place() {
        for (path, endpoint, deprecated) in [
            ("/cc/api/system/refreshIdentities", Endpoint::Refresh, false),
            ("/search/v1", Endpoint::Search, false),
            ("/v3/search", Endpoint::Search, true),
            ("/v2026/search/count", Endpoint::Count, true),
            ("/beta/identities/process", Endpoint::Process, true),
            ("/identities/v1/process", Endpoint::Process, false),
            ("/identities/v1/2c91/synchronize-attributes", Endpoint::Synchronize, false),
            ("/v2024/identity-attributes", Endpoint::IdentityAttributes, true),
            ("/task-status/v1/abc", Endpoint::TaskStatus, false),
            ("/search", Endpoint::Other, false),
            ("/v3/search/v1", Endpoint::Other, true),
            ("/v3/cc/api/system/refreshIdentities", Endpoint::Other, true),
            ("/cc/api/system/refreshIdentities/", Endpoint::Other, false),
            ("/", Endpoint::Other, false),
            ("", Endpoint::Other, false),
        ] {
            let route = Route::of(path);
            assert_eq!((route.endpoint, route.deprecated), (endpoint, deprecated), "{path}");
        }
        assert_eq!(Route::of("/identities/v1/2c91/synchronize-attributes").id, "2c91");
    }
}
