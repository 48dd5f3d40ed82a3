//! The server: accepts connections, reads requests, logs them, lets faults hit them, and answers.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::answer::Answer;
use crate::body::Pieces;
use crate::control;
use crate::fault::{Fault, FaultKind};
use crate::inflict::inflict;
use crate::log::{Arrival, Refresh};
use crate::route::{Endpoint, Route};
use crate::tenant::{Ask, Tenant};
use crate::wire::{Ending, Stream, Wire};

/// What all connections share with the handle of the sandbox.
pub(crate) struct Shared {
    tenant: Mutex<Tenant>,
    pub(crate) door: watch::Sender<Door>,
    /// Whether the listening socket is open.
    pub(crate) listening: AtomicBool,
    /// The first panic.
    pub(crate) panicked: Mutex<Option<String>>,
    /// Called with each refresh, and the number of people.
    pub(crate) report: Option<Report>,
}

pub(crate) type Report = Box<dyn Fn(&Refresh, usize) + Send + Sync>;

/// The listening socket, as it shall be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Door {
    Open,
    /// Closed until then, or until it is opened.
    Closed(Option<Instant>),
}

/// What becomes of a request.
pub(crate) enum Outcome {
    Answer(Response<Pieces>),
    /// No answer: the end of the connection.
    End(Ending),
    /// No answer: the end of the HTTP/2 stream, as not processed.
    RefusedStream,
}

impl Shared {
    pub(crate) fn new(tenant: Tenant, report: Option<Report>) -> Self {
        Self {
            tenant: Mutex::new(tenant),
            door: watch::Sender::new(Door::Open),
            listening: AtomicBool::new(true),
            panicked: Mutex::new(None),
            report,
        }
    }

    /// A panic is kept apart and reported at the end; the lock goes on.
    pub(crate) fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn close_door(&self, fault: &Fault) {
        let until = (fault.times != 0).then(|| Instant::now() + fault.delay.unwrap_or(Duration::from_secs(1)));
        self.door.send_replace(Door::Closed(until));
    }

    /// Sets a fault. A door that closes at once needs no request to hit; one that closes after n requests closes
    /// behind the n-th.
    pub(crate) fn set_fault(&self, mut fault: Fault) {
        if fault.kind == FaultKind::Refused && fault.on == Endpoint::Any {
            if fault.skip == 0 {
                return self.close_door(&fault);
            }
            fault.skip -= 1;
        }
        self.tenant().faults.add(fault);
    }

    pub(crate) fn clear_faults(&self) {
        self.tenant().faults.clear();
        self.door.send_replace(Door::Open);
    }

    fn keep_panic(&self, error: tokio::task::JoinError) {
        let Ok(panic) = error.try_into_panic() else {
            return;
        };
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let mut first = self.panicked.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(text.unwrap_or_else(|| "a panic without a text".to_owned()));
    }
}

/// Accepts connections for ever, and closes and opens the door as it is told.
pub(crate) async fn accept(shared: Arc<Shared>, mut listener: TcpListener, tls: Option<Tls>) {
    let address = listener.local_addr().expect("a bound socket has an address");
    let mut door = shared.door.subscribe();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error is that of one connection (or of too many open files): the next may be fine.
                let Ok((stream, _)) = accepted else { continue };
                let connection = tokio::spawn(serve(shared.clone(), stream, tls.clone()));
                let shared = shared.clone();
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        shared.keep_panic(error);
                    }
                });
            }
            _ = door.changed() => {
                let state = *door.borrow_and_update();
                let Door::Closed(until) = state else { continue };
                drop(listener);
                shared.listening.store(false, Ordering::SeqCst);
                let opened = door.wait_for(|state| *state == Door::Open);
                match until {
                    None => drop(opened.await),
                    Some(until) => drop(tokio::time::timeout_at(until, opened).await),
                }
                listener = loop {
                    match TcpListener::bind(address).await {
                        Ok(listener) => break listener,
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    }
                };
                shared.door.send_if_modified(|state| std::mem::replace(state, Door::Open) != Door::Open);
                shared.listening.store(true, Ordering::SeqCst);
            }
        }
    }
}

