//! Addresses: which are valid, and suggestions for those that are not.

use reqwest::Url;

use crate::error::{Error, Result};
use crate::text::{printable, trim_invisible};

/// The official module's initial address. It belongs to nobody and counts as not set.
pub(crate) const PLACEHOLDER: &str = "https://sailpoint.api.identitynow.com";

/// The domains of the tenants' web pages: `{tenant}.{domain}` is often given for `{tenant}.api.{domain}`.
const PAGE_DOMAINS: [&str; 3] = ["identitynow.com", "identitynow-demo.com", "saas.sailpointfedramp.com"];

/// An address to which secrets may be sent: https, or http on this machine; no user info, query, fragment or trailing
/// slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Address(Url);

impl Address {
    /// Parses `text`; `what` names it in errors, such as `configuration.baseUrl`. `None` for a placeholder.
    pub(crate) fn parse(text: &str, what: &str) -> Result<Option<Self>> {
        let text = trim_invisible(text);
        if text.is_empty() || is_placeholder(text) {
            return Ok(None);
        }
        let wrong = |message: String, hint: &str| Err(Error::invalid_argument(message).hint(hint));
        // User info and query are not repeated, because both may hold secrets.
        let shown = text.rsplit('@').next().unwrap_or_default();
        let shown = printable(shown.split(['?', '#']).next().unwrap_or_default());
        if let Some(left) = placeholder_name(&shown) {
            return wrong(
                format!("{what} still has the placeholder {left} in it: \"{shown}\"."),
                "Write the tenant's name in its place, such as https://acme.api.identitynow.com",
            );
        }
        let Ok(mut url) = Url::parse(text) else {
            return wrong(
                format!("{what} is no URL: \"{shown}\"."),
                &format!("Write it whole: https://{{tenant}}.api.identitynow.com{}", with_scheme(&shown)),
            );
        };
        if !matches!(url.scheme(), "https" | "http") {
            return wrong(
                format!("{what} must begin with https://, not {}:.", printable(url.scheme())),
                "Write https://{tenant}.api.identitynow.com",
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong(
                format!("{what} holds a user name or password, which would end up in logs."),
                &format!("Write https://{shown} and give clientId and clientSecret, or accessToken, beside it."),
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            url.set_query(None);
            url.set_fragment(None);
            return wrong(
                format!("{what} has a query or a fragment (the part from ? or # on)."),
                &format!("Write {}", url.as_str().trim_end_matches('/')),
            );
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if url.scheme() == "http" && !is_loopback(&url) {
            return wrong(
                format!("{what} would send the token to {host} unencrypted."),
                &format!(
                    "Write https://{host}; http: is taken for loopback addresses (127.0.0.1, localhost, [::1]) only."
                ),
            );
        }
        if let Some(api_host) = api_host_of_page(&host) {
            return wrong(
                format!(
                    "{what} is the address of the tenant's pages or of its log-in, {host}; the API has one of its own."
                ),
                &format!("Write https://{api_host}"),
            );
        }
        let path = url.path().trim_end_matches('/').to_owned();
        let is_token_url = path.ends_with("/token") && what.to_ascii_lowercase().contains("token");
        if let Some(root) = root_of_api(&path, is_api_host(&host)).filter(|_| !is_token_url) {
            let ending = path[root.len()..].to_owned();
            url.set_path(root);
            return wrong(
                format!("{what} ends with \"{}\", which is added for each call.", printable(&ending)),
                &format!("Write {}", url.as_str().trim_end_matches('/')),
            );
        }
        url.set_path(&path);
        Ok(Some(Self(url)))
    }

    /// Appends `path`, which begins with a slash.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }

    /// The default of `tokenUrl`.
    pub(super) fn token_endpoint(&self) -> Self {
        Self(self.join("/oauth/token"))
    }

    /// The URL, for an address that is a whole endpoint.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Without the slash that `Url` adds to a bare host.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => bare.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether it is the official module's initial address.
pub(super) fn is_placeholder(text: &str) -> bool {
    trim_invisible(text).trim_end_matches('/').eq_ignore_ascii_case(PLACEHOLDER)
}

/// What an example has in place of the tenant's name: `{tenant}`, `<tenant>`, `[tenant]`, `%7Btenant%7D`.
fn placeholder_name(text: &str) -> Option<&str> {
    [("{", "}"), ("<", ">"), ("[tenant", "]"), ("[your", "]"), ("%7B", "%7D"), ("%7b", "%7d"), ("$(", ")")]
        .iter()
        .find_map(|(open, close)| {
            let start = text.find(open)?;
            let length = text[start..].find(close)? + close.len();
            Some(&text[start..start + length])
        })
}

/// People log in at `acme.identitynow.com` or `acme.login.sailpoint.com`; the API is at `acme.api.identitynow.com`.
fn api_host_of_page(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let is_name = |label: &str| !matches!(label, "" | "www" | "api" | "login" | "sso" | "auth");
    let tenant_of = |rest: &str| rest.split('.').find(|label| is_name(label)).unwrap_or("{tenant}").to_owned();
    if let Some(rest) = host.strip_suffix("login.sailpoint.com").filter(|rest| rest.is_empty() || rest.ends_with('.')) {
        return Some(format!("{}.api.identitynow.com", tenant_of(rest)));
    }
    PAGE_DOMAINS.iter().find_map(|domain| {
        let rest = host.strip_suffix(domain)?;
        let labels: Vec<&str> = rest.strip_suffix('.').map(|rest| rest.split('.').collect()).unwrap_or_default();
        let is_api = labels.len() == 2 && is_name(labels[0]) && labels[1] == "api";
        ((rest.is_empty() || rest.ends_with('.')) && !is_api).then(|| format!("{}.api.{domain}", tenant_of(rest)))
    })
}

fn is_api_host(host: &str) -> bool {
    PAGE_DOMAINS.iter().any(|domain| host.to_ascii_lowercase().ends_with(&format!(".api.{domain}")))
}

/// The path before the part that belongs to the API, if there is one. SailPoint's own hosts have nothing else; behind a
/// gateway only what the API is known to begin with.
fn root_of_api(path: &str, is_api_host: bool) -> Option<&str> {
    if is_api_host {
        return (!path.is_empty()).then_some("");
    }
    let segments: Vec<&str> = path.split('/').collect();
    let is_service = |segment: &str| SERVICES.contains(&segment);
    let begins = |index: &usize| {
        let next = segments.get(index + 1).copied();
        match segments[*index] {
            "cc" => next.is_none_or(|next| next == "api"),
            segment if is_version(segment) => next.is_none_or(is_service),
            segment if is_service(segment) => next.is_some_and(|next| is_version(next) || next == "token"),
            _ => false,
        }
    };
    let index = (1..segments.len()).find(begins)?;
    let length: usize = segments[..index].iter().map(|segment| segment.len() + 1).sum();
    Some(&path[..length - 1])
}

/// The services that are used, as their paths begin.
const SERVICES: [&str; 8] = [
    "search",
    "identities",
    "identity-attributes",
    "identity-profiles",
    "task-status",
    "roles",
    "historical-identities",
    "oauth",
];

/// `v1`, `v3`, `v2026`, `beta`, `latest`.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or_default();
    matches!(segment, "beta" | "latest") || !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())
}

fn with_scheme(text: &str) -> String {
    match Url::parse(&format!("https://{text}")) {
        Ok(url) if url.host_str().is_some_and(|host| host.contains('.')) && !text.contains(':') => {
            format!(", here perhaps https://{text}")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = Address::parse(text, "baseUrl").expect_err("refused");
        format!("{} {}", error.details().message, error.details().hint)
    }

    #[test]
    fn the_placeholder_and_blanks_count_as_not_set() {
        for text in ["", "  ", PLACEHOLDER, "https://SAILPOINT.api.identitynow.com/"] {
            assert_eq!(Address::parse(text, "baseUrl").expect("no error"), None, "{text}");
        }
    }

    #[test]
    fn a_trailing_slash_is_ignored() {
        let address = Address::parse("https://acme.api.identitynow.com/", "baseUrl").expect("fine").expect("set");
        assert_eq!(address.as_str(), "https://acme.api.identitynow.com");
        assert_eq!(address.join("/cc/api").as_str(), "https://acme.api.identitynow.com/cc/api");
        let proxied = Address::parse("https://gateway.example/sailpoint//", "baseUrl").expect("fine").expect("set");
        assert_eq!(proxied.join("/cc/api").as_str(), "https://gateway.example/sailpoint/cc/api");
    }

    #[test]
    fn http_is_taken_on_this_machine_only() {
        for host in ["127.0.0.1:8080", "localhost", "[::1]:80", "127.9.9.9"] {
            assert!(Address::parse(&format!("http://{host}"), "baseUrl").is_ok(), "{host}");
        }
        for host in ["acme.api.identitynow.com", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1"] {
            assert!(refused(&format!("http://{host}")).contains(&format!("https://{host}")), "{host}");
        }
    }

    #[test]
    fn a_wrong_address_says_what_to_write_instead() {
        assert!(refused("https://acme.identitynow.com").contains("https://acme.api.identitynow.com"));
        assert!(refused("https://acme.identitynow-demo.com/ui").contains("https://acme.api.identitynow-demo.com"));
        assert!(refused("https://acme.api.identitynow.com/v3").ends_with("Write https://acme.api.identitynow.com"));
        assert!(refused("acme.api.identitynow.com").contains("here perhaps https://acme.api.identitynow.com"));
        assert!(refused("ftp://acme.example").contains("must begin with https://"));
    }

    #[test]
    fn user_info_is_refused_and_not_repeated() {
        let text = refused("https://admin:hunter2@acme.api.identitynow.com");
        assert!(text.contains("https://acme.api.identitynow.com") && !text.contains("hunter2"), "{text}");
        assert!(!refused("https://x?token=hunter2").contains("hunter2"));
        assert!(!refused("https//admin:hunter2@host").contains("hunter2"));
        assert!(!refused("https://admin:pw@x?tok=hunter2").contains("hunter2"));
    }
}
