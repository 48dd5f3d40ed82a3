//! The handle of a sandbox in a test.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::builder::Builder;
use crate::fault::{Fault, FaultKind};
use crate::log::{Arrival, Refresh};
use crate::people::Identity;
use crate::record::Record;
use crate::route::Endpoint;
use crate::server::{Door, Shared};
use crate::tasks::TaskEnd;
use crate::tenant::Tenant;
use crate::tls::CaFile;

/// A running sandbox tenant on a thread of its own. Dropping it stops it, and fails the test if it has panicked.
pub struct Sandbox {
    pub(crate) shared: Arc<Shared>,
    pub(crate) url: String,
    pub(crate) ca: Option<CaFile>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// A sandbox with 100 generated people, over http, without a rate limit.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// The builder of a sandbox.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `http://127.0.0.1:PORT`, or `https://…`; without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate authority's certificate as a PEM file, which lives as long as the sandbox.
    ///
    /// # Panics
    ///
    /// If the sandbox does not use https.
    pub fn ca_file(&self) -> &Path {
        self.ca.as_ref().expect("only a sandbox with https has a certificate").path()
    }

    /// The requests that arrived, in order.
    ///
    /// # Panics
    ///
    /// If the log has dropped some of them, so that no test takes the rest for all: [`Builder::log_bytes`].
    pub fn log(&self) -> Vec<Arrival> {
        self.whole_log().log.kept().map(Record::arrival).collect()
    }

    /// The requests that arrived for one endpoint.
    ///
    /// # Panics
    ///
    /// As [`Sandbox::log`].
    pub fn arrivals(&self, endpoint: Endpoint) -> Vec<Arrival> {
        let of = |record: &&Record| record.endpoint == endpoint;
        self.whole_log().log.kept().filter(of).map(Record::arrival).collect()
    }

    /// The refreshes through every endpoint, in order.
    ///
    /// # Panics
    ///
    /// As [`Sandbox::log`].
    pub fn refreshes(&self) -> Vec<Refresh> {
        self.whole_log().log.kept().filter_map(Record::refresh).collect()
    }

    /// The newest requests, those that the log still has, and how many were dropped.
    pub fn newest(&self) -> (Vec<Arrival>, u64) {
        let log = &self.shared.tenant().log;
        (log.kept().map(Record::arrival).collect(), log.dropped())
    }

    /// By user name, how often an identity was refreshed since the log was cleared, by dropped requests too.
    pub fn refresh_counts(&self) -> BTreeMap<String, u64> {
        let tenant = self.shared.tenant();
        tenant.log.refresh_counts().into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
    }

    /// The tenant, if its log is whole.
    fn whole_log(&self) -> MutexGuard<'_, Tenant> {
        let tenant = self.shared.tenant();
        let dropped = tenant.log.dropped();
        assert!(dropped == 0, "the sandbox's log has dropped its oldest {dropped} requests");
        tenant
    }

    /// Clears the log. The numbers of arrivals do not start again.
    pub fn clear_log(&self) {
        self.shared.tenant().log.clear();
    }

    /// How many connections have been accepted.
    pub fn connections(&self) -> u64 {
        self.shared.tenant().connections
    }

    /// The people as they are now.
    pub fn identities(&self) -> Vec<Identity> {
        let mut tenant = self.shared.tenant();
        tenant.settle();
        tenant.people.to_vec()
    }

    /// Adds an identity, or replaces the one with the same id. Search sees it after the lag.
    pub fn put_identity(&self, person: Identity) {
        self.shared.tenant().put(person);
    }

    /// Removes the identities with this user name or id. Search sees it after the lag.
    pub fn remove_identity(&self, name: &str) {
        self.shared.tenant().remove(|person| person.name == name || person.id == name);
    }

    /// The user names that a `/cc` filter matches, as the sandbox reads it; or why it would refresh everybody.
    ///
    /// # Errors
    ///
    /// The reason that the log would give.
    pub fn judge(&self, filter: &str) -> Result<Vec<String>, String> {
        let tenant = self.shared.tenant();
        Ok(tenant.matching(filter)?.into_iter().map(|at| tenant.people[at].name.clone()).collect())
    }

    /// Scripts the end of the next task. Further calls script the tasks after it.
    pub fn script_task(&self, end: TaskEnd) {
        self.shared.tenant().tasks.script(end);
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        let closes_now = fault.kind == FaultKind::Refused && fault.on == Endpoint::Any && fault.skip == 0;
        self.shared.set_fault(fault);
        if closes_now {
            self.wait_until(|shared| {
                !shared.listening.load(Ordering::SeqCst) && shared.taking.load(Ordering::SeqCst) == 0
            });
        }
    }

    /// Removes every fault, and opens the listening socket again.
    pub fn clear_faults(&self) {
        self.shared.clear_faults();
        self.wait_until(|shared| shared.listening.load(Ordering::SeqCst));
    }

    /// The faults that are not used up.
    pub fn faults_left(&self) -> Vec<Fault> {
        self.shared.tenant().faults.left().cloned().collect()
    }

    /// Whether [`FaultKind::Die`] has hit, so that only [`Sandbox::clear_faults`] starts it again.
    pub fn has_died(&self) -> bool {
        *self.shared.door.borrow() == Door::Dead(None)
    }

    /// Expires every token that was issued.
    pub fn expire_tokens(&self) {
        self.shared.tenant().auth.expire();
    }

    /// Shuts `/cc` down (404, 405, 410 or 401), or brings it back.
    pub fn set_retired(&self, status: Option<u16>) {
        self.shared.tenant().settings.retired = status;
    }

    /// Requests of one client in ten seconds; 0: no limit.
    pub fn set_rate_limit(&self, requests: usize) {
        self.shared.tenant().settings.rate_limit = requests;
    }

    /// The text of the first panic, which then no longer fails the test.
    pub fn take_panic(&self) -> Option<String> {
        self.shared.panicked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn wait_until(&self, is_so: impl Fn(&Shared) -> bool) {
        let patience = Instant::now() + Duration::from_secs(5);
        while !is_so(&self.shared) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.shared.panicked.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
        }
        if let Some(text) = self.take_panic()
            && !std::thread::panicking()
        {
            panic!("the sandbox panicked: {text}");
        }
    }
}