/// How to speak TLS.
#[derive(Clone)]
pub(crate) struct Tls(pub(crate) TlsAcceptor);

/// One connection while it lives.
struct Life {
    number: u64,
    requests: AtomicU64,
    in_flight: AtomicUsize,
    ending: Mutex<Option<Ending>>,
    ends: Notify,
}

impl Life {
    fn end(&self, ending: Ending) {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(ending);
        self.ends.notify_one();
    }

    async fn ended(&self) -> Ending {
        self.ends.notified().await;
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Ending::Close)
    }
}

async fn serve(shared: Arc<Shared>, tcp: TcpStream, tls: Option<Tls>) {
    let (number, keep_alive) = {
        let mut tenant = shared.tenant();
        tenant.connections += 1;
        (tenant.connections, tenant.settings.keep_alive)
    };
    // Small answers must not wait for the acknowledgement of the ones before.
    let _ = tcp.set_nodelay(true);
    if is_reset_at_once(&shared, &tcp, number).await {
        let _ = tcp.set_zero_linger();
        return;
    }
    let (stream, http2) = match tls {
        None => (Stream::Plain(tcp), false),
        Some(Tls(acceptor)) => {
            // A client that does not trust us ends here.
            let Ok(stream) = acceptor.accept(tcp).await else {
                return;
            };
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            (Stream::Tls(Box::new(stream)), http2)
        }
    };
    let life = Arc::new(Life {
        number,
        requests: AtomicU64::new(0),
        in_flight: AtomicUsize::new(0),
        ending: Mutex::new(None),
        ends: Notify::new(),
    });
    let wire = Wire::new(stream, {
        let (shared, life) = (shared.clone(), life.clone());
        move |bytes| !http2 && is_reset_unread(&shared, &life, bytes)
    });
    let service = service_fn({
        let (shared, life) = (shared.clone(), life.clone());
        move |request| respond(shared.clone(), life.clone(), request)
    });
    let io = TokioIo::new(wire.clone());
    if http2 {
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .serve_connection(io, service);
        drive(&shared, &life, wire, keep_alive, connection).await;
    } else {
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .keep_alive(!keep_alive.is_zero())
            .serve_connection(io, service);
        drive(&shared, &life, wire, keep_alive, connection).await;
    }
}

/// Lets hyper serve until the client goes, a fault ends it, it has been idle for too long, or the door closes.
async fn drive(shared: &Shared, life: &Life, wire: Wire, keep_alive: Duration, connection: impl GracefulConnection) {
    let ending = {
        let mut connection = pin!(connection);
        let mut door = shared.door.subscribe();
        let mut idle_until = Instant::now() + keep_alive;
        loop {
            tokio::select! {
                _ = connection.as_mut() => return,
                ending = life.ended() => break ending,
                _ = tokio::time::sleep_until(idle_until), if !keep_alive.is_zero() => {
                    idle_until = wire.last_active() + keep_alive;
                    if idle_until > Instant::now() {
                        continue;
                    }
                    if life.in_flight.load(Ordering::SeqCst) == 0 {
                        break Ending::Close;
                    }
                    idle_until = Instant::now() + keep_alive;
                }
                () = closing(&mut door) => {
                    connection.as_mut().graceful_shutdown();
                    // Once is enough; what is under way is still answered.
                    tokio::select! {
                        _ = connection.as_mut() => return,
                        ending = life.ended() => break ending,
                    }
                }
            }
        }
    };
    wire.end(ending).await;
}

async fn closing(door: &mut watch::Receiver<Door>) {
    if door.wait_for(|door| *door != Door::Open).await.is_err() {
        // Without a door there is nothing to wait for; the connection's task ends with the runtime.
        pending().await
    }
}

