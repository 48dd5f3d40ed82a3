//! The tenant: its people, its settings, and its answers. All of it is synchronous and under one lock.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::answer::{Answer, usual_text};
use crate::auth::Auth;
use crate::fault::{FaultKind, Faults};
use crate::index::{Change, Index};
use crate::log::{Arrival, Log};
use crate::people::{Identity, SERVICE_ATTRIBUTES, hash, mix};
use crate::population::Population;
use crate::route::{Endpoint, Route};
use crate::tasks::Tasks;
use crate::time::Clock;

/// A request that has been read completely.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Its number in the log.
    pub(crate) number: u64,
    pub(crate) route: Route,
    pub(crate) method: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The media type without its parameters.
    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim()
    }

    /// The last value of a parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .filter(|(known, _)| known == name)
            .last()
            .map(|(_, value)| value.into_owned())
    }
}

/// The settings, which can be changed while the sandbox runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Requests of one client in `rate_window`; 0: no limit.
    pub(crate) rate_limit: usize,
    pub(crate) rate_window: Duration,
    pub(crate) token_lifetime: Duration,
    /// The status of `/cc` after its shutdown: 404, 405, 410 or 401.
    pub(crate) retired: Option<u16>,
    pub(crate) keep_alive: Duration,
    /// The time until search sees a change.
    pub(crate) search_lag: Duration,
    pub(crate) task_duration: Duration,
    /// The shortest time between two synchronisations of one identity's attributes.
    pub(crate) synchronize_interval: Duration,
    /// Identity attributes that `/cc` filters cannot use.
    pub(crate) not_searchable: Vec<String>,
    /// Every other one of those whom no search has found for so long is removed before the next refresh on `/cc`.
    pub(crate) removes_after: Option<Duration>,
    /// Versions of the API whose paths the gateway does not know, and the status of its answer: 404 or 401.
    pub(crate) missing_versions: Vec<String>,
    pub(crate) missing_status: u16,
}

/// The state of a sandbox.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Every time that the tenant writes is by this clock.
    pub(crate) clock: Clock,
    pub(crate) started: Instant,
    pub(crate) url: String,
    pub(crate) people: Population,
    pub(crate) index: Index,
    pub(crate) tasks: Tasks,
    /// When attributes were last synchronised, by identity id.
    pub(crate) synchronized: HashMap<String, Instant>,
    pub(crate) auth: Auth,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) connections: u64,
    /// When search has last found someone, by id, if the tenant removes people.
    pub(crate) found: HashMap<String, Instant>,
}

impl Tenant {
    /// Executes a request.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Answer {
        let route = &ask.route;
        if route.endpoint == Endpoint::Other {
            return Answer::error(404, usual_text(404));
        }
        let is_versioned = !matches!(route.endpoint, Endpoint::Refresh | Endpoint::Token | Endpoint::Info);
        if is_versioned && self.settings.missing_versions.iter().any(|missing| missing == route.version.unwrap_or("v1"))
        {
            return Answer::error(self.settings.missing_status, "Unable to route request");
        }
        if route.endpoint == Endpoint::Refresh
            && let Some(status) = self.settings.retired
        {
            return Answer::error(status, if status == 401 { "Unable to route request" } else { usual_text(status) });
        }
        if ask.method != route.method {
            return Answer::error(405, usual_text(405)).with("allow", route.method);
        }
        match route.endpoint {
            Endpoint::Token | Endpoint::Info => self.log.amend(ask.number, |record| record.executed = true),
            _ => {}
        }
        match route.endpoint {
            Endpoint::Token => return self.auth.give_token(ask, self.settings.token_lifetime),
            Endpoint::Info => return self.info(),
            _ => {}
        }
        let (limit, window) = (self.settings.rate_limit, self.settings.rate_window);
        if let Err(refusal) = self.auth.admit(ask.header("authorization"), route.endpoint, limit, window) {
            return refusal;
        }
        self.log.amend(ask.number, |record| record.executed = true);
        self.settle();
        let answer = match route.endpoint {
            Endpoint::Refresh => {
                self.remove_some();
                self.refresh(ask)
            }
            Endpoint::Search => self.search(ask),
            Endpoint::Count => self.count(ask),
            Endpoint::IdentityAttributes => self.identity_attributes(ask),
            Endpoint::Identities => self.identities(ask),
            Endpoint::Process => self.process(ask),
            Endpoint::Synchronize => self.synchronize(ask),
            Endpoint::TaskStatus => self.task_status(ask),
            Endpoint::TaskList => self.task_list(ask),
            _ => Answer::error(404, usual_text(404)),
        };
        if route.version.is_some() { answer.with("x-deprecated", "true") } else { answer }
    }

    /// A new entry of the log.
    pub(crate) fn arrival(&self, connection: u64, endpoint: Endpoint, fault: Option<FaultKind>) -> Arrival {
        let at_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Arrival { fault: fault.map(FaultKind::name), ..Arrival::new(connection, at_ms, endpoint) }
    }

    fn info(&self) -> Answer {
        let url = &self.url;
        Answer::json(
            200,
            &json!({ "authorizeEndpoint": format!("{url}/oauth/authorize"), "tokenEndpoint": format!("{url}/oauth/token") }),
        )
    }

    /// Adds an identity, or replaces the one with the same id. Search sees it after the lag.
    pub(crate) fn put(&mut self, person: Identity) {
        self.index.will_see(Change::Put(Box::new(person.clone())), self.settings.search_lag);
        self.people.put(person);
    }

    /// Removes the identities for which `gone` is true. Search sees it after the lag.
    pub(crate) fn remove(&mut self, gone: impl Fn(&Identity) -> bool) -> Vec<Identity> {
        let removed = self.people.remove(gone);
        for person in &removed {
            self.index.will_see(Change::Remove(person.id.clone()), self.settings.search_lag);
        }
        removed
    }

    /// Removes every other one of those whom search has found, and not found again for long.
    fn remove_some(&mut self) {
        let Some(age) = self.settings.removes_after else { return };
        let is_old = |_: &String, found: &mut Instant| found.elapsed() > age;
        let gone: HashSet<String> =
            self.found.extract_if(is_old).map(|(id, _)| id).filter(|id| mix(hash(id)).is_multiple_of(2)).collect();
        if !gone.is_empty() {
            self.remove(|person| gone.contains(&person.id));
        }
    }

    pub(crate) fn manager(&self, person: &Identity) -> Option<&Identity> {
        self.people.manager(person)
    }

    /// Whether `/cc` filters can use a property: the standard ones, and every identity attribute that an identity has
    /// or that the service sets, except those of the setting `not_searchable`.
    pub(crate) fn is_searchable(&self, name: &str) -> bool {
        const STANDARD: [&str; 14] = [
            "id",
            "name",
            "uid",
            "displayName",
            "email",
            "firstname",
            "lastname",
            "correlated",
            "protected",
            "inactive",
            "manager",
            "manager.id",
            "manager.name",
            "manager.displayName",
        ];
        STANDARD.contains(&name)
            || (self.people.attributes().contains(name) || SERVICE_ATTRIBUTES.contains(&name))
                && !self.settings.not_searchable.iter().any(|hidden| hidden == name)
    }
}
