//! How the log keeps a request. Compact, because benchmarks and soaks send a million of them: an [`Arrival`] of a single
//! refresh takes 3 KB in forty pieces of memory, its record 0.9 KB in a dozen.

use serde_json::Value;

use crate::log::{Arrival, Refresh, Scope};
use crate::route::Endpoint;

/// An [`Arrival`].
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) number: u64,
    connection: u64,
    at_ms: u64,
    pub(crate) endpoint: Endpoint,
    /// Method, path, query and version; then name and value of each header.
    head: Texts,
    pub(crate) body: Box<[u8]>,
    pub(crate) complete: bool,
    client: Option<Box<str>>,
    pub(crate) executed: bool,
    pub(crate) status: Option<u16>,
    pub(crate) fault: Option<&'static str>,
    pub(crate) refreshed: Option<Box<RefreshRecord>>,
}

/// A [`Refresh`].
#[derive(Debug)]
pub(crate) struct RefreshRecord {
    by: Endpoint,
    scope: Scope,
    reason: Box<str>,
    filter: Option<Box<str>>,
    ids: Texts,
    pub(crate) names: Texts,
    unknown: Texts,
    /// As JSON.
    arguments: Box<str>,
    deleted: Texts,
    task: Box<str>,
}

impl Record {
    pub(crate) fn of(arrival: &Arrival) -> Self {
        let head = [&arrival.method, &arrival.path, &arrival.query, &arrival.version];
        let headers = arrival.headers.iter().flat_map(|(name, value)| [name, value]);
        Self {
            number: arrival.number,
            connection: arrival.connection,
            at_ms: arrival.at_ms,
            endpoint: arrival.endpoint,
            head: Texts::of(head.into_iter().chain(headers)),
            body: arrival.body.as_slice().into(),
            complete: arrival.complete,
            client: arrival.client.as_deref().map(Box::from),
            executed: arrival.executed,
            status: arrival.status,
            fault: arrival.fault,
            refreshed: arrival.refreshed.as_ref().map(|refresh| Box::new(RefreshRecord::of(refresh))),
        }
    }

    pub(crate) fn arrival(&self) -> Arrival {
        let mut head = self.head.iter().map(str::to_owned);
        let mut next = || head.next().unwrap_or_default();
        let (method, path, query, version) = (next(), next(), next(), next());
        let headers = std::iter::from_fn(|| Some((head.next()?, head.next()?))).collect();
        Arrival {
            number: self.number,
            connection: self.connection,
            at_ms: self.at_ms,
            endpoint: self.endpoint,
            method,
            path,
            query,
            version,
            headers,
            body: self.body.to_vec(),
            complete: self.complete,
            client: self.client.as_deref().map(str::to_owned),
            executed: self.executed,
            status: self.status,
            fault: self.fault,
            refreshed: self.refresh(),
        }
    }

    pub(crate) fn refresh(&self) -> Option<Refresh> {
        self.refreshed.as_ref().map(|refreshed| refreshed.refresh(self.number))
    }

    /// How much memory it takes, without what the allocator adds.
    pub(crate) fn bytes(&self) -> usize {
        let client = self.client.as_ref().map_or(0, |client| client.len());
        let refreshed = self.refreshed.as_ref().map_or(0, |refreshed| refreshed.bytes());
        size_of::<Self>() + self.head.bytes() + self.body.len() + client + refreshed
    }
}

impl RefreshRecord {
    pub(crate) fn of(refresh: &Refresh) -> Self {
        Self {
            by: refresh.by,
            scope: refresh.scope,
            reason: refresh.reason.as_str().into(),
            filter: refresh.filter.as_deref().map(Box::from),
            ids: Texts::of(&refresh.ids),
            names: Texts::of(&refresh.names),
            unknown: Texts::of(&refresh.unknown),
            arguments: refresh.arguments.to_string().into(),
            deleted: Texts::of(&refresh.deleted),
            task: refresh.task.as_str().into(),
        }
    }

    fn refresh(&self, arrival: u64) -> Refresh {
        Refresh {
            arrival,
            by: self.by,
            scope: self.scope,
            reason: self.reason.to_string(),
            filter: self.filter.as_deref().map(str::to_owned),
            ids: self.ids.to_vec(),
            names: self.names.to_vec(),
            unknown: self.unknown.to_vec(),
            arguments: serde_json::from_str(&self.arguments).unwrap_or(Value::Null),
            deleted: self.deleted.to_vec(),
            task: self.task.to_string(),
        }
    }

    fn bytes(&self) -> usize {
        let texts = [&self.ids, &self.names, &self.unknown, &self.deleted].map(Texts::bytes);
        let filter = self.filter.as_ref().map_or(0, |filter| filter.len());
        let own = size_of::<Self>() + self.reason.len() + filter + self.arguments.len() + self.task.len();
        own + texts.iter().sum::<usize>()
    }
}

/// Texts in two pieces of memory, however many they are.
#[derive(Debug)]
pub(crate) struct Texts {
    joined: Box<str>,
    /// Where each of them ends.
    ends: Box<[u32]>,
}

impl Texts {
    fn of<'a>(texts: impl IntoIterator<Item = &'a String>) -> Self {
        let mut joined = String::new();
        let ends = texts.into_iter().map(|text| {
            joined.push_str(text);
            u32::try_from(joined.len()).expect("a request, and what it refreshes, has less than 4 GB")
        });
        let ends = ends.collect();
        Self { joined: joined.into(), ends }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.ends.iter().scan(0, |begin, &end| {
            let text = &self.joined[*begin..end as usize];
            *begin = end as usize;
            Some(text)
        })
    }

    fn to_vec(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }

    fn bytes(&self) -> usize {
        self.joined.len() + size_of_val(&*self.ends)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_gives_the_arrival_that_it_was_made_of() {
        let text = |text: &str| text.to_owned();
        let mut arrival = Arrival {
            number: 7,
            connection: 2,
            at_ms: 3,
            endpoint: Endpoint::Refresh,
            method: text("POST"),
            path: text("/cc"),
            query: String::new(),
            version: text("HTTP/1.1"),
            headers: vec![(text("a"), String::new()), (text("b"), text("two\nlines")), (text("a"), text("é"))],
            body: vec![0, 255],
            complete: true,
            client: Some(text("client")),
            executed: true,
            status: Some(200),
            fault: Some("reset"),
            refreshed: Some(Refresh {
                arrival: 7,
                by: Endpoint::Refresh,
                scope: Scope::Chosen,
                reason: text("a filter"),
                filter: Some(text("uid == \"a\"")),
                ids: vec![text("1"), String::new(), text("3")],
                names: vec![text("a, b"), text("c")],
                unknown: vec![String::new()],
                arguments: json!({ "promoteAttributes": "true", "n": [0.1, null] }),
                deleted: Vec::new(),
                task: text("t"),
            }),
        };
        for _ in 0..2 {
            let again = Record::of(&arrival).arrival();
            assert_eq!(format!("{again:?}"), format!("{arrival:?}"));
            (arrival.headers, arrival.client, arrival.refreshed) = (Vec::new(), None, None);
        }
    }
}
