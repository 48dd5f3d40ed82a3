//! The service as typed functions. Each endpoint knows its path, its requirements and its answers.

mod attributes;
mod list;
mod path;
mod pending;
mod process;
mod proof;
mod refresh;
mod search;
mod tasks;
mod tenant;
mod token;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use reqwest::Method;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT,
};

pub(crate) use attributes::{Attribute, identity_attributes};
pub(crate) use list::{
    LARGEST_PAGE as LARGEST_LIST_PAGE, ListFilter, RefreshStatus, ids_per_request, list, people_with_ids,
    refresh_statuses,
};
pub(crate) use pending::PendingCall;
pub(crate) use process::{LARGEST_BATCH, process, process_url, synchronize_attributes, synchronize_url};
pub(crate) use proof::{Proof, Requests, prove};
pub(crate) use refresh::{REFRESH_PATH, refresh_identities};
pub(crate) use search::{
    LARGEST_PAGE as LARGEST_SEARCH_PAGE, Page, begin_search, count, finish_search, may_list, may_search,
    refresh_statuses_by_search, search, tenant_size,
};
pub(crate) use tasks::{TaskStatus, is_task_id, plain_task_id, task_status, tasks_since};
pub(crate) use tenant::Freshness;

use self::path::Path;
use self::tenant::TenantFacts;
use self::token::Tokens;
use crate::cache::Cache;
use crate::config::{self, Address, ApiVersion, Backend, Configuration, Credentials, Effective, Origin};
use crate::control::Control;
use crate::error::{Code, Error, Result, Sent};
pub(crate) use crate::http::Times;
use crate::http::{self, Delivery, Places, Policy, Target};
use crate::response::{Receipt, Response, ServiceTime, StatusClass};
use crate::secret::{Forms, Secrets};
use crate::text::printable;

/// The service at one address with one set of credentials; shared by all calls with the same configuration.
#[derive(Debug)]
pub(crate) struct Service {
    configuration: Effective,
    policy: Policy,
    tokens: Tokens,
    /// The headers of every request, except a fetched token. The caller's headers override the library's.
    headers: HeaderMap,
    /// The endpoints called so far, by path, query and version.
    targets: Cache<(Path, String, ApiVersion), Arc<Target>>,
    /// Its secrets, except fetched tokens.
    secrets: Arc<Forms>,
    /// What earlier calls have learned about the tenant.
    facts: Arc<TenantFacts>,
}

/// One call of the library: the service, the deadline, the control.
#[derive(Debug)]
pub(crate) struct Call<'s> {
    pub(crate) service: &'s Service,
    /// The end of the whole call (`options.totalTimeoutSec`).
    pub(crate) deadline: Option<Instant>,
    pub(crate) control: &'s Control,
    pub(crate) metadata: Arc<ResponseMetadata>,
    /// The places of its requests in the rate limit, for a check that precedes a refresh.
    places: Option<Arc<Places>>,
    /// The oldest of the answers since it was last asked for.
    oldest_answer: Mutex<Option<Times>>,
}

/// Information from the headers of a call's answers.
#[derive(Debug, Default)]
pub(crate) struct ResponseMetadata {
    /// `X-Deprecated: true`.
    deprecated: AtomicBool,
    /// Whether another version of the API was tried, and whether the host has it.
    version_tried: AtomicBool,
    version_changed: AtomicBool,
    /// The last `Date`, and when it was received.
    date: Mutex<Option<(Arc<str>, Instant)>>,
}

/// An endpoint, with texts for its errors.
#[derive(Debug)]
pub(crate) struct Endpoint {
    method: Method,
    path: Path,
    /// The encoded query; empty for none.
    query: String,
    delivery: Delivery,
    /// As in "the service refused {action}".
    action: &'static str,
    /// The required scope, user level and kind of token.
    needs: &'static str,
}

const EXPERIMENTAL: &str = "x-sailpoint-experimental";
static DEPRECATED: HeaderName = HeaderName::from_static("x-deprecated");

/// The maximum number of cached services.
const MAX_SERVICES: usize = 16;

