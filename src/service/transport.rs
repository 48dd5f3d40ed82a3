//! HTTP: the only asynchronous module, and the only one that knows how bytes leave.
//!
//! One thread of the process drives all connections, always: a runtime that is only polled while somebody waits
//! would miss that a server has closed a connection. Callers are synchronous and hold a deadline of their own.
//!
//! A refresh is handed over through a [`Gate`]: its body can be taken once, by the connection that is about to
//! write it. Until then it is certain that nothing was sent; after that nothing but the service's own word makes it
//! certain again. A layer below that would like to send a request twice finds no second body to send.

mod cause;
mod client;
mod gate;

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use once_cell::sync::OnceCell;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Url};
use tokio::runtime::Handle;

use self::cause::Cause;
use self::client::client;
use self::gate::{Gate, OneShot};
use crate::config::Effective;
use crate::envelope::Response;
use crate::error::{Code, Error, Result, Sent};
use crate::ffi;

/// What many requests have in common; made once, because a URL is slow to make.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// All but a token that was fetched.
    pub(crate) headers: HeaderMap,
}

/// A request, complete but for what every request has.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) target: Arc<Target>,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) body: Bytes,
    pub(crate) delivery: Delivery,
}

/// What it would mean to send a request twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// A refresh: never, unless the service is known not to have taken it.
    Once,
    /// A question: nothing.
    Repeatable,
}

/// How an exchange is carried out: by which client, and with how much patience.
#[derive(Debug)]
pub(crate) struct Policy {
    client: Client,
    tries: u64,
    pause: Duration,
    maximum_bytes: u64,
}

impl Policy {
    pub(super) fn new(configuration: &Effective) -> Result<Self> {
        io_thread()?;
        Ok(Self {
            client: client(&configuration.transport)?,
            tries: configuration.maximum_retry_count,
            pause: configuration.retry_interval,
            maximum_bytes: configuration.maximum_response_bytes,
        })
    }
}

/// Sends `request` and returns the answer, whatever its status. Waits out 429 and repeats what was not sent, within
/// `timeout`.
pub(super) fn send(policy: &Policy, request: Request, timeout: Duration) -> Result<Response> {
    let shared = Arc::new(Shared::new(request.delivery));
    let target = Arc::clone(&request.target);
    let exchange = Exchange {
        client: policy.client.clone(),
        shared: Arc::clone(&shared),
        deadline: Instant::now() + timeout,
        tries: policy.tries,
        pause: policy.pause,
        maximum_bytes: policy.maximum_bytes,
        request,
    };
    // A task is moved several times on its way; a pointer to it moves faster.
    let task = io_thread()?.spawn(Box::pin(exchange.run()));
    match shared.wait(timeout) {
        // Read here: the I/O thread has others to serve.
        Outcome::Ended(result) => result.map(Answer::read),
        Outcome::Pending => {
            shared.gate.revoke();
            task.abort();
            Err(timed_out(&target, timeout, &shared.gate))
        }
        Outcome::Lost => {
            Err(Error::new(Code::Internal, format!("The exchange with {target} ended by a defect of PSSailpointCC."))
                .sent(shared.gate.sent()))
        }
    }
}

/// What the waiting thread and the I/O thread share of an exchange: the gate, and how it has ended. A channel of the
/// standard library would do as well for the latter, at three times the price.
#[derive(Debug)]
struct Shared {
    gate: Gate,
    outcome: Mutex<Outcome>,
    ended: Condvar,
}

#[derive(Debug)]
enum Outcome {
    Pending,
    Ended(Result<Answer>),
    /// The exchange has panicked.
    Lost,
}

impl Shared {
    fn new(delivery: Delivery) -> Self {
        Self { gate: Gate::new(delivery), outcome: Mutex::new(Outcome::Pending), ended: Condvar::new() }
    }

    /// Takes the outcome; `Pending` when it did not come in time, and no later one counts.
    fn wait(&self, patience: Duration) -> Outcome {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(outcome, patience, |outcome| matches!(outcome, Outcome::Pending));
        std::mem::replace(&mut waited.unwrap_or_else(PoisonError::into_inner).0, Outcome::Lost)
    }

