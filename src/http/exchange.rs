//! One request on its way, with its repetitions: what runs on the I/O thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};

use super::body::OneShot;
use super::cause::Cause;
use super::pending::{Outcome, Shared};
use super::rate_limit::{Permit, Rate};
use super::{Delivery, Patience, Request, origin, seconds_or_date};
use crate::control::{self, Control, Phase};
use crate::error::{Code, Error, Result, Sent};
use crate::response::Response;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(self) -> Response {
        Response::new(self.status, self.headers, self.body)
    }
}

pub(crate) struct Exchange {
    pub(crate) client: Client,
    pub(crate) request: Request,
    pub(crate) shared: Arc<Shared>,
    pub(crate) control: Control,
    /// Of a request that counts for the rate limit.
    pub(crate) rate: Option<Arc<Rate>>,
    pub(crate) patience: Patience,
    /// When `patience.timeout` has passed; a wait for the rate limit puts it off.
    pub(crate) deadline: Instant,
    pub(crate) tries: u64,
    pub(crate) pause: Duration,
    pub(crate) maximum_bytes: u64,
}

/// Why one attempt failed, and whether another may follow.
struct Attempt {
    error: Error,
    repeat: bool,
}

impl Exchange {
    pub(crate) async fn run(mut self) {
        let result = self.attempts().await;
        self.shared.end(Outcome::Ended(result));
    }

    async fn attempts(&mut self) -> Result<Answer> {
        loop {
            let permit = self.pass_rate().await?;
            let attempt = self.attempt(permit).await;
            let mut asked = None;
            match &attempt {
                Ok(answer) if answer.status == 429 => {
                    let text = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                    asked = text.and_then(seconds_or_date);
                }
                Ok(answer) if self.is_question() && matches!(answer.status, 502..=504) => {}
                Err(attempt) if attempt.repeat => {}
                _ => return attempt.map_err(|attempt| attempt.error),
            };
            let pause = asked.unwrap_or(self.pause);
            let until = Instant::now() + pause;
            if until >= self.until() {
                return attempt.map_err(|attempt| attempt.error);
            }
            if let (Some(rate), Some(_)) = (&self.rate, asked) {
                rate.hold(until);
            }
            if self.tries == 0 {
                return attempt.map_err(|attempt| attempt.error);
            }
            self.tries -= 1;
            // What was not taken has not left, whoever asks while the next try is waited for.
            self.shared.gate.close();
            // The rate limit has everybody wait for what the service asked for.
            if self.rate.is_none() || asked.is_none() {
                let _pausing = self.control.pausing(Phase::Waiting, Some(until), || "Trying again".to_owned());
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Waits for its turn under the rate limit, which is no part of its own time.
    async fn pass_rate(&mut self) -> Result<Option<Permit>> {
        let Some(rate) = &self.rate else { return Ok(None) };
        if let Some(permit) = rate.try_acquire() {
            return Ok(Some(permit));
        }
        self.shared.hold(self.patience);
        let began = Instant::now();
        let passed = rate.pass(self.deadline.saturating_duration_since(began), &self.control).await;
        self.deadline += began.elapsed();
        self.shared.release(self.until());
        passed.map(Some).map_err(|left| held_back(&self.request, left))
    }

    fn until(&self) -> Instant {
        self.patience.end.map_or(self.deadline, |end| end.min(self.deadline))
    }

    async fn attempt(&self, permit: Option<Permit>) -> std::result::Result<Answer, Attempt> {
        // A request without a body has nothing that could be held back: from here on it may leave.
        let bare = self.request.body.is_empty();
        if !self.shared.gate.close() || bare && !self.shared.gate.take() {
            return Err(Attempt { error: control::cancelled(Sent::No), repeat: false });
        }
        let target = &self.request.target;
        let mut request = reqwest::Request::new(target.method.clone(), target.url.clone());
        *request.headers_mut() = target.headers.clone();
        if let Some(authorization) = &self.request.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        if !bare {
            let bytes = self.request.body.clone();
            *request.body_mut() = Some(match self.request.delivery {
                Delivery::Once => reqwest::Body::wrap(OneShot::new(Arc::clone(&self.shared), bytes)),
                Delivery::Repeatable => bytes.into(),
            });
        }
        let answered = self.client.execute(request).await;
        if let (Some(rate), Some(permit)) = (&self.rate, permit) {
            rate.arrived(permit);
        }
        let mut answer = match answered {
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
        let not_taken = refused || cause.not_taken || error.is_connect();
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
            (Delivery::Once, Sent::No) => "\nIt was not sent: it is safe to try again.",
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

/// The error of a request that the service would have wait for longer than its author would.
fn held_back(request: &Request, left: Duration) -> Error {
    let seconds = left.as_secs_f64().ceil() as u64;
    Error::new(
        Code::RateLimited,
        format!(
            "{} was not sent: the service has asked to wait {seconds} s more, longer than timeoutSec.",
            request.target
        ),
    )
    .hint("It is safe to try again then.")
    .retry_after(Some(seconds))
}