/// Longer configurations are not cached.
const MAX_CACHED_BYTES: usize = 64 << 10;

/// The maximum number of cached targets of a service.
const MAX_TARGETS: usize = 16;

/// The key of a cached service.
#[derive(PartialEq, Eq)]
enum Key {
    /// The text of the call's configuration.
    Call(String),
    /// The number of the `cc_configure`.
    Session(u64),
}

static CACHE: Cache<Key, Arc<Service>> = Cache::new(MAX_SERVICES);

/// Drops what calls have left: configurations, tokens and open connections that no call uses now.
pub(crate) fn forget_unused() {
    CACHE.retain(|_| false);
    token::forget_unused();
    http::forget_clients();
}

impl Service {
    /// The service for a configuration (its JSON text), or without one. It is cached unless it depends on files or
    /// environment variables.
    pub(crate) fn of_call(configuration: Option<&str>) -> Result<Arc<Self>> {
        let is_wanted = |key: &Key| match (key, configuration) {
            (Key::Call(text), Some(wanted)) => text == wanted,
            (Key::Session(number), None) => *number == config::generation(),
            _ => false,
        };
        if let Some(service) = CACHE.get(is_wanted) {
            return Ok(service);
        }
        let parsed = configuration.map(Configuration::of_call).transpose()?;
        let service = Arc::new(Self::new(Effective::of_call(parsed.as_ref())?)?);
        let key = match (service.configuration.origin, configuration) {
            (Origin::Call, Some(text)) if text.len() <= MAX_CACHED_BYTES => Key::Call(text.to_owned()),
            (Origin::Session(number), None) => Key::Session(number),
            _ => return Ok(service),
        };
        Ok(CACHE.get_or_insert_with(key, || service))
    }

    fn new(configuration: Effective) -> Result<Self> {
        // With room for the headers that lower layers add: otherwise the map grows and rehashes for each request.
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, configuration.settings.user_agent.clone());
        for (name, value) in &configuration.settings.default_headers {
            headers.insert(name, value.clone());
        }
        let policy = Policy::new(&configuration)?;
        let tokens = Tokens::of(&configuration)?;
        if let Tokens::Given(bearer) = &tokens {
            headers.insert(AUTHORIZATION, bearer.header.clone());
        }
        let facts = TenantFacts::of(&configuration);
        let secrets = Arc::new(configuration.secrets());
        Ok(Self { configuration, policy, tokens, headers, targets: Cache::new(MAX_TARGETS), secrets, facts })
    }

    /// The common parts of all requests to an endpoint.
    fn target(&self, endpoint: &Endpoint, version: ApiVersion) -> Result<Arc<Target>> {
        let is_wanted = |(path, query, of): &(Path, String, ApiVersion)| {
            *path == endpoint.path && *query == endpoint.query && *of == version
        };
        if let Some(target) = self.targets.get(is_wanted) {
            return Ok(target);
        }
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Only some of them require it, and which ones has changed; it does no harm to the others.
        if endpoint.path.is_versioned() {
            headers.insert(EXPERIMENTAL, HeaderValue::from_static("true"));
        }
        let mut url = self.base_url().join(&endpoint.path.in_version(version));
        url.set_query(Some(endpoint.query.as_str()).filter(|query| !query.is_empty()));
        let target = Arc::new(Target::new(endpoint.method.clone(), url, headers)?);
        Ok(self.targets.get_or_insert_with((endpoint.path.clone(), endpoint.query.clone(), version), || target))
    }

    pub(crate) fn base_url(&self) -> &Address {
        &self.configuration.base_url
    }

    fn url(&self, path: &Path) -> reqwest::Url {
        self.base_url().join(&path.in_version(self.version()))
    }

    /// The version of the API: the configured one, or the one that was found in its place.
    fn version(&self) -> ApiVersion {
        self.known_version().unwrap_or(self.configuration.settings.api_version)
    }

    /// The version that the host has answered.
    fn known_version(&self) -> Option<ApiVersion> {
        self.facts.versions.known(self.configuration.settings.api_version)
    }

    fn remember_version(&self, version: ApiVersion) {
        self.facts.versions.remember(self.configuration.settings.api_version, version);
    }

    /// Whether a token comes from the same host, so that a request with it proves the address.
    pub(crate) fn has_token_of_host(&self) -> bool {
        let (base_url, token_url) = (self.base_url(), &self.configuration.token_url);
        self.tokens.renewable() && base_url.join("/").origin() == token_url.origin()
    }

    /// The configured backend.
    pub(crate) fn backend(&self) -> Backend {
        self.configuration.settings.backend
    }

    /// The configured `allowBroader`.
    pub(crate) fn allow_broader(&self) -> bool {
        self.configuration.settings.allow_broader
    }

    /// Whether the tenant is known to have lost `/cc`.
    pub(crate) fn is_retired(&self) -> bool {
        self.facts.retired.load(Ordering::Relaxed)
    }

    /// Stops using `/cc`, unless a request asks for it.
    pub(crate) fn remember_retired(&self) {
        self.facts.retired.store(true, Ordering::Relaxed);
    }

    /// The configured `preflight`.
    pub(crate) fn preflight(&self) -> bool {
        self.configuration.settings.preflight
    }

    /// The maximum number of concurrent calls of one request.
    pub(crate) fn maximum_concurrency(&self) -> usize {
        // At most 16.
        self.configuration.settings.maximum_concurrency as usize
    }

    /// The configured `maxIdentities`.
    pub(crate) fn maximum_identities(&self) -> Option<u64> {
        self.configuration.settings.maximum_identities
    }
}

