//! Proxies: the address of one, and the hosts that are reached without it.

use std::net::IpAddr;

use reqwest::Url;
use serde_json::{Value, json};

use super::address::is_loopback;
use super::types::{REDACTED, Text};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::text::trim_invisible;

/// The URL of an HTTP proxy, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    url: Secret,
    /// The member or the variable that gave it.
    name: String,
}

/// How to write an address with credentials, for errors.
const HOW_TO_WRITE: &str = "Write it like http://proxy.example:8080 or http://user:password@proxy.example:8080, with the user name and the \
     password percent-encoded: \\ as %5C (DOMAIN%5Cuser), # as %23, / as %2F, ? as %3F, @ as %40, : as %3A, % as %25.";

impl Proxy {
    /// The URL, with its credentials.
    pub(crate) fn url(&self) -> &str {
        self.url.reveal()
    }

    /// The member or the variable that gave it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The address without user name and password.
    pub(crate) fn address(&self) -> String {
        without_credentials(self.url()).map_or_else(String::new, |url| url.as_str().trim_end_matches('/').to_owned())
    }

    /// Whether the address has a user name or a password.
    pub(crate) fn has_credentials(&self) -> bool {
        Url::parse(self.url()).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
    }
}

fn without_credentials(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    // These cannot fail for a URL with a host, which a proxy has.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(url)
}

impl Text for Proxy {
    /// `Url` reads `DOMAIN\user` and a `/`, `?` or `#` in a password as the end of the host, so that the request would
    /// go to another host: what stands before the `@` is looked at first.
    fn parse(text: String, what: &str) -> Result<Option<Self>> {
        let text = trim_invisible(&text);
        let refused = |why: &str| {
            Err(Error::invalid_argument(format!("{what} cannot be used as the address of a proxy: {why}."))
                .hint(HOW_TO_WRITE))
        };
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        if scheme.starts_with("socks") {
            return refused("SOCKS is not supported, only HTTP proxies are");
        }
        if !matches!(scheme.as_str(), "http" | "https") {
            return refused("it must begin with http:// or https://");
        }
        if rest.len() == text.len()
            && ["http:", "https:"].iter().any(|start| text.to_ascii_lowercase().starts_with(start))
        {
            return refused("// is missing after its scheme");
        }
        let (credentials, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let is_delimiter = |c: &char| matches!(c, '\\' | '/' | '?' | '#') || c.is_control();
        if let Some(c) = credentials.chars().find(is_delimiter) {
            return refused(&format!(
                "its user name or password holds {}, which must be percent-encoded",
                c.escape_default()
            ));
        }
        if place.contains('\\') {
            return refused("it holds \\, which must be percent-encoded as %5C");
        }
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#']) {
            return refused(
                "it has a path or a query; a proxy has only a host and a port (a configuration script, .pac, is not read)",
            );
        }
        if place.is_empty() || place.starts_with(':') {
            return refused("it names no host");
        }
        let whole = format!("{scheme}://{}", rest.strip_suffix('/').unwrap_or(rest));
        match Url::parse(&whole) {
            // The client's own parser is stricter, and takes no proxy at all where it fails.
            Ok(url) if url.has_host() && url.port() != Some(0) && url.as_str().parse::<hyper::Uri>().is_ok() => {
                Ok(Some(Self { url: Secret::new(url.as_str()), name: what.to_owned() }))
            }
            _ if place
                .rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_err_and(|_| !port.ends_with(']'))) =>
            {
                refused("its port is no number from 1 to 65535")
            }
            _ => refused("it is no valid URL"),
        }
    }

    /// Without user name and password.
    fn show(&self) -> Value {
        let Some(mut url) = without_credentials(self.url()) else { return json!(REDACTED) };
        if self.has_credentials() {
            let _ = url.set_username(REDACTED);
        }
        json!(url.as_str().trim_end_matches('/'))
    }
}

/// Whether a list like `NO_PROXY` exempts this URL, by the rules of curl and Go: names with their subdomains, `.name`,
/// `*.name` (only subdomains), addresses, networks (CIDR), each of the first with an optional port, and `*`.
pub(super) fn is_exempt(list: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    let matches = |entry: &str| {
        if entry == "*" {
            return true;
        }
        if let Some((network, bits)) = entry.split_once('/') {
            let network = network.parse().ok().zip(bits.parse().ok());
            return network
                .zip(address)
                .is_some_and(|((network, bits), address)| is_in_network(address, network, bits));
        }
        let (name, port) = split_port(entry);
        if port.is_some_and(|port| url.port_or_known_default() != Some(port)) {
            return false;
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Some(address) = address {
            return name.parse::<IpAddr>().is_ok_and(|name| name.to_canonical() == address.to_canonical());
        }
        let only_subdomains = name.starts_with("*.");
        let name = name.trim_start_matches('*').trim_start_matches('.');
        let is_subdomain = host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        !name.is_empty() && (is_subdomain || host == name && !only_subdomains)
    };
    is_loopback(url) || list.split([',', ' ', '\t', '\r', '\n']).filter(|entry| !entry.is_empty()).any(matches)
}

/// `host:port`, `[address]:port`, or either without a port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let (host, port) = match entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None if entry.matches(':').count() == 1 => entry.split_once(':').map_or((entry, None), |(h, p)| (h, Some(p))),
        None => (entry, None),
    };
    // A port that is no number matches nothing.
    (host, port.map(|port| port.parse().unwrap_or(0)))
}

