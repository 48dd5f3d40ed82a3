//! The service as typed calls: each knows its path, what it needs and what its answers mean.

mod attributes;
mod flight;
mod known;
mod list;
mod refresh;
mod search;
mod token;
mod transport;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};

pub(crate) use attributes::{Attribute, identity_attributes};
#[allow(unused_imports, reason = "for requests of several calls")]
pub(crate) use flight::{Flight, in_order};
pub(crate) use known::Age;
pub(crate) use list::{LARGEST_PAGE as LARGEST_LIST_PAGE, ListFilter, list};
pub(crate) use refresh::{REFRESH_PATH, refresh_identities};
pub(crate) use search::{LARGEST_PAGE as LARGEST_SEARCH_PAGE, Page, count, search, tenant_size};

use self::known::Known;
use self::token::Tokens;
use self::transport::{Delivery, Policy, Target};
use crate::config::{self, Address, Configuration, Credentials, Effective, Origin, Secret};
use crate::control::Control;
use crate::envelope::{CallReport, Outcome, Response};
use crate::error::{Code, Error, Result, Sent};
use crate::members::printable;

/// The service at one address, as one client of it; shared by all calls whose configuration is the same.
#[derive(Debug)]
pub(crate) struct Service {
    configuration: Effective,
    policy: Policy,
    tokens: Tokens,
    /// Of every request, but for a token that was fetched; the caller's own win.
    headers: HeaderMap,
    /// Where the endpoints are that have been called, by path and query.
    targets: Mutex<Vec<(&'static str, String, Arc<Target>)>>,
    /// What earlier calls have learned of the tenant.
    known: Arc<Known>,
}

/// One call of the library: to which service, and until when.
#[derive(Debug)]
pub(crate) struct Call<'s> {
    pub(crate) service: &'s Service,
    /// The end of everything that this call does (`options.totalTimeoutSec`).
    pub(crate) deadline: Option<Instant>,
    /// Whether it was cancelled, and what it is doing.
    pub(crate) control: &'s Control,
}

/// What an endpoint asks of the caller, for the error when it refuses.
pub(crate) struct Endpoint {
    method: Method,
    path: &'static str,
    /// The URL's query, encoded; empty for none.
    query: String,
    delivery: Delivery,
    /// What is being done, as in "the service refused {doing}".
    doing: &'static str,
    /// Scope, user level and kind of token.
    needs: &'static str,
}

/// How many configurations are kept ready at the same time.
const SERVICES: usize = 16;

/// Longer configurations are read each time.
const LARGEST_KEPT: usize = 64 << 10;

/// How many targets a service keeps.
const TARGETS: usize = 16;

/// What a service is kept under.
#[derive(PartialEq, Eq)]
enum Key {
    /// The call's configuration, as it was written.
    Call(String),
    /// The `cc_configure` with this number.
    Session(u64),
}

impl Service {
    /// The service that a call with this configuration (its JSON text), or with none, goes to. One that depends on
    /// files or variables is made anew each time; another is read once.
    pub(crate) fn of_call(configuration: Option<&str>) -> Result<Arc<Self>> {
        static KEPT: Mutex<Vec<(Key, Arc<Service>)>> = Mutex::new(Vec::new());
        let is_wanted = |key: &Key| match (key, configuration) {
            (Key::Call(text), Some(wanted)) => text == wanted,
            (Key::Session(number), None) => *number == config::generation(),
            _ => false,
        };
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.iter().rposition(|(key, _)| is_wanted(key)) {
            // The least recently used stands first.
            kept[index..].rotate_left(1);
            return Ok(Arc::clone(&kept[kept.len() - 1].1));
        }
        drop(kept);
        let parsed = configuration.map(Configuration::of_call).transpose()?;
        let service = Arc::new(Self::new(Effective::of_call(parsed.as_ref())?)?);
        let key = match (service.configuration.origin, configuration) {
            (Origin::Call, Some(text)) if text.len() <= LARGEST_KEPT => Key::Call(text.to_owned()),
            (Origin::Session(number), None) => Key::Session(number),
            _ => return Ok(service),
        };
        kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == SERVICES {
            kept.remove(0);
        }
        kept.push((key, Arc::clone(&service)));
        Ok(service)
    }