/// `reset_before` on any: before the first request is read. A peek tells the control requests, which are spared.
async fn is_reset_at_once(shared: &Shared, tcp: &TcpStream, connection: u64) -> bool {
    let concerns = |fault: &Fault| fault.on == Endpoint::Any && fault.kind == FaultKind::ResetBefore;
    if !shared.tenant().faults.left().any(concerns) {
        return false;
    }
    let mut start = [0; 32];
    let peek = tokio::time::timeout(Duration::from_secs(1), tcp.peek(&mut start)).await;
    let length = peek.ok().and_then(Result::ok).unwrap_or_default();
    let is_control =
        start[..length].split(|byte| *byte == b' ').nth(1).is_some_and(|path| path.starts_with(b"/sandbox/"));
    let mut tenant = shared.tenant();
    if is_control || tenant.faults.next(concerns).is_none() {
        return false;
    }
    let arrival = arrival(&tenant, connection, Endpoint::Any, Some(FaultKind::ResetBefore));
    tenant.log.enter(arrival);
    true
}

/// `reset_before` and `refused` on one endpoint: when the first bytes of a request for it come.
fn is_reset_unread(shared: &Shared, life: &Life, bytes: &[u8]) -> bool {
    let Some((method, target)) = request_line(bytes) else {
        return false;
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let endpoint = Route::of(path).endpoint;
    let mut tenant = shared.tenant();
    let Some(fault) = tenant.faults.next(|fault| is_unread(fault) && fault.on == endpoint) else {
        return false;
    };
    let mut arrival = arrival(&tenant, life.number, endpoint, Some(fault.kind));
    (arrival.method, arrival.path, arrival.query) = (method.to_owned(), path.to_owned(), query.to_owned());
    tenant.log.enter(arrival);
    drop(tenant);
    if fault.kind == FaultKind::Refused {
        shared.close_door(&fault);
    }
    life.end(Ending::Reset);
    true
}

fn is_unread(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::ResetBefore | FaultKind::Refused)
}

/// Method and target, where these bytes begin a request.
fn request_line(bytes: &[u8]) -> Option<(&str, &str)> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    version.starts_with("HTTP/").then_some((method, target))
}

fn arrival(tenant: &Tenant, connection: u64, endpoint: Endpoint, fault: Option<FaultKind>) -> Arrival {
    Arrival {
        number: 0,
        connection,
        at_ms: u64::try_from(tenant.started.elapsed().as_millis()).unwrap_or(u64::MAX),
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
        fault: fault.map(FaultKind::name),
        refreshed: None,
    }
}

/// One request, from hyper and back. The work is a task of its own: it goes on when the client leaves, as it does at
/// the service, and a panic in it is caught.
async fn respond(
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
        Outcome::Answer(response) => Ok(response),
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
    if path.starts_with("/sandbox/") {
        let (body, _) = read(body).await;
        return Outcome::Answer(control::answer(&shared, head.method.as_str(), &path, &body).into_response());
    }
    let route = Route::of(&path);
    let number = {
        let mut tenant = shared.tenant();
        let authorization = headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str());
        let mut arrival = arrival(&tenant, life.number, route.endpoint, None);
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
        tenant.log.amend(number, |arrival| {
            arrival.body.clone_from(&body);
            arrival.complete = complete;
        });
        if !complete {
            return Outcome::End(Ending::Close);
        }
        let ask = Ask { number, route, method: head.method.to_string(), query, headers, body };
        let endpoint = ask.route.endpoint;
        // Over HTTP/1.1 these have had their turn before the request was read.
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
        let mut refresh = None;
        tenant.log.amend(number, |arrival| {
            arrival.fault = fault.as_ref().map(|fault| fault.kind.name());
            refresh = arrival.refreshed.clone();
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
        shared.tenant().log.amend(number, |arrival| arrival.status = Some(response.status().as_u16()));
    }
    outcome
}

/// What came of a body, and whether that was all of it.
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

    /// The same status and headers over a body that comes in another way.
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
