//! Faults on demand: what shall go wrong, where, and how often.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::route::Endpoint;

/// Something that goes wrong on purpose.
///
/// ```
/// use std::time::Duration;
/// use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind};
///
/// let _ = Fault::on(Endpoint::Refresh).kind(FaultKind::Reset);
/// let _ = Fault::on(Endpoint::Search).status(429).retry_after(2).times(3);
/// let _ = Fault::on(Endpoint::Any).kind(FaultKind::ResetBefore).every(10).times(0);
/// let _ = Fault::on(Endpoint::Token).kind(FaultKind::Slow).delay(Duration::from_secs(1)).skip(1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub(crate) on: Endpoint,
    pub(crate) kind: FaultKind,
    pub(crate) times: u64,
    pub(crate) skip: u64,
    pub(crate) every: u64,
    pub(crate) delay: Option<Duration>,
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) retry_after_date: bool,
    pub(crate) location: Option<String>,
    pub(crate) megabytes: usize,
    pub(crate) body: Option<String>,
    pub(crate) executed: Option<bool>,
}

/// What goes wrong. Where a kind says *executed*, the request has done its work before the fault shows, as if it had
/// hit the answer; where it says *not executed*, the request did nothing. [`Fault::executed`] changes that for every
/// kind whose request is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// `status`: the status of [`Fault::status`] (503 unless given) with the service's body. Not executed.
    Status,
    /// `refused`: the listening socket is closed for [`Fault::delay`] (1 s unless given; with `times` 0 until the
    /// faults are cleared) and then opened again on the same port, idle connections with it. On [`Endpoint::Any`] it
    /// closes at once, or after `skip` requests; on another endpoint when a request for it arrives, which is then
    /// reset unread. `times` does not count refused connections: nobody can. Over HTTP/2 it needs `Any`.
    Refused,
    /// `reset_before`: the connection is reset (RST) before the request was read. On [`Endpoint::Any`] each request
    /// counts, a connection's first one when the connection is accepted, before TLS; on another endpoint, and for the
    /// later requests of a connection, it happens when the first bytes of a request arrive. Not executed. Over HTTP/2
    /// only the first request of a connection is unread, and only on `Any`.
    ResetBefore,
    /// `reset`: the connection is reset after the request was read. Executed.
    Reset,
    /// `reset_unexecuted`: the connection is reset after the request was read. Not executed.
    ResetUnexecuted,
    /// `slow`: the answer comes after [`Fault::delay`] (1 s unless given). Executed.
    Slow,
    /// `slow_headers`: status line and headers come a byte at a time, [`Fault::delay`] (100 ms unless given) between
    /// them. Executed. Over HTTP/2 it is `slow`.
    SlowHeaders,
    /// `trickle`: the body comes a byte at a time, [`Fault::delay`] (100 ms unless given) between them. Executed.
    Trickle,
    /// `cut_off`: more body is promised than comes. Executed.
    CutOff,
    /// `garbage`: bytes that are no HTTP, and the end. Executed.
    Garbage,
    /// `bad_json`: 200 with `application/json` that is not JSON. Executed.
    BadJson,
    /// `html`: a proxy's page, 200 unless [`Fault::status`] says otherwise. Not executed.
    Html,
    /// `huge`: 200 with a JSON text of [`Fault::megabytes`] (64 unless given). Executed.
    Huge,
    /// `huge_gzip`: the same, gzipped to a thousandth. Executed.
    HugeGzip,
    /// `redirect`: 307 (or [`Fault::status`]) to [`Fault::location`] (`/elsewhere` here unless given). Not executed.
    Redirect,
    /// `flood`: interim answers (103) without end. Not executed. Over HTTP/2 `reset_unexecuted`.
    Flood,
    /// `echo`: 400 whose body repeats the request's Authorization header, query and body. Not executed.
    Echo,
    /// `die`: the service dies. The listening socket is closed and every connection reset, whatever was under way on it,
    /// control and all; nothing is executed or answered any more. After [`Fault::delay`] it lives again; without one,
    /// when [`crate::Sandbox::clear_faults`] says so, and the program ends. Not executed: the request that it hits is
    /// the first that is lost.
    Die,
    /// `panic`: the sandbox panics: the connection ends, and dropping the [`crate::Sandbox`] fails the test. Not
    /// executed.
    Panic,
    /// `refused_stream`: RST_STREAM with REFUSED_STREAM. Not executed. HTTP/2 only: over HTTP/1.1 `reset_unexecuted`.
    RefusedStream,
    /// `goaway`: GOAWAY whose last stream is the one before, and the end of the connection. Not executed. HTTP/2
    /// only: over HTTP/1.1 `reset_unexecuted`.
    Goaway,
}

