//! The server: what all connections share, and the loop that accepts them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::connection::serve;
use crate::fault::{Fault, FaultKind};
use crate::log::Refresh;
use crate::route::Endpoint;
use crate::tenant::Tenant;
use crate::time::Clock;

/// What all connections share with the handle of the sandbox.
pub(crate) struct Shared {
    tenant: Mutex<Tenant>,
    /// The tenant's clock, which needs no lock.
    pub(crate) clock: Clock,
    pub(crate) door: watch::Sender<Door>,
    /// Whether the listening socket is open.
    pub(crate) listening: AtomicBool,
    /// How many connections still take a request.
    pub(crate) taking: AtomicUsize,
    /// The first panic.
    pub(crate) panicked: Mutex<Option<String>>,
    /// Called with each refresh, and the number of people.
    pub(crate) report: Option<Report>,
}

pub(crate) type Report = Box<dyn Fn(&Refresh, usize) + Send + Sync>;

/// The state that the listening socket is to have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Door {
    Open,
    /// Closed until this time, or until it is opened. Requests in progress are still answered.
    Closed(Option<Instant>),
    /// Closed likewise, and every connection is reset.
    Dead(Option<Instant>),
}

impl Shared {
    pub(crate) fn new(tenant: Tenant, report: Option<Report>) -> Self {
        Self {
            clock: tenant.clock,
            tenant: Mutex::new(tenant),
            door: watch::Sender::new(Door::Open),
            listening: AtomicBool::new(true),
            taking: AtomicUsize::new(0),
            panicked: Mutex::new(None),
            report,
        }
    }

    /// A panic does not poison the tenant: it is kept, and reported at the end.
    pub(crate) fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn close_door(&self, fault: &Fault) {
        let until = (fault.times != 0).then(|| Instant::now() + fault.delay.unwrap_or(Duration::from_secs(1)));
        self.door.send_replace(Door::Closed(until));
    }

    /// Dies. The caller holds the tenant's lock, so that no request is executed afterwards.
    pub(crate) fn die(&self, fault: &Fault) {
        self.door.send_replace(Door::Dead(fault.delay.map(|delay| Instant::now() + delay)));
    }

    pub(crate) fn is_dead(&self) -> bool {
        matches!(*self.door.borrow(), Door::Dead(_))
    }

    /// Sets a fault. Without `skip`, `refused` closes the listening socket at once; otherwise after that many requests.
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

    pub(crate) fn keep_panic(&self, error: tokio::task::JoinError) {
        let Ok(panic) = error.try_into_panic() else {
            return;
        };
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let mut first = self.panicked.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(text.unwrap_or_else(|| "a panic without a text".to_owned()));
    }
}

/// A socket that is bound to the address, and refuses connections while it does not listen.
fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Accepts connections for ever, and closes and opens the listening socket as `Shared::door` says.
pub(crate) async fn accept(shared: Arc<Shared>, mut listener: TcpListener, tls: Option<Tls>) {
    let address = listener.local_addr().expect("a bound socket has an address");
    let mut door = shared.door.subscribe();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error concerns one connection (or too many open files): the next one may succeed.
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
                if *door.borrow_and_update() == Door::Open {
                    continue;
                }
                drop(listener);
                // Keeps the port, which another sandbox of the process could get otherwise.
                let held = bound(address);
                shared.listening.store(false, Ordering::SeqCst);
                closed(&shared, &mut door).await;
                let mut socket = held;
                listener = loop {
                    match socket.and_then(|socket| socket.listen(1024)) {
                        Ok(listener) => break listener,
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    }
                    socket = bound(address);
                };
                shared.listening.store(true, Ordering::SeqCst);
            }
        }
    }
}

/// Waits until the listening socket is to be opened.
async fn closed(shared: &Shared, door: &mut watch::Receiver<Door>) {
    loop {
        let state = *door.borrow_and_update();
        match state {
            Door::Open => return,
            Door::Closed(None) | Door::Dead(None) => drop(door.changed().await),
            Door::Closed(Some(until)) | Door::Dead(Some(until)) => {
                if tokio::time::timeout_at(until, door.changed()).await.is_err() {
                    shared.door.send_if_modified(|now| *now == state && std::mem::replace(now, Door::Open) == state);
                }
            }
        }
    }
}

/// The TLS settings.
#[derive(Clone)]
pub(crate) struct Tls(pub(crate) TlsAcceptor);
