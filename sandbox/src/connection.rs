//! A connection: from its acceptance to its end, good or bad.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::fault::{Fault, FaultKind};
use crate::request::respond;
use crate::route::{Endpoint, Route};
use crate::server::{Door, Shared, Tls};
use crate::wire::{Ending, Stream, Wire};

/// One connection while it lives.
pub(crate) struct Life {
    pub(crate) number: u64,
    pub(crate) requests: AtomicU64,
    pub(crate) in_flight: AtomicUsize,
    /// Whether faults that reset unread have counted the first request already.
    is_counted: AtomicBool,
    ending: Mutex<Option<Ending>>,
    ends: Notify,
}

impl Life {
    pub(crate) fn end(&self, ending: Ending) {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(ending);
        self.ends.notify_one();
    }

    async fn ended(&self) -> Ending {
        self.ends.notified().await;
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Ending::Close)
    }
}

pub(crate) async fn serve(shared: Arc<Shared>, tcp: TcpStream, tls: Option<Tls>) {
    let (number, keep_alive) = {
        let mut tenant = shared.tenant();
        tenant.connections += 1;
        (tenant.connections, tenant.settings.keep_alive)
    };
    // Small answers must not wait for the acknowledgement of the ones before.
    let _ = tcp.set_nodelay(true);
    let start = at_once(&shared, &tcp, number).await;
    if start == Start::Reset || shared.is_dead() {
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
        is_counted: AtomicBool::new(start == Start::Counted),
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

/// Lets hyper serve until the client goes, a fault ends it, it has been idle for too long, the door closes, or the
/// sandbox dies.
async fn drive(shared: &Shared, life: &Life, wire: Wire, keep_alive: Duration, connection: impl GracefulConnection) {
    let taking = Taking::new(shared);
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
                () = until(&mut door, |door| *door != Door::Open) => {
                    if shared.is_dead() {
                        break Ending::Reset;
                    }
                    connection.as_mut().graceful_shutdown();
                    drop(taking);
                    // Once is enough; what is under way is still answered.
                    tokio::select! {
                        _ = connection.as_mut() => return,
                        ending = life.ended() => break ending,
                        () = until(&mut door, |door| matches!(door, Door::Dead(_))) => break Ending::Reset,
                    }
                }
            }
        }
    };
    wire.end(ending).await;
}

/// Counts a connection until it takes no further request.
struct Taking<'a>(&'a AtomicUsize);

impl<'a> Taking<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.taking.fetch_add(1, Ordering::SeqCst);
        Self(&shared.taking)
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn until(door: &mut watch::Receiver<Door>, state: impl FnMut(&Door) -> bool) {
    if door.wait_for(state).await.is_err() {
        // Without a door there is nothing to wait for; the connection's task ends with the runtime.
        pending().await
    }
}

/// How a connection starts.
#[derive(PartialEq)]
enum Start {
    /// No fault has looked at it.
    Unseen,
    /// Faults have counted its first request, and let it pass.
    Counted,
    Reset,
}

/// `reset_before` on any: before the first request is read. A peek tells the control requests, which are spared.
async fn at_once(shared: &Shared, tcp: &TcpStream, connection: u64) -> Start {
    let concerns = |fault: &Fault| fault.on == Endpoint::Any && fault.kind == FaultKind::ResetBefore;
    if !shared.tenant().faults.left().any(concerns) {
        return Start::Unseen;
    }
    let mut start = [0; 32];
    let peek = tokio::time::timeout(Duration::from_secs(1), tcp.peek(&mut start)).await;
    let length = peek.ok().and_then(Result::ok).unwrap_or_default();
    let is_control = start[..length].split(|byte| *byte == b' ').nth(1).is_some_and(|path| path.starts_with(CONTROL));
    if is_control {
        return Start::Unseen;
    }
    let mut tenant = shared.tenant();
    if tenant.faults.next(concerns).is_none() {
        return Start::Counted;
    }
    let arrival = tenant.arrival(connection, Endpoint::Any, Some(FaultKind::ResetBefore));
    tenant.log.enter(arrival);
    Start::Reset
}

const CONTROL: &[u8] = b"/sandbox/";

/// `reset_before` and `refused`: when the first bytes of a request come.
fn is_reset_unread(shared: &Shared, life: &Life, bytes: &[u8]) -> bool {
    let Some((method, target)) = request_line(bytes) else {
        return false;
    };
    if target.as_bytes().starts_with(CONTROL) {
        return false;
    }
    let is_counted = life.is_counted.swap(false, Ordering::SeqCst);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let endpoint = Route::of(path).endpoint;
    let mut tenant = shared.tenant();
    let fault = tenant.faults.next(|fault| match (fault.kind, fault.on) {
        (FaultKind::ResetBefore, Endpoint::Any) => !is_counted,
        _ => is_unread(fault) && fault.on == endpoint,
    });
    let Some(fault) = fault else { return false };
    let mut arrival = tenant.arrival(life.number, endpoint, Some(fault.kind));
    (arrival.method, arrival.path, arrival.query) = (method.to_owned(), path.to_owned(), query.to_owned());
    tenant.log.enter(arrival);
    drop(tenant);
    if fault.kind == FaultKind::Refused {
        shared.close_door(&fault);
    }
    life.end(Ending::Reset);
    true
}

pub(crate) fn is_unread(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::ResetBefore | FaultKind::Refused)
}

/// Method and target, where these bytes begin a request.
fn request_line(bytes: &[u8]) -> Option<(&str, &str)> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    version.starts_with("HTTP/").then_some((method, target))
}