const NAMES: [(FaultKind, &str); 21] = [
    (FaultKind::Status, "status"),
    (FaultKind::Refused, "refused"),
    (FaultKind::ResetBefore, "reset_before"),
    (FaultKind::Reset, "reset"),
    (FaultKind::ResetUnexecuted, "reset_unexecuted"),
    (FaultKind::Slow, "slow"),
    (FaultKind::SlowHeaders, "slow_headers"),
    (FaultKind::Trickle, "trickle"),
    (FaultKind::CutOff, "cut_off"),
    (FaultKind::Garbage, "garbage"),
    (FaultKind::BadJson, "bad_json"),
    (FaultKind::Html, "html"),
    (FaultKind::Huge, "huge"),
    (FaultKind::HugeGzip, "huge_gzip"),
    (FaultKind::Redirect, "redirect"),
    (FaultKind::Flood, "flood"),
    (FaultKind::Echo, "echo"),
    (FaultKind::Die, "die"),
    (FaultKind::Panic, "panic"),
    (FaultKind::RefusedStream, "refused_stream"),
    (FaultKind::Goaway, "goaway"),
];

impl FaultKind {
    /// Every kind there is.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(kind, _)| *kind)
    }

    /// Its name in the control JSON and in the log.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).expect("every kind is in NAMES: a test holds it").1
    }

    fn is_executed(self) -> bool {
        use FaultKind::*;
        matches!(self, Reset | Slow | SlowHeaders | Trickle | CutOff | Garbage | BadJson | Huge | HugeGzip)
    }
}

impl Fault {
    /// A fault on requests for an endpoint, or for any: 503, once, until something else is said.
    pub fn on(endpoint: Endpoint) -> Self {
        Self {
            on: endpoint,
            kind: FaultKind::Status,
            times: 1,
            skip: 0,
            every: 1,
            delay: None,
            status: None,
            retry_after: None,
            retry_after_date: false,
            location: None,
            megabytes: 64,
            body: None,
            executed: None,
        }
    }

    /// What goes wrong.
    pub fn kind(mut self, kind: FaultKind) -> Self {
        self.kind = kind;
        self
    }

    /// How often (1 unless given); 0 for ever.
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// How many requests pass first.
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Hits the n-th, 2n-th … request after those skipped, instead of each.
    pub fn every(mut self, every: u64) -> Self {
        self.every = every.max(1);
        self
    }

    /// How long, for the kinds that take time.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// An HTTP status: of the kind [`FaultKind::Status`] unless `kind` says otherwise.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a Retry-After header of so many seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds a Retry-After header with the date so many seconds from when it is answered.
    pub fn retry_after_date(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self.retry_after_date = true;
        self
    }

    /// Where a redirect leads.
    pub fn location(mut self, location: &str) -> Self {
        self.location = Some(location.to_owned());
        self
    }

    /// How large a huge body is.
    pub fn megabytes(mut self, megabytes: usize) -> Self {
        self.megabytes = megabytes;
        self
    }