impl ResponseMetadata {
    fn record(&self, response: &Response) {
        if response.header(&DEPRECATED).is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
            self.deprecated.store(true, Ordering::Relaxed);
        }
        if let Some(date) = response.header(DATE) {
            *self.date.lock().unwrap_or_else(PoisonError::into_inner) = Some((date.into(), Instant::now()));
        }
    }

    /// The service's current time, from its last answer.
    fn service_time(&self) -> Option<ServiceTime> {
        let (date, came) = self.date.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(ServiceTime::now(date, came))
    }

    /// As sentences.
    pub(crate) fn warnings(&self, service: &Service) -> Vec<String> {
        let (configured, version) = (service.configuration.settings.api_version, service.version());
        let changed = self.version_changed.load(Ordering::Relaxed).then(|| {
            let (has_not, has) = (configured.name(), version.name());
            format!(
                "The host does not have ⟦api-version⟧ {has_not}: {has} is used from now on. ⟦set-api-version⟧ {has} saves the question."
            )
        });
        // Where the host does not have another one, there is nothing to do about it.
        let is_avoidable = configured == version;
        let deprecated = self.deprecated.load(Ordering::Relaxed) && is_avoidable;
        let deprecated = deprecated.then(|| match version {
            ApiVersion::V1 => "The service calls an endpoint that was used deprecated (X-Deprecated: true).".to_owned(),
            _ => format!(
                "The service calls the version {} of its API deprecated (X-Deprecated: true): ⟦api-version⟧ v1 is the present one.",
                version.name()
            ),
        });
        changed.into_iter().chain(deprecated).collect()
    }
}

impl<'s> Call<'s> {
    pub(crate) fn new(service: &'s Service, deadline: Option<Instant>, control: &'s Control) -> Self {
        control.secrets().add(&service.secrets);
        let metadata = Arc::default();
        Self { service, deadline, control, metadata, places: None, oldest_answer: Mutex::new(None) }
    }

    /// The same call for a check and its refresh, which take their places in the rate limit together.
    fn for_check(&self, requests: Requests) -> Self {
        Self {
            service: self.service,
            deadline: self.deadline,
            control: self.control,
            metadata: Arc::clone(&self.metadata),
            places: Some(self.service.policy.places(requests.number, requests.is_repeated)),
            oldest_answer: Mutex::new(None),
        }
    }
}

