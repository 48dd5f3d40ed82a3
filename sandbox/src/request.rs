//! The way of a request: it is read, logged, hit by a fault, executed, and answered.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};

use crate::answer::Answer;
use crate::body::Pieces;
use crate::connection::{Life, is_unread};
use crate::control;
use crate::fault::{Fault, FaultKind};
use crate::inflict::inflict;
use crate::route::{Endpoint, Route};
use crate::server::Shared;
use crate::tenant::Ask;
use crate::wire::Ending;

/// The outcome of a request.
pub(crate) enum Outcome {
    Answer(Response<Pieces>),
    /// No answer: the end of the connection.
    End(Ending),
    /// No answer: the end of the HTTP/2 stream, as not processed.
    RefusedStream,
}

/// Answers a request of hyper's. A task of its own handles it: it continues when the client disconnects, as at the
/// service, and a panic in it is caught.
pub(crate) async fn respond(
    shared: Arc<Shared>,
    life: Arc<Life>,
    request: Request<Incoming>,
) -> Result<Response<Pieces>, h2::Error> {
    struct InFlight(Arc<Life>);
    impl Drop for InFlight {
        fn drop(&mut self) {
            self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        }
    }
    life.in_flight.fetch_add(1, Ordering::SeqCst);
    let in_flight = InFlight(life.clone());
    let outcome = match tokio::spawn(handle(shared.clone(), life.clone(), request)).await {
        Ok(outcome) => outcome,
        Err(error) => {
            shared.keep_panic(error);
            Outcome::End(Ending::Close)
        }
    };
    match outcome {
        Outcome::Answer(mut response) => {
            let date = shared.clock.http_date().parse().expect("a date is a valid header value");
            response.headers_mut().insert(hyper::header::DATE, date);
            Ok(response)
        }
        Outcome::RefusedStream => Err(h2::Reason::REFUSED_STREAM.into()),
        Outcome::End(ending) => {
            in_flight.0.end(ending);
            let never: Infallible = pending().await;
            match never {}
        }
    }
}

async fn handle(shared: Arc<Shared>, life: Arc<Life>, request: Request<Incoming>) -> Outcome {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if shared.is_dead() {
        return Outcome::End(Ending::Reset);
    }
    if path.starts_with("/sandbox/") {
        let (body, _) = read(body).await;
        return Outcome::Answer(control::answer(&shared, head.method.as_str(), &path, &body).into_response());
    }
    let route = Route::of(&path);
    let number = {
        let mut tenant = shared.tenant();
        let authorization = headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str());
        let mut arrival = tenant.arrival(life.number, route.endpoint, None);
        arrival.client = tenant.auth.client_of(authorization).map(str::to_owned);
        arrival.method = head.method.to_string();
        (arrival.path, arrival.query, arrival.version) = (path, query.clone(), format!("{:?}", head.version));
        arrival.headers = headers.clone();
        tenant.log.enter(arrival)
    };
    let nth = life.requests.fetch_add(1, Ordering::SeqCst) + 1;
    let (body, complete) = read(body).await;
    let http2 = head.version == hyper::Version::HTTP_2;
    let (ask, fault, answer, refresh) = {
        let mut tenant = shared.tenant();
        tenant.log.amend(number, |record| {
            record.body = body.as_slice().into();
            record.complete = complete;
        });
        if !complete {
            return Outcome::End(Ending::Close);
        }
        if shared.is_dead() {
            return Outcome::End(Ending::Reset);
        }
        let ask = Ask { number, route, method: head.method.to_string(), query, headers, body };
        let endpoint = ask.route.endpoint;
        // Over HTTP/1.1 the connection has applied these faults before the request was read.
        let fault = tenant.faults.next(|fault| match fault.on {
            Endpoint::Any => !is_unread(fault),
            on => on.covers(endpoint) && (http2 || !is_unread(fault)),
        });
        let is_refused = |fault: &Fault| fault.on == Endpoint::Any && fault.kind == FaultKind::Refused;
        if let Some(fault) = tenant.faults.next(is_refused) {
            shared.close_door(&fault);
        }
        let answer = match &fault {
            Some(fault) if !fault.is_executed() => None,
            _ => Some(tenant.answer(&ask)),
        };
        if let Some(fault) = fault.as_ref().filter(|fault| fault.kind == FaultKind::Die) {
            shared.die(fault);
        }
        let mut refresh = None;
        tenant.log.amend(number, |record| {
            record.fault = fault.as_ref().map(|fault| fault.kind.name());
            refresh = shared.report.as_ref().and_then(|_| record.refresh());
        });
        (ask, fault, answer, refresh.map(|refresh| (refresh, tenant.people.len())))
    };
    if let (Some((refresh, people)), Some(report)) = (refresh, &shared.report) {
        report(&refresh, people);
    }
    let outcome = match (fault, answer) {
        (None, answer) => Outcome::Answer(answer.expect("without a fault there is an answer").into_response()),
        (Some(fault), answer) => inflict(&shared, &fault, &ask, answer, http2, nth).await,
    };
    if let Outcome::Answer(response) = &outcome {
        shared.tenant().log.amend(number, |record| record.status = Some(response.status().as_u16()));
    }
    outcome
}

/// The part of a body that arrived, and whether it is complete.
async fn read(mut body: Incoming) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

impl Answer {
    pub(crate) fn into_response(self) -> Response<Pieces> {
        let length = self.body.len();
        self.into_response_of(Pieces::whole, length)
    }

    /// The same status and headers with a body of this length that is sent in another way.
    pub(crate) fn into_response_of(self, body: impl FnOnce(Vec<u8>) -> Pieces, length: usize) -> Response<Pieces> {
        let mut response = Response::builder().status(self.status);
        if self.status != 204 {
            response = response.header("content-length", length);
        }
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(body(self.body)).expect("statuses and header values of ours are valid")
    }
}
