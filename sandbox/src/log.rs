//! The log of the requests that arrived, which tests read.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::record::{Record, RefreshRecord};
use crate::route::Endpoint;

/// A request. The log is in the order in which the heads of the requests arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Arrival {
    /// 1, 2, 3 …; clearing the log does not start it again.
    pub number: u64,
    /// The number of its connection: 1, 2, 3 …
    pub connection: u64,
    /// Milliseconds since the sandbox was started.
    pub at_ms: u64,
    /// The endpoint of its path.
    pub endpoint: Endpoint,
    /// `POST` …; empty for a connection that was reset before anything was read.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// In the order in which they came, names in lower case. Authorization is not left out: it is only a sandbox's.
    pub headers: Vec<(String, String)>,
    /// The body; of an incomplete one, the part that arrived.
    pub body: Vec<u8>,
    /// Whether the whole body arrived. An incomplete request is never executed.
    pub complete: bool,
    /// The client whose token it carried.
    pub client: Option<String>,
    /// Whether it was executed: the search ran, the refresh started.
    pub executed: bool,
    /// The status of the answer; `None` before the answer, and if a fault replaced it.
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
    /// The endpoint: `Refresh` (`/cc`), `Process` or `Synchronize`.
    pub by: Endpoint,
    /// How many identities it refreshed.
    pub scope: Scope,
    /// Why everybody was refreshed; for other scopes, by which filter.
    pub reason: String,
    /// The filter as it was sent.
    pub filter: Option<String>,
    /// The ids of the refreshed identities, in the order of the tenant.
    pub ids: Vec<String>,
    /// Their user names, in the same order.
    pub names: Vec<String>,
    /// Unknown ids in the request (`Process` only).
    pub unknown: Vec<String>,
    /// `refreshArgs` as they were sent, or null.
    pub arguments: Value,
    /// The user names of the identities that `pruneIdentities` deleted.
    pub deleted: Vec<String>,
    /// The id of its task.
    pub task: String,
}

/// How many identities a refresh touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `everybody`: a full refresh of the tenant. On `/cc`, a filter that matches everybody is `chosen`.
    Everybody,
    /// `chosen`: the matches of the filter, or the ids in the request.
    Chosen,
    /// `nobody`: no identity.
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
    /// A request of which nothing was read yet.
    pub(crate) fn new(connection: u64, at_ms: u64, endpoint: Endpoint) -> Self {
        Self {
            number: 0,
            connection,
            at_ms,
            endpoint,
            method: String::new(),
            path: String::new(),
            query: String::new(),
            version: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            complete: false,
            client: None,
            executed: false,
            status: None,
            fault: None,
            refreshed: None,
        }
    }

    /// A header's first value, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text, with U+FFFD where it is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// As in `GET /sandbox/log`.
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
    /// As in `GET /sandbox/log`.
    pub fn to_json(&self) -> Value {
        json!({
            "by": self.by.name(), "scope": self.scope.name(), "reason": self.reason, "filter": self.filter,
            "ids": self.ids, "names": self.names, "unknown": self.unknown, "arguments": self.arguments,
            "deleted": self.deleted, "task": self.task,
        })
    }

    /// One line for people to read: who was refreshed, how many of how many, and why.
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

/// The newest requests that arrived, and counts of all of them.
#[derive(Debug)]
pub(crate) struct Log {
    records: VecDeque<Record>,
    /// The memory that the records take, and may take.
    bytes: usize,
    most: usize,
    last: u64,
    /// The last number before the log was cleared.
    cleared: u64,
    dropped: Dropped,
}

/// What is known of requests that are not kept any more.
#[derive(Debug, Default)]
struct Dropped {
    arrivals: u64,
    by_endpoint: BTreeMap<&'static str, u64>,
    refreshes_by_name: BTreeMap<String, u64>,
}

impl Log {
    /// A log that keeps so many bytes of requests, and the newest request in any case.
    pub(crate) fn new(most: usize) -> Self {
        Self { records: VecDeque::new(), bytes: 0, most, last: 0, cleared: 0, dropped: Dropped::default() }
    }

    /// Enters a request, and returns its number.
    pub(crate) fn enter(&mut self, mut arrival: Arrival) -> u64 {
        self.last += 1;
        arrival.number = self.last;
        let record = Record::of(&arrival);
        self.bytes += record.bytes();
        self.records.push_back(record);
        self.drop_oldest();
        self.last
    }