impl Call<'_> {
    /// Whether its deadline has passed.
    pub(crate) fn is_timed_out(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Takes the times of the oldest answer since this was last called.
    pub(crate) fn take_oldest_answer(&self) -> Option<Times> {
        self.oldest_answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn record_times(&self, times: Times) {
        let mut oldest = self.oldest_answer.lock().unwrap_or_else(PoisonError::into_inner);
        *oldest = Some(oldest.map_or(times, |oldest| oldest.and(times)));
    }

    /// The service's current time in UTC, to the second, as `2026-11-28T10:00:00`. Sends a request if no answer has
    /// told it; `None` if that fails.
    pub(crate) fn service_time(&self) -> Option<String> {
        let known = || self.metadata.service_time().and_then(|time| time.text());
        known().or_else(|| {
            // The answer has a date whatever its status is.
            let _ = list::list_size(self);
            known()
        })
    }

    /// Fails if the call was cancelled, or has no more time.
    pub(crate) fn check(&self) -> Result<()> {
        self.control.check()?;
        if self.is_timed_out() {
            return Err(Error::new(
                Code::Timeout,
                "The call's time was used up while the identities found were evaluated.",
            )
            .hint("No refresh was sent: it is safe to try again. ⟦total-timeout⟧ sets the limit."));
        }
        Ok(())
    }

    /// Whether a long evaluation is to be given up: [`Call::check`] then says why.
    pub(crate) fn must_stop(&self) -> bool {
        self.control.is_cancelled() || self.is_timed_out()
    }

    /// The same, `None` if no answer has told it.
    pub(crate) fn known_service_time(&self) -> Option<ServiceTime> {
        self.metadata.service_time()
    }

    fn time_used_up(&self, endpoint: &Endpoint) -> Error {
        Error::new(Code::Timeout, format!("The call's time was used up before {} could be sent.", endpoint.action))
            .hint("It was not sent: it is safe to try again. ⟦total-timeout⟧ sets the limit.")
    }

    /// The error of a success that is not the service's: it has another form than its answers have.
    fn foreign_answer(&self, endpoint: &Endpoint, url: &reqwest::Url, response: Response) -> Error {
        let sent = if endpoint.delivery == Delivery::Repeatable { Sent::No } else { Sent::Maybe };
        let what = match &response {
            response if response.is_html() => "a web page instead of JSON",
            response if response.json().is_some() => "JSON that names no task",
            response if response.text().is_empty() => "an empty body instead of JSON",
            _ => "a text instead of JSON",
        };
        Error::new(
            Code::InvalidResponse,
            format!("{} {url} was answered with {what}: status {}.", endpoint.method, response.status),
        )
        .hint("A proxy, or a log-in page in front of the service, seems to have answered. Look at baseUrl and proxy; the service itself has probably not seen the request.")
        .sent(sent)
        .response(response)
        .endpoint_answer()
    }

    /// The error of an unsuccessful status.
    fn status_error(&self, endpoint: &Endpoint, url: &reqwest::Url, response: Response) -> Error {
        let status = response.status;
        let retry_after = http::retry_after(&response).map(|wait| wait.as_secs());
        let sent = match endpoint.delivery {
            Delivery::Repeatable => Sent::No,
            Delivery::Once(_) => Sent::of(Receipt::of_status(status)),
        };
        let hint = match response.class() {
            StatusClass::NotThere => self.missing_endpoint_hint(endpoint),
            StatusClass::Unauthorized => format!("{}\n{}", self.unauthorized_hint(), endpoint.needs),
            StatusClass::Forbidden => endpoint.needs.to_owned(),
            StatusClass::RateLimited => match retry_after {
                Some(seconds) => format!("The service asks to wait {seconds} s. The request was not accepted: it is safe to try again then."),
                None => "The request was not accepted: it is safe to try again later.".to_owned(),
            },
            StatusClass::Redirect => match response.header(LOCATION).map(|to| printable(&self.control.secrets().shown(to))) {
                Some(to) => format!("It points to {to}. Redirects are not followed, because a token must not follow one: correct baseUrl."),
                None => "Redirects are not followed, because a token must not follow one: correct baseUrl.".to_owned(),
            },
            StatusClass::Gateway | StatusClass::ServerError if endpoint.delivery == Delivery::Repeatable => {
                "The service, or a gateway in front of it, has failed. Nothing was changed: try again later.".to_owned()
            }
            StatusClass::Gateway => "A gateway answers like this if the service is slow or unavailable. The service may have accepted the request: \
                          check the tenant before sending it again."
                .to_owned(),
            StatusClass::ServerError => "The service has failed, and may have taken the refresh before: check the tenant before sending it again. \
                          SailPoint's support asks for the tracking id."
                .to_owned(),
            StatusClass::Invalid => "The same request would be refused again. SailPoint's support asks for the tracking id.".to_owned(),
            StatusClass::Other => "SailPoint's support asks for the tracking id.".to_owned(),
            StatusClass::Success => String::new(),
        };
        let version = match response.class() {
            StatusClass::NotThere if self.may_lack_version(endpoint) => {
                format!("; ⟦api-version⟧ {}", self.service.version().name())
            }
            _ => String::new(),
        };
        let message = format!(
            "The service refused {}: status {status}{} ({} {url}{version}).",
            endpoint.action,
            describe(&response, self.control.secrets()),
            endpoint.method
        );
        Error::new(code_of(status), message)
            .hint(hint)
            .sent(sent)
            .retry_after(retry_after)
            .response(response)
            .endpoint_answer()
    }

    fn missing_endpoint_hint(&self, endpoint: &Endpoint) -> String {
        let base_url = self.service.base_url().as_str();
        if !self.may_lack_version(endpoint) {
            return format!("Either {base_url} is not the API's address, or the tenant does not have this endpoint.");
        }
        let version = self.service.version();
        let tried = self.metadata.version_tried.load(Ordering::Relaxed);
        let also = if tried { format!(" ({} was tried as well)", version.next().name()) } else { String::new() };
        let others: Vec<&str> =
            ApiVersion::ALL.iter().filter(|other| **other != version).map(|other| other.name()).collect();
        format!(
            "Either {base_url} is not the API's address, or the host does not have {} of the API{also}. ⟦set-api-version⟧ chooses another: {}.",
            version.name(),
            others.join(", ")
        )
    }

    /// Whether a missing endpoint can be a missing version of the API, and not a missing object.
    fn may_lack_version(&self, endpoint: &Endpoint) -> bool {
        endpoint.path.is_versioned() && !(endpoint.path.has_id() && self.service.known_version().is_some())
    }

    fn unauthorized_hint(&self) -> &'static str {
        match self.service.configuration.credentials {
            Credentials::AccessToken(_) => {
                "The access token has expired, or is not of this tenant. A given access token is never renewed; a token fetched with client id and secret is."
            }
            Credentials::Client { .. } => "A new token was fetched and refused as well.",
            Credentials::Header => "The Authorization header comes from defaultHeaders, and is sent as it is.",
        }
    }
}

/// The code of an unsuccessful status.
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

/// The service's error message as part of a sentence.
fn describe(response: &Response, secrets: &Secrets) -> String {
    response.error_message(secrets).map_or_else(String::new, |message| format!(", \"{message}\""))
}

/// An id as a path segment. One or two dots cannot be one, because in any encoding they change the path.
fn path_segment(id: &str) -> Result<String> {
    if matches!(id, "." | "..") {
        return Err(Error::invalid_argument(format!("\"{id}\" is no id: no address can hold it.")));
    }
    Ok(form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_path_segment() {
        let path_segment = |id| path_segment(id).ok();
        assert_eq!(path_segment("2c91808568c529c6").as_deref(), Some("2c91808568c529c6"));
        assert_eq!(path_segment("../process?x#y z+%2F").as_deref(), Some("..%2Fprocess%3Fx%23y%20z%2B%252F"));
        assert_eq!(path_segment("%2e%2E").as_deref(), Some("%252e%252E"));
        assert_eq!((path_segment("."), path_segment("..")), (None, None));
    }
}