fn is_in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (address, network) = (address.to_canonical(), network.to_canonical());
    let (width, difference) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (32, u128::from(u32::from(a) ^ u32::from(n))),
        (IpAddr::V6(a), IpAddr::V6(n)) => (128, u128::from(a) ^ u128::from(n)),
        _ => return false,
    };
    bits <= width && difference.checked_shr(width - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = Proxy::parse(text.to_owned(), "HTTPS_PROXY").expect_err(text);
        format!("{} {}", error.details().message, error.details().hint)
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_with_its_name_and_without_its_password() {
        for (text, says) in [
            (r"http://CORP\user:hunter2@proxy.example:8080", r"holds \\, which must be percent-encoded"),
            (r"CORP\user:hunter2@proxy.example:8080", "holds"),
            ("http://user:hunter2#1@proxy.example:8080", "holds #"),
            ("http://user:1#hunter2@proxy.example:8080", "holds #"),
            ("http://user:hunter2/1@proxy.example:8080", "holds /"),
            ("http://user:hunter2?1@proxy.example:8080", "holds ?"),
            ("http://user:hunter2\t@proxy.example:8080", "holds"),
            ("socks5://user:hunter2@proxy.example:1080", "SOCKS"),
            ("socks5h://proxy.example", "SOCKS"),
            ("ftp://proxy.example", "http:// or https://"),
            ("user:hunter2@http://proxy.example", "http:// or https://"),
            ("http:proxy.example", "// is missing"),
            ("http:/proxy.example", "// is missing"),
            ("http://", "names no host"),
            ("http://:8080", "names no host"),
            (":8080", "names no host"),
            ("http://user:hunter2@:8080", "names no host"),
            ("http://user:hunter2@", "names no host"),
            ("http://proxy.example:99999", "port"),
            ("http://proxy.example:0", "valid URL"),
            ("http://proxy.example:eighty", "port"),
            ("http://proxy.example/proxy.pac", "a path"),
            ("\"http://proxy.example:8080\"", "http:// or https://"),
            ("http://pro xy.example:8080", "valid URL"),
        ] {
            let said = refused(text);
            assert!(
                said.contains(says) && said.starts_with("HTTPS_PROXY cannot") && said.contains("%5C"),
                "{text}: {said}"
            );
            assert!(!said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        for (text, address, credentials) in [
            ("proxy.example:8080", "http://proxy.example:8080", false),
            (" http://proxy.example:8080/ ", "http://proxy.example:8080", false),
            ("HTTP://Proxy.Example", "http://proxy.example", false),
            ("https://proxy.example:8443", "https://proxy.example:8443", false),
            ("http://[::1]:3128", "http://[::1]:3128", false),
            ("http://DOMAIN%5Cuser:pa%23ss@proxy.example:8080", "http://proxy.example:8080", true),
            ("http://user:p@ss:w0rd@proxy.example:8080", "http://proxy.example:8080", true),
            ("http://user:50%off [a]^|{}\"<>`é@proxy.example:8080", "http://proxy.example:8080", true),
        ] {
            let proxy = Proxy::parse(text.to_owned(), "proxy").expect(text).expect("not blank");
            assert_eq!((proxy.address().as_str(), proxy.has_credentials()), (address, credentials), "{text}");
        }
    }

    #[test]
    fn no_proxy_takes_names_ports_and_networks_as_curl_and_go_do() {
        for (list, url, exempt) in [
            ("acme.example", "https://acme.example", true),
            ("acme.example", "https://api.acme.example", true),
            ("acme.example", "https://notacme.example", false),
            ("ACME.example.", "https://acme.example", true),
            (".acme.example", "https://api.acme.example", true),
            (".acme.example", "https://acme.example", true),
            ("*.acme.example", "https://api.acme.example", true),
            ("*.acme.example", "https://acme.example", false),
            ("*acme.example", "https://acme.example", true),
            ("acme.example:443", "https://acme.example", true),
            ("acme.example:8443", "https://acme.example", false),
            ("acme.example:8443", "https://acme.example:8443", true),
            ("acme.example:x", "https://acme.example", false),
            ("*.acme.example:443", "https://api.acme.example", true),
            ("one.example, acme.example", "https://acme.example", true),
            ("one.example acme.example", "https://acme.example", true),
            ("*", "https://acme.example", true),
            ("", "https://acme.example", false),
            (",, .", "https://acme.example", false),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("10.0.0.0/99", "https://10.1.2.3", false),
            ("0.0.0.0/0", "https://10.1.2.3", true),
            ("10.1.2.3", "https://10.1.2.3", true),
            ("10.1.2.3:443", "https://10.1.2.3", true),
            ("10.1.2.3:80", "https://10.1.2.3", false),
            ("1.2.3", "https://10.1.2.3", false),
            ("fd00::/8", "https://[fd12::1]", true),
            ("[fd12::1]:443", "https://[fd12::1]", true),
            ("fd12::1", "https://[fd12::1]", true),
            ("fd12::2", "https://[fd12::1]", false),
            ("", "https://127.0.0.1:8080", true),
            ("", "https://localhost", true),
        ] {
            assert_eq!(is_exempt(list, &Url::parse(url).expect("a URL")), exempt, "{list:?} {url}");
        }
    }
}
