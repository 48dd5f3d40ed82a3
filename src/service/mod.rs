//! The service as typed functions. Each endpoint knows its path, its requirements and its answers.

mod attributes;
mod failure;
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
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

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
use crate::config::{self, Address, ApiVersion, Backend, Configuration, Effective, Origin};
use crate::control::Control;
use crate::error::{Code, Error, Result};
pub(crate) use crate::http::Times;
use crate::http::{self, Delivery, Places, Policy, Target};
use crate::response::{Response, ServiceTime};
use crate::secret::Forms;

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
}