    /// The first outcome counts. Where the waiter has given up, none does.
    fn end(&self, with: Outcome) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*outcome, Outcome::Pending) {
            *outcome = with;
            drop(outcome);
            self.ended.notify_one();
        }
    }
}

/// An answer as it came.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn read(self) -> Response {
        Response::new(self.status, self.headers, self.body)
    }
}

/// One request on its way, with its repetitions.
struct Exchange {
    client: Client,
    request: Request,
    shared: Arc<Shared>,
    deadline: Instant,
    tries: u64,
    pause: Duration,
    maximum_bytes: u64,
}

/// Why one attempt failed, and whether another may follow.
struct Attempt {
    error: Error,
    repeat: bool,
}

impl Exchange {
    async fn run(mut self) {
        let result = self.attempts().await;
        self.shared.end(Outcome::Ended(result));
    }

    async fn attempts(&mut self) -> Result<Answer> {
        loop {
            let attempt = self.attempt().await;
            let pause = match &attempt {
                Ok(answer) if answer.status == 429 => {
                    let asked = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                    asked.and_then(seconds_or_date).unwrap_or(self.pause)
                }
                Ok(answer) if self.is_question() && matches!(answer.status, 502..=504) => self.pause,
                Err(attempt) if attempt.repeat => self.pause,
                _ => return attempt.map_err(|attempt| attempt.error),
            };
            if self.tries == 0 || Instant::now() + pause >= self.deadline {
                return attempt.map_err(|attempt| attempt.error);
            }
            self.tries -= 1;
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self) -> std::result::Result<Answer, Attempt> {
        self.shared.gate.close();
        let target = &self.request.target;
        let mut request = reqwest::Request::new(target.method.clone(), target.url.clone());
        *request.headers_mut() = target.headers.clone();
        if let Some(authorization) = &self.request.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if !self.request.body.is_empty() {
            let bytes = self.request.body.clone();
            *request.body_mut() = Some(match self.request.delivery {
                Delivery::Once => reqwest::Body::wrap(OneShot::new(Arc::clone(&self.shared), bytes)),
                Delivery::Repeatable => bytes.into(),
            });
        }
        let mut answer = match self.client.execute(request).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(&error.without_url())),
        };
        let status = answer.status().as_u16();
        self.shared.gate.answered(status);
        let mut body =
            Vec::with_capacity(answer.content_length().unwrap_or(0).min(self.maximum_bytes).min(1 << 20) as usize);
        loop {
            match answer.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() as u64 + chunk.len() as u64 > self.maximum_bytes => {
                    return Err(self.give_up(
                        Error::new(
                            Code::InvalidResponse,
                            format!(
                                "{} answered with status {} and more than {} bytes, the most that is taken.",
                                self.request.target,
                                answer.status().as_u16(),
                                self.maximum_bytes
                            ),
                        )
                        .hint("maximumResponseBytes sets the limit."),
                    ));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                // These two say all by their status, and what to do next depends on nothing else.
                Err(_) if matches!(status, 401 | 429) => break,
                Err(error) => return Err(self.cut_off(status, &error.without_url())),
            }
        }
        Ok(Answer { status: answer.status().as_u16(), headers: std::mem::take(answer.headers_mut()), body })
    }

    fn is_question(&self) -> bool {
        self.request.delivery == Delivery::Repeatable
    }

    /// What went wrong before an answer began.
    fn failed(&self, error: &reqwest::Error) -> Attempt {
        let target = &self.request.target;
        let url = &target.url;
        let host = url.host_str().unwrap_or_default();
        let cause = Cause::of(error);
        let refused = self.shared.gate.is_closed();
        let not_taken = refused || cause.not_taken;
        let (code, message, hint) = match &cause {
            Cause { tls: Some(reason), .. } => (
                Code::Tls,
                format!("No encrypted connection to {host}: {reason}."),
                "Certificates are checked against this system's store. Where the company's network signs with an \
                 authority of its own, give that certificate as caFile (PEM).\n\
                 skipCertificateCheck takes any certificate, and whoever stands in between with it."
                    .to_owned(),
            ),
            _ if error.is_dns() => (
                Code::HostNotFound,
                format!("The host {host} was not found."),
                "Look for a slip in baseUrl (https://{tenant}.api.identitynow.com), in the proxy's name where one is set, or in the network's DNS."
                    .to_owned(),
            ),
            _ if error.is_connect() => (
                Code::Connection,
                format!("No connection to {}: {}.", origin(url), cause.text),
                "Look at baseUrl and the network; where a proxy is set, it is the proxy that was not reached.".to_owned(),
            ),
            Cause { garbled: true, .. } => (
                Code::InvalidResponse,
                format!("{target} answered with something that is no HTTP: {}.", cause.text),
                "Something else than the service seems to listen there.".to_owned(),
            ),
            _ => (
                Code::Connection,
                format!("The connection to {} was lost before an answer came: {}.", origin(url), cause.text),
                String::new(),
            ),
        };
        let sent = if not_taken { Sent::No } else { self.shared.gate.sent() };
        let advice = match (self.request.delivery, sent) {
            (Delivery::Once, Sent::No) => "\nNo refresh was sent: it is safe to try again.",
            (Delivery::Once, _) => {
                "\nThe service may have taken the refresh: look at the tenant before sending it again."
            }
            (Delivery::Repeatable, _) => "",
        };
        let lasting = matches!(code, Code::Tls | Code::HostNotFound);
        Attempt {
            error: Error::new(code, message).hint(format!("{hint}{advice}").trim().to_owned()).sent(sent),
            repeat: !lasting && (not_taken || self.is_question()),
        }
    }

    /// The answer began and did not end.
    fn cut_off(&self, status: u16, error: &reqwest::Error) -> Attempt {
        let cause = Cause::of(error);
        let code = if error.is_decode() || cause.garbled { Code::InvalidResponse } else { Code::Connection };
        self.give_up(Error::new(
            code,
            format!("{} answered with status {status}, and the answer broke off: {}.", self.request.target, cause.text),
 ).hint(match Sent::of_status(status) {
            Sent::Yes => "The service has received the request, and its status says what it did; only the rest of its answer is lost.",
            _ => "Look at the network between here and the service.",
        }))
    }

    /// An answer that cannot be used; only a question may be asked again.
    fn give_up(&self, error: Error) -> Attempt {
        Attempt { error: error.sent(self.shared.gate.sent()), repeat: false }
    }
}

