//! The log of what really arrived: what every test reads.

use serde_json::{Value, json};

use crate::route::Endpoint;

/// A request, in the order in which their heads arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Arrival {
    /// 1, 2, 3 …; goes on after the log was cleared.
    pub number: u64,
    /// Which connection it came on: 1, 2, 3 …
    pub connection: u64,
    /// Milliseconds since the sandbox was started.
    pub at_ms: u64,
    /// What it asked for.
    pub endpoint: Endpoint,
    /// `POST` …; empty for a connection that was reset before anything was read.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// Names in lower case, in the order in which they came. The Authorization header is there: it is a sandbox's.
    pub headers: Vec<(String, String)>,
    /// The body's bytes; of an incomplete one, what came.
    pub body: Vec<u8>,
    /// Whether all of the body came. What did not is never executed.
    pub complete: bool,
    /// Which client's token it carried.
    pub client: Option<String>,
    /// Whether it did its work: a search found, a refresh refreshed.
    pub executed: bool,
    /// The status that was answered; nothing while it is not, and where a fault took its place.
    pub status: Option<u16>,
    /// The fault that hit it ([`crate::FaultKind::name`]).
    pub fault: Option<&'static str>,
    /// What was refreshed.
    pub refreshed: Option<Refresh>,
}

/// What one request refreshed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refresh {
    /// The number of the [`Arrival`].
    pub arrival: u64,
    /// By which way: `Refresh` (`/cc`), `Process` or `Synchronize`.
    pub by: Endpoint,
    /// How many were meant.
    pub scope: Scope,
    /// Why everybody, in words; which filter otherwise.
    pub reason: String,
    /// The filter as it came.
    pub filter: Option<String>,
    /// The ids of those refreshed, in the order of the tenant.
    pub ids: Vec<String>,
    /// Their user names, in the same order.
    pub names: Vec<String>,
    /// Ids that were asked for and that nobody has (`Process` only).
    pub unknown: Vec<String>,
    /// `refreshArgs` as they came, or null.
    pub arguments: Value,
    /// The user names of those whom `pruneIdentities` deleted.
    pub deleted: Vec<String>,
    /// The task that does it.
    pub task: String,
}

/// How many a refresh touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `everybody`: the whole tenant. On `/cc` only a full refresh is called so, not a filter that matches everybody.
    Everybody,
    /// `chosen`: whom the filter means, or whose ids were given.
    Chosen,
    /// `nobody`: there was nobody to refresh.
    Nobody,
}

impl Scope {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::Chosen => "chosen",
            Self::Nobody => "nobody",
        }
    }
}

impl Arrival {
    /// A header's first value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text, with U+FFFD where it is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// As `GET /sandbox/log` has it.
    pub fn to_json(&self) -> Value {
        let headers: Vec<Value> = self.headers.iter().map(|(name, value)| json!([name, value])).collect();
        json!({
            "number": self.number, "connection": self.connection, "atMs": self.at_ms, "endpoint": self.endpoint.name(),
            "method": self.method, "path": self.path, "query": self.query, "version": self.version, "headers": headers,
            "body": self.text(), "complete": self.complete, "client": self.client, "executed": self.executed,
            "status": self.status, "fault": self.fault, "refreshed": self.refreshed.as_ref().map(Refresh::to_json),
        })
    }
}

impl Refresh {
    /// As `GET /sandbox/log` has it.
    pub fn to_json(&self) -> Value {
        json!({
            "by": self.by.name(), "scope": self.scope.name(), "reason": self.reason, "filter": self.filter,
            "ids": self.ids, "names": self.names, "unknown": self.unknown, "arguments": self.arguments,
            "deleted": self.deleted, "task": self.task,
        })
    }

    /// One line for a person: whom, how many of how many, and why.
    pub fn to_line(&self, people: usize) -> String {
        const SHOWN: usize = 10;
        let mut names = self.names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if self.names.len() > SHOWN {
            names.push_str(&format!(" and {} more", self.names.len() - SHOWN));
        }
        let mut line = match self.scope {
            Scope::Everybody => format!("refreshed EVERYBODY ({}): {}", self.names.len(), self.reason),
            Scope::Chosen => format!("refreshed {} of {people}: {names} ({})", self.names.len(), self.reason),
            Scope::Nobody => format!("refreshed nobody: {}", self.reason),
        };
        if !self.deleted.is_empty() {
            line.push_str(&format!("; DELETED {}: {}", self.deleted.len(), self.deleted.join(", ")));
        }
        const LONGEST: usize = 300;
        let one_line = |character: char| {
            if character.is_control() { '\u{fffd}' } else { character }
        };
        let mut short: String = line.chars().take(LONGEST).map(one_line).collect();
        if line.chars().nth(LONGEST).is_some() {
            short.push('…');
        }
        short
    }
}

/// All that arrived.
#[derive(Debug, Default)]
pub(crate) struct Log {
    arrivals: Vec<Arrival>,
    last: u64,
}

impl Log {
    /// Enters a request, and gives it its number.
    pub(crate) fn enter(&mut self, mut arrival: Arrival) -> u64 {
        self.last += 1;
        arrival.number = self.last;
        self.arrivals.push(arrival);
        self.last
    }

    /// Writes on about a request; nothing where it has been cleared away.
    pub(crate) fn amend(&mut self, number: u64, change: impl FnOnce(&mut Arrival)) {
        if let Ok(index) = self.arrivals.binary_search_by_key(&number, |arrival| arrival.number) {
            change(&mut self.arrivals[index]);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.arrivals.clear();
    }

    pub(crate) fn all(&self) -> &[Arrival] {
        &self.arrivals
    }
}
