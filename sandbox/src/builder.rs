//! The settings of a sandbox, and its start.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::auth::{Auth, Client};
use crate::fault::Faults;
use crate::index::Index;
use crate::log::{Log, Refresh};
use crate::people::{self, Identity};
use crate::population::Population;
use crate::sandbox::Sandbox;
use crate::server::{self, Report, Shared};
use crate::tasks::Tasks;
use crate::tenant::{Settings, Tenant};
use crate::time::Clock;
use crate::tls;

/// The settings of a sandbox to start: [`Sandbox::builder`].
pub struct Builder {
    people: Vec<Identity>,
    csv: Option<PathBuf>,
    clients: Vec<Client>,
    settings: Settings,
    clock_offset: i64,
    port: u16,
    https: Option<Vec<String>>,
    expired: bool,
    http2: bool,
    log_bytes: usize,
    report: Option<Report>,
}

/// The memory that the log may take unless something else is set.
const LOG_BYTES: usize = 256 << 20;

impl Default for Builder {
    fn default() -> Self {
        Self {
            people: people::generate(100),
            csv: None,
            clients: Client::defaults(),
            settings: Settings {
                rate_limit: 0,
                rate_window: Duration::from_secs(10),
                token_lifetime: Duration::from_secs(749),
                retired: None,
                keep_alive: Duration::from_secs(60),
                search_lag: Duration::ZERO,
                task_duration: Duration::from_millis(500),
                synchronize_interval: Duration::from_secs(10),
                not_searchable: vec!["costCenter".to_owned()],
                removes_after: None,
                missing_versions: Vec::new(),
                missing_status: 404,
            },
            clock_offset: 0,
            port: 0,
            https: None,
            expired: false,
            http2: false,
            log_bytes: LOG_BYTES,
            report: None,
        }
    }
}

impl Builder {
    /// The number of generated people instead of 100; always the same people for the same number.
    pub fn people(mut self, number: usize) -> Self {
        self.people = people::generate(number);
        self
    }

    /// These people.
    pub fn identities(mut self, people: Vec<Identity>) -> Self {
        self.people = people;
        self
    }

    /// The people of a CSV file: [`crate::people::read_csv`].
    pub fn csv(mut self, path: impl Into<PathBuf>) -> Self {
        self.csv = Some(path.into());
        self
    }

    /// One more client.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Requests of one client in ten seconds; 0: no limit, as it is unless set.
    pub fn rate_limit(mut self, requests: usize) -> Self {
        self.settings.rate_limit = requests;
        self
    }

    /// The window of the rate limit, instead of ten seconds.
    pub fn rate_window(mut self, window: Duration) -> Self {
        self.settings.rate_window = window;
        self
    }