/// However it ends: the waiter is told. After an outcome this does nothing.
impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.end(Outcome::Lost);
    }
}

/// How long the service asks to wait.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    seconds_or_date(response.header(RETRY_AFTER.as_str())?)
}

/// Whatever asks for longer is mistaken.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// Retry-After's two forms.
fn seconds_or_date(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default()),
    }
    .map(|asked| asked.min(LONGEST_WAIT))
}

fn timed_out(target: &Target, timeout: Duration, gate: &Gate) -> Error {
    let sent = gate.sent();
    let hint = match (gate.delivery, sent) {
        (Delivery::Repeatable, _) => "timeoutSec and totalTimeoutSec set the limit.",
        (_, Sent::No) => "No refresh was sent: it is safe to try again. timeoutSec and totalTimeoutSec set the limit.",
        _ => {
            "The refresh had left, and the service may have taken it: look at the tenant before sending it again. timeoutSec and totalTimeoutSec set the limit."
        }
    };
    // To the millisecond: what is left of totalTimeoutSec is no round number.
    let seconds = timeout.as_millis() as f64 / 1000.0;
    Error::new(Code::Timeout, format!("{target} did not answer within {seconds} s.")).hint(hint).sent(sent)
}

/// "POST https://host/path": what an error speaks of.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}{}", self.method, origin(&self.url), self.url.path())
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The thread that drives all connections, started by the first call that needs it.
fn io_thread() -> Result<&'static Handle> {
    static IO: OnceCell<Handle> = OnceCell::new();
    IO.get_or_try_init(|| {
        // Fails where the host, or another call, has installed one: any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        ffi::spawn_quiet("pssailpointcc-io", move || {
            runtime.block_on(std::future::pending::<()>());
        })?;
        Ok(handle)
    })
    .map_err(|error: std::io::Error| {
        Error::new(Code::Internal, format!("The thread for the network could not be started: {error}."))
    })
}
