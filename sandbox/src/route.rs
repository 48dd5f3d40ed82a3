//! From a path to its endpoint.

/// The endpoints of the tenant. A fault can be set on each.
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
    /// `task-list`: `GET /task-status/v1`.
    TaskList,
    /// `info`: `GET /oauth/info`.
    Info,
    /// `other`: an unknown path.
    Other,
    /// `any`: in a fault, all of them; in the log, a connection that was reset before its first request was read.
    Any,
}

const NAMES: [(Endpoint, &str); 13] = [
    (Endpoint::Token, "token"),
    (Endpoint::Refresh, "refresh"),
    (Endpoint::Search, "search"),
    (Endpoint::Count, "count"),
    (Endpoint::IdentityAttributes, "identity-attributes"),
    (Endpoint::Identities, "identities"),
    (Endpoint::Process, "process"),
    (Endpoint::Synchronize, "synchronize"),
    (Endpoint::TaskStatus, "task-status"),
    (Endpoint::TaskList, "task-list"),
    (Endpoint::Info, "info"),
    (Endpoint::Other, "other"),
    (Endpoint::Any, "any"),
];

impl Endpoint {
    /// Every endpoint, including `Any`.
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

    /// Whether a fault on this endpoint applies to a request for `requested`.
    pub(crate) fn covers(self, requested: Self) -> bool {
        self == Self::Any || self == requested
    }
}

/// The endpoint of a request, and what its path says besides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    /// The only method of the path; empty for an unknown path.
    pub(crate) method: &'static str,
    /// The id in the path.
    pub(crate) id: String,
    /// `v2024` and so on, if the path has the older form, which is answered with `X-Deprecated: true`.
    pub(crate) version: Option<&'static str>,
}

impl Route {
    /// The route of a path. `/{service}/v1/…` is the present form; `/v3`, `/v2024` and so on before the service's name
    /// are accepted as well.
    pub(crate) fn of(path: &str) -> Self {
        let mut segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let version = ["v3", "v2024", "v2025", "v2026", "beta"].into_iter().find(|version| *version == segments[0]);
        if version.is_some() {
            segments.remove(0);
        } else if segments.get(1) == Some(&"v1") {
            segments.remove(1);
        } else if !["oauth", "cc"].contains(&segments[0]) {
            segments.clear();
        }
        let (endpoint, method, id) = match segments[..] {
            ["oauth", "token"] if version.is_none() => (Endpoint::Token, "POST", ""),
            ["oauth", "info"] if version.is_none() => (Endpoint::Info, "GET", ""),
            ["cc", "api", "system", "refreshIdentities"] if version.is_none() => (Endpoint::Refresh, "POST", ""),
            // `/beta` has no search.
            ["search"] if version != Some("beta") => (Endpoint::Search, "POST", ""),
            ["search", "count"] if version != Some("beta") => (Endpoint::Count, "POST", ""),
            ["identity-attributes"] => (Endpoint::IdentityAttributes, "GET", ""),
            ["identities"] => (Endpoint::Identities, "GET", ""),
            ["identities", "process"] => (Endpoint::Process, "POST", ""),
            ["identities", id, "synchronize-attributes"] => (Endpoint::Synchronize, "POST", id),
            ["task-status"] => (Endpoint::TaskList, "GET", ""),
            ["task-status", id] => (Endpoint::TaskStatus, "GET", id),
            _ => (Endpoint::Other, "", ""),
        };
        Self { endpoint, method, id: id.to_owned(), version }
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
    fn both_path_forms_lead_to_the_same_endpoint() {
        for (path, endpoint, is_older) in [
            ("/cc/api/system/refreshIdentities", Endpoint::Refresh, false),
            ("/search/v1", Endpoint::Search, false),
            ("/v3/search", Endpoint::Search, true),
            ("/v2026/search/count", Endpoint::Count, true),
            ("/beta/identities/process", Endpoint::Process, true),
            ("/identities/v1/process", Endpoint::Process, false),
            ("/identities/v1/2c91/synchronize-attributes", Endpoint::Synchronize, false),
            ("/v2024/identity-attributes", Endpoint::IdentityAttributes, true),
            ("/task-status/v1/abc", Endpoint::TaskStatus, false),
            ("/task-status/v1", Endpoint::TaskList, false),
            ("/v2025/task-status", Endpoint::TaskList, true),
            ("/beta/search", Endpoint::Other, true),
            ("/search", Endpoint::Other, false),
            ("/v3/search/v1", Endpoint::Other, true),
            ("/v3/cc/api/system/refreshIdentities", Endpoint::Other, true),
            ("/cc/api/system/refreshIdentities/", Endpoint::Other, false),
            ("/", Endpoint::Other, false),
            ("", Endpoint::Other, false),
        ] {
            let route = Route::of(path);
            assert_eq!((route.endpoint, route.version.is_some()), (endpoint, is_older), "{path}");
        }
        assert_eq!(Route::of("/identities/v1/2c91/synchronize-attributes").id, "2c91");
    }
}