    /// Changes the record of a request, if it is still kept.
    pub(crate) fn amend(&mut self, number: u64, change: impl FnOnce(&mut Record)) {
        if let Ok(index) = self.records.binary_search_by_key(&number, |record| record.number) {
            let record = &mut self.records[index];
            self.bytes -= record.bytes();
            change(record);
            self.bytes += record.bytes();
            self.drop_oldest();
        }
    }

    /// Adds to a request's record what it has refreshed. It is counted even if the record is not kept any more, unless the
    /// log was cleared since.
    pub(crate) fn add_refresh(&mut self, refresh: &Refresh) {
        let first = self.records.front().map_or(self.last + 1, |record| record.number);
        if refresh.arrival >= first {
            self.amend(refresh.arrival, |record| record.refreshed = Some(Box::new(RefreshRecord::of(refresh))));
        } else if refresh.arrival > self.cleared {
            self.dropped.count_refresh(refresh.names.iter().map(String::as_str));
        }
    }

    fn drop_oldest(&mut self) {
        while self.bytes > self.most
            && self.records.len() > 1
            && let Some(record) = self.records.pop_front()
        {
            self.bytes -= record.bytes();
            self.dropped.arrivals += 1;
            *self.dropped.by_endpoint.entry(record.endpoint.name()).or_default() += 1;
            if let Some(refreshed) = &record.refreshed {
                self.dropped.count_refresh(refreshed.names.iter());
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
        (self.bytes, self.cleared, self.dropped) = (0, self.last, Dropped::default());
    }

    /// The records that are kept, the oldest first.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    /// How many requests are not kept any more.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.arrivals
    }

    /// By user name, how often an identity was refreshed, by requests that are not kept any more too.
    pub(crate) fn refresh_counts(&self) -> BTreeMap<&str, u64> {
        let dropped = self.dropped.refreshes_by_name.iter().map(|(name, &count)| (name.as_str(), count));
        let mut counts: BTreeMap<&str, u64> = dropped.collect();
        let refreshes = self.records.iter().filter_map(|record| record.refreshed.as_ref());
        refreshes.flat_map(|refreshed| refreshed.names.iter()).for_each(|name| *counts.entry(name).or_default() += 1);
        counts
    }

    /// By endpoint, how many requests arrived, those that are not kept any more included.
    pub(crate) fn arrival_counts(&self) -> BTreeMap<&str, u64> {
        let mut counts = self.dropped.by_endpoint.clone();
        self.records.iter().for_each(|record| *counts.entry(record.endpoint.name()).or_default() += 1);
        counts
    }
}

impl Dropped {
    fn count_refresh<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            match self.refreshes_by_name.get_mut(name) {
                Some(count) => *count += 1,
                None => drop(self.refreshes_by_name.insert(name.to_owned(), 1)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival() -> Arrival {
        Arrival { complete: true, executed: true, ..Arrival::new(1, 0, Endpoint::Process) }
    }

    fn refresh(arrival: u64) -> Refresh {
        Refresh {
            arrival,
            by: Endpoint::Process,
            scope: Scope::Chosen,
            reason: String::new(),
            filter: None,
            ids: vec!["1".to_owned()],
            names: vec!["smith".to_owned()],
            unknown: Vec::new(),
            arguments: Value::Null,
            deleted: Vec::new(),
            task: String::new(),
        }
    }

    #[test]
    fn a_refresh_of_a_dropped_request_is_counted_and_one_from_before_a_clear_is_not() {
        let mut log = Log::new(1);
        let [first, _, last] = [(); 3].map(|()| log.enter(arrival()));
        assert_eq!((log.kept().count(), log.dropped()), (1, 2), "the newest is kept, however large");
        log.add_refresh(&refresh(first));
        log.add_refresh(&refresh(last));
        assert_eq!(log.refresh_counts(), BTreeMap::from([("smith", 2)]));
        log.clear();
        log.add_refresh(&refresh(last));
        assert_eq!((log.refresh_counts().len(), log.dropped()), (0, 0));
        let next = log.enter(arrival());
        log.add_refresh(&refresh(next));
        assert_eq!(log.refresh_counts(), BTreeMap::from([("smith", 1)]));
    }
}