    fn new(configuration: Effective) -> Result<Self> {
        // Room for what the layers below add: a map that grows is hashed anew for each request.
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Ok(agent) = HeaderValue::from_str(&configuration.user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        for (name, value) in &configuration.default_headers {
            headers.insert(name, value.clone());
        }
        let policy = Policy::new(&configuration)?;
        let tokens = Tokens::of(&configuration)?;
        if let Tokens::Given(bearer) = &tokens {
            headers.insert(AUTHORIZATION, bearer.header.clone());
        }
        let known = Known::of(&configuration);
        Ok(Self { configuration, policy, tokens, headers, targets: Mutex::default(), known })
    }

    /// What all requests to an endpoint have in common.
    fn target(&self, endpoint: &Endpoint) -> Arc<Target> {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = |path: &str, query: &str| path == endpoint.path && query == endpoint.query;
        if let Some((.., target)) = targets.iter().find(|(path, query, _)| is_wanted(path, query)) {
            return Arc::clone(target);
        }
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut url = self.base_url().join(endpoint.path);
        url.set_query(Some(endpoint.query.as_str()).filter(|query| !query.is_empty()));
        let target = Arc::new(Target { method: endpoint.method.clone(), url, headers });
        if targets.len() == TARGETS {
            targets.remove(0);
        }
        targets.push((endpoint.path, endpoint.query.clone(), Arc::clone(&target)));
        target
    }

    pub(crate) fn base_url(&self) -> &Address {
        &self.configuration.base_url
    }

    /// Whether matches are counted before a refresh by filter, where the request does not say.
    pub(crate) fn preflight(&self) -> bool {
        self.configuration.preflight
    }

    /// The most calls under way at the same time for one request.
    #[allow(dead_code, reason = "for requests of several calls")]
    pub(crate) fn maximum_concurrency(&self) -> usize {
        // At most 16.
        self.configuration.maximum_concurrency as usize
    }

    /// The most identities that a refresh may touch, where the request does not say.
    pub(crate) fn maximum_identities(&self) -> Option<u64> {
        self.configuration.maximum_identities
    }
}

impl Endpoint {
    /// A call as the envelope accounts for it: questions are none.
    fn report(&self, outcome: Outcome, status: u16) -> Vec<CallReport> {
        match self.delivery {
            Delivery::Once => vec![CallReport { outcome, status: Some(status) }],
            Delivery::Repeatable => Vec::new(),
        }
    }
}

impl Call<'_> {
    fn too_late(&self, endpoint: &Endpoint) -> Error {
        Error::new(Code::Timeout, format!("The call's time was used up before {} could be sent.", endpoint.doing))
            .hint("No refresh was sent: it is safe to try again. options.totalTimeoutSec sets the limit.")
    }

    /// The error of a success that is somebody else's: the service never answers with a page.
    fn page(&self, endpoint: &Endpoint, url: &reqwest::Url, response: Response) -> Error {
        let sent = if endpoint.delivery == Delivery::Once { Sent::Maybe } else { Sent::No };
        let calls = endpoint.report(Outcome::MaybeSent, response.status);
        Error::new(
            Code::InvalidResponse,
            format!("{} {url} was answered with a web page instead of JSON: status {}.", endpoint.method, response.status),
        )
        .hint("A proxy, or a log-in page in front of the service, seems to have answered. Look at baseUrl and proxy; the service itself has probably not seen the request.")
        .sent(sent)
        .response(response)
        .calls(calls)
    }

    /// The error of an answer that is no success.
    fn refused(&self, endpoint: &Endpoint, url: &reqwest::Url, response: Response) -> Error {
        let status = response.status;
        let retry_after = transport::retry_after(&response).map(|wait| wait.as_secs());
        let sent = match endpoint.delivery {
            Delivery::Repeatable => Sent::No,
            Delivery::Once => Sent::of_status(status),
        };
        let hint = match status {
            401 => format!("{}\n{}", self.why_unauthorized(), endpoint.needs),
            403 => endpoint.needs.to_owned(),
            404 | 405 | 410 => format!(
                "Either {} is not the API's address, or the tenant no longer has this endpoint.",
                self.service.configuration.base_url.as_str()
            ),
            429 => match retry_after {
                Some(seconds) => format!("The service asks to wait {seconds} s. No refresh was taken: it is safe to try again then."),
                None => "No refresh was taken: it is safe to try again later.".to_owned(),
            },
            300..=399 => match response.header("location").map(printable) {
                Some(to) => format!("It points to {to}. Redirects are not followed, because a token must not follow one: correct baseUrl."),
                None => "Redirects are not followed, because a token must not follow one: correct baseUrl.".to_owned(),
            },
            500.. if endpoint.delivery == Delivery::Repeatable => {
                "The service, or a gateway before it, has failed; nothing was changed: try again later.".to_owned()
            }
            502..=504 => "A gateway answers like this when the service is slow or away, and the service may have taken the request: \
                          look at the tenant before sending it again."
                .to_owned(),
            500.. => "The service has failed on its own side; its support asks for the tracking id.".to_owned(),
            _ => String::new(),
        };
        let outcome = if sent == Sent::Maybe { Outcome::MaybeSent } else { Outcome::Rejected };
        let message = format!(
            "The service refused {}: status {status}{} ({} {url}).",
            endpoint.doing,
            describe(&response),
            endpoint.method
        );
        Error::new(code_of(status), message)
            .hint(hint)
            .sent(sent)
            .retry_after(retry_after)
            .response(response)
            .calls(endpoint.report(outcome, status))
    }

    fn why_unauthorized(&self) -> &'static str {
        match self.service.configuration.credentials {
            Credentials::AccessToken(_) => {
                "The access token has expired, or is no token of this tenant. An access token that was given is never renewed; a client id and secret are."
            }
            Credentials::Client { .. } => "A new token was fetched and refused as well.",
            Credentials::Header => "The Authorization header comes from defaultHeaders, and is sent as it is.",
        }
    }

    /// Takes out of an answer what a server may have repeated.
    fn scrub(&self, response: &mut Response, token: Option<&Secret>) {
        let mut secrets: Vec<&Secret> = token.into_iter().collect();
        if let Credentials::Client { secret, .. } = &self.service.configuration.credentials {
            secrets.push(secret);
        }
        let of_headers = self.service.configuration.secret_headers();
        secrets.extend(&of_headers);
        response.scrub(&secrets);
    }
}

/// The code of an HTTP status that is no success.
fn code_of(status: u16) -> Code {
    match status {
        401 => Code::Unauthorized,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        410 => Code::Gone,
        429 => Code::RateLimited,
        _ => Code::HttpStatus,
    }
}

/// What the service said, as a part of a sentence.
fn describe(response: &Response) -> String {
    response.said().map_or_else(String::new, |said| format!(", \"{said}\""))
}