    /// A body of one's own for `status`, `html`, `bad_json` and `garbage`.
    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.to_owned());
        self
    }

    /// Whether the request does its work before the fault shows, other than its kind has it.
    pub fn executed(mut self, executed: bool) -> Self {
        self.executed = Some(executed);
        self
    }

    /// Reads a fault of the control JSON.
    ///
    /// # Errors
    ///
    /// Which member is wrong, and what it must be.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let members = value.as_object().ok_or("a fault is an object")?;
        const MEMBERS: [&str; 12] = [
            "on",
            "kind",
            "times",
            "skip",
            "every",
            "delayMs",
            "status",
            "retryAfter",
            "retryAfterDate",
            "location",
            "megabytes",
            "body",
        ];
        if let Some(unknown) = members.keys().find(|name| *name != "executed" && !MEMBERS.contains(&name.as_str())) {
            return Err(format!("`{unknown}` is unknown; a fault has {} and executed", MEMBERS.join(", ")));
        }
        let on = text(members, "on")?.unwrap_or("any");
        let on = Endpoint::from_name(on).ok_or_else(|| {
            format!("`on` is one of {}", Endpoint::all().map(Endpoint::name).collect::<Vec<_>>().join(", "))
        })?;
        let name = text(members, "kind")?.unwrap_or("status");
        let kind = NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| format!("`kind` is one of {}", NAMES.map(|(_, name)| name).join(", ")))?;
        let mut fault = Self::on(on).kind(kind);
        fault.times = number(members, "times")?.unwrap_or(1);
        fault.skip = number(members, "skip")?.unwrap_or(0);
        fault.every = number(members, "every")?.unwrap_or(1).max(1);
        fault.delay = number(members, "delayMs")?.map(Duration::from_millis);
        fault.status = match number(members, "status")? {
            None => None,
            Some(status @ 200..=599) => u16::try_from(status).ok(),
            Some(_) => return Err("`status` is 200 to 599".to_owned()),
        };
        fault.retry_after = number(members, "retryAfter")?;
        if let Some(seconds) = number(members, "retryAfterDate")? {
            fault = fault.retry_after_date(seconds);
        }
        fault.location = text(members, "location")?.map(str::to_owned);
        fault.megabytes = usize::try_from(number(members, "megabytes")?.unwrap_or(64)).map_err(|e| e.to_string())?;
        fault.body = text(members, "body")?.map(str::to_owned);
        fault.executed = match members.get("executed") {
            None | Some(Value::Null) => None,
            Some(Value::Bool(executed)) => Some(*executed),
            Some(_) => return Err("`executed` is true or false".to_owned()),
        };
        Ok(fault)
    }

    /// As the control JSON has it, what is not set left out.
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "on": self.on.name(), "kind": self.kind.name(), "times": self.times, "skip": self.skip, "every": self.every,
        });
        if let Some(status) = self.status {
            json["status"] = status.into();
        }
        if let Some(delay) = self.delay {
            json["delayMs"] = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).into();
        }
        json
    }

    pub(crate) fn is_executed(&self) -> bool {
        self.executed.unwrap_or_else(|| self.kind.is_executed())
    }
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` is a text")),
    }
}

fn number(members: &Map<String, Value>, name: &str) -> Result<Option<u64>, String> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| format!("`{name}` is a whole number, 0 or more")),
    }
}

/// The faults that are set, and how far each has come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    set: Vec<(Fault, Progress)>,
}

#[derive(Debug, Default)]
struct Progress {
    seen: u64,
    done: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.set.push((fault, Progress::default()));
    }

    pub(crate) fn clear(&mut self) {
        self.set.clear();
    }

    /// The faults that are not used up.
    pub(crate) fn left(&self) -> impl Iterator<Item = &Fault> {
        self.set.iter().filter(|(fault, progress)| !progress.is_over(fault)).map(|(fault, _)| fault)
    }

    /// The fault that hits this request, of those that `concerns` chooses. Every fault that is looked at counts it;
    /// the first that is due hits.
    pub(crate) fn next(&mut self, concerns: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut hit = None;
        for (fault, progress) in self.set.iter_mut().filter(|(fault, _)| concerns(fault)) {
            if progress.is_over(fault) {
                continue;
            }
            progress.seen += 1;
            let after = progress.seen.saturating_sub(fault.skip);
            if hit.is_none() && after > 0 && after.is_multiple_of(fault.every) {
                progress.done += 1;
                hit = Some(fault.clone());
            }
        }
        hit
    }
}

impl Progress {
    fn is_over(&self, fault: &Fault) -> bool {
        fault.times != 0 && self.done >= fault.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_that_reads_back() {
        for kind in FaultKind::all() {
            let json = json!({ "on": "refresh", "kind": kind.name() });
            assert_eq!(Fault::from_json(&json), Ok(Fault::on(Endpoint::Refresh).kind(kind)));
        }
    }

    #[test]
    fn skip_every_and_times_count_requests() {
        let mut faults = Faults::default();
        faults.add(Fault::on(Endpoint::Search).skip(1).every(2).times(2));
        let hits: Vec<bool> = (0..8).map(|_| faults.next(|_| true).is_some()).collect();
        assert_eq!(hits, [false, false, true, false, true, false, false, false]);
        assert_eq!(faults.left().count(), 0);
    }

    #[test]
    fn what_is_wrong_in_a_fault_is_said() {
        for (json, says) in [
            (json!([]), "object"),
            (json!({ "on": "nowhere" }), "`on` is one of token, refresh"),
            (json!({ "kind": "storm" }), "`kind` is one of status"),
            (json!({ "times": -1 }), "`times` is a whole number"),
            (json!({ "tmies": 1 }), "`tmies` is unknown"),
            (json!({ "status": 9 }), "200 to 599"),
        ] {
            let error = Fault::from_json(&json).expect_err("it is wrong");
            assert!(error.contains(says), "{error}");
        }
    }
}