    /// How long tokens last, instead of 749 s. `expires_in` tells whole seconds.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.token_lifetime = lifetime;
        self
    }

    /// `/cc` has been shut down: 404, 405, 410, or 401 `Unable to route request`.
    pub fn retired(mut self, status: u16) -> Self {
        self.settings.retired = Some(status);
        self
    }

    /// The gateway does not know the paths of these versions of the API, such as `v1` or `v2026`, and answers 404 or 401
    /// `Unable to route request`.
    pub fn without_versions(mut self, versions: &[&str], status: u16) -> Self {
        self.settings.missing_versions = versions.iter().map(|&version| version.to_owned()).collect();
        self.settings.missing_status = status;
        self
    }

    /// After how long an idle connection is closed, instead of a minute; zero: after each answer.
    pub fn keep_alive(mut self, timeout: Duration) -> Self {
        self.settings.keep_alive = timeout;
        self
    }

    /// After how long search sees a change, instead of at once.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.settings.search_lag = lag;
        self
    }

    /// How long tasks take, instead of half a second.
    pub fn task_duration(mut self, duration: Duration) -> Self {
        self.settings.task_duration = duration;
        self
    }

    /// How often one identity's attributes can be synchronised, instead of every ten seconds.
    pub fn synchronize_interval(mut self, interval: Duration) -> Self {
        self.settings.synchronize_interval = interval;
        self
    }

    /// Removes people: every other one of those whom a search has found, and none again for this long. They are gone
    /// when the next refresh on `/cc` is executed.
    pub fn removes_after(mut self, age: Duration) -> Self {
        self.settings.removes_after = Some(age);
        self
    }

    /// Sets the sandbox's clock ahead of the machine's by so many seconds, or behind it where that is negative. Every
    /// time that the sandbox writes is by its own clock: the `Date` header, `launched`, `lastRefresh` …
    pub fn clock_offset(mut self, seconds: i64) -> Self {
        self.clock_offset = seconds;
        self
    }

    /// Identity attributes that `/cc` filters cannot use, instead of `costCenter`.
    pub fn not_searchable(mut self, attributes: &[&str]) -> Self {
        self.settings.not_searchable = attributes.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// https with a certificate for 127.0.0.1 and localhost, by an authority whose certificate is
    /// [`Sandbox::ca_file`].
    pub fn https(self) -> Self {
        self.https_for(&["127.0.0.1", "localhost"])
    }

    /// https with a certificate for these names only: a wrong one, say.
    pub fn https_for(mut self, names: &[&str]) -> Self {
        self.https = Some(names.iter().map(|&name| name.to_owned()).collect());
        self
    }

    /// The certificate of https expired on 2020-01-02.
    pub fn expired(mut self) -> Self {
        self.expired = true;
        self
    }

    /// Offers HTTP/2 beside HTTP/1.1; over https only.
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// The memory that the log may take, instead of 256 MB: some 290,000 single refreshes, or 2 million people in calls of
    /// 250. The oldest requests are dropped, and counted.
    pub fn log_bytes(mut self, bytes: usize) -> Self {
        self.log_bytes = bytes;
        self
    }

    /// A fixed port instead of any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Calls this with each refresh and the number of people, before the refresh is answered.
    pub fn on_refresh(mut self, report: impl Fn(&Refresh, usize) + Send + Sync + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// If [`Builder::try_start`] returns an error.
    pub fn start(self) -> Sandbox {
        self.try_start().unwrap_or_else(|error| panic!("the sandbox cannot be started: {error}"))
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// If the CSV file cannot be read, the clock offset is out of range, the port is taken, or no thread can be made.
    pub fn try_start(self) -> io::Result<Sandbox> {
        let clock = Clock::new(self.clock_offset).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let people = match &self.csv {
            Some(path) => people::read_csv(path)?,
            None => self.people,
        };
        let people = Population::from(people);
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (tls, ca) = match self.https {
            None => (None, None),
            Some(names) => {
                let (tls, ca) = tls::make(names, self.expired, self.http2)?;
                (Some(tls), Some(ca))
            }
        };
        let url = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
        let tenant = Tenant {
            clock,
            started: Instant::now(),
            url: url.clone(),
            index: Index::new(&people),
            people,
            tasks: Tasks::default(),
            synchronized: HashMap::new(),
            auth: Auth::new(self.clients),
            settings: self.settings,
            faults: Faults::default(),
            log: Log::new(self.log_bytes),
            connections: 0,
            found: HashMap::new(),
        };
        let shared = Arc::new(Shared::new(tenant, self.report));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("sandbox-main".to_owned()).spawn({
            let shared = shared.clone();
            move || {
                runtime.block_on(async {
                    let listener = TcpListener::from_std(listener).expect("a socket that does not block is fine");
                    tokio::select! {
                        () = server::accept(shared, listener, tls) => {}
                        _ = stopped => {}
                    }
                });
                // Requests that a fault holds back are not waited for.
                runtime.shutdown_timeout(Duration::from_millis(500));
            }
        })?;
        Ok(Sandbox { shared, url, ca, stop: Some(stop), thread: Some(thread) })
    }
}
