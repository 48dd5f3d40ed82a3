//! Bearer tokens: fetched once for all threads, cached until shortly before they expire, renewed when refused.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION};

use super::Call;
use super::failure::{code_of, describe};
use crate::cache::Cache;
use crate::config::{Credentials, Effective};
use crate::control::{Cancel, Phase};
use crate::error::{Code, Error, Result, Sent};
use crate::http::{self, Delivery, Request, Target};
use crate::response::{Response, StatusClass};
use crate::secret::{Fingerprint, Forms, Secret, Secrets};
use crate::text::{shortened, trim_invisible};

/// A token is not used in its last seconds, because it could expire in transit.
const MARGIN: Duration = Duration::from_secs(30);

/// A token that lives no longer is used as long as it lives: otherwise each call would fetch one.
const SHORT_LIFETIME: Duration = Duration::from_secs(60);

/// The lifetime if the answer has none.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// The maximum number of clients with a cached token.
const MAX_CLIENTS: usize = 1024;

/// Shown in the progress.
const ACTION: &str = "the request for a token";

/// The source of a service's tokens.
#[derive(Debug)]
pub(super) enum Tokens {
    /// The default headers have the credentials.
    None,
    Given(Arc<Bearer>),
    /// Shared by all services with these client credentials.
    Fetched {
        id: String,
        secret: Secret,
        slot: Arc<Slot>,
    },
}

#[derive(Debug)]
pub(super) struct Bearer {
    pub(super) token: Secret,
    pub(super) header: HeaderValue,
    secrets: Arc<Forms>,
}

impl Bearer {
    /// `None` if it holds characters that no header can hold.
    fn new(token: Secret) -> Option<Self> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", token.reveal())).ok()?;
        header.set_sensitive(true);
        let mut secrets = Forms::default();
        secrets.add_credential(token.reveal());
        Some(Self { token, header, secrets: Arc::new(secrets) })
    }
}

impl Tokens {
    pub(super) fn of(configuration: &Effective) -> Result<Self> {
        match &configuration.credentials {
            Credentials::Header => Ok(Self::None),
            Credentials::AccessToken(token) => {
                Bearer::new(token.clone()).map(|bearer| Self::Given(Arc::new(bearer))).ok_or_else(|| {
                    Error::invalid_argument("accessToken holds characters that are not allowed in a token.")
                        .hint("Was a whole JSON answer, or a line break, copied along with it?")
                })
            }
            Credentials::Client { id, secret } => {
                let credentials = configuration.credentials.fingerprint(None);
                let key = Key { url: configuration.token_url.to_string(), credentials };
                Ok(Self::Fetched { id: id.clone(), secret: secret.clone(), slot: slot(key) })
            }
        }
    }

    /// The token from the configuration, the cache or the token endpoint. `refused` is a token that the service has
    /// just answered 401 to: it is not returned again.
    pub(super) fn token(&self, call: &Call<'_>, refused: Option<&Bearer>) -> Result<Option<Arc<Bearer>>> {
        let bearer = match self {
            Self::None => return Ok(None),
            Self::Given(bearer) => Arc::clone(bearer),
            Self::Fetched { id, secret, slot } => slot.token(call, refused, || fetch(call, id, secret))?,
        };
        // Before it is sent.
        call.control.secrets().add(&bearer.secrets);
        Ok(Some(bearer))
    }

    /// Whether a refused token can be replaced.
    pub(super) fn renewable(&self) -> bool {
        matches!(self, Self::Fetched { .. })
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Key {
    url: String,
    credentials: Fingerprint,
}

/// The token of one client, and the state of its request.
#[derive(Debug, Default)]
pub(super) struct Slot {
    state: Mutex<State>,
    fetched: Condvar,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    fetching: bool,
    /// The result of the last request, for the threads that waited for it, and the number of requests so far.
    last: Option<Result<Arc<Bearer>>>,
    fetches: u64,
}

#[derive(Debug, Clone)]
struct Token {
    bearer: Arc<Bearer>,
    expires: Instant,
}

static SLOTS: Cache<Key, Arc<Slot>> = Cache::new(MAX_CLIENTS);

/// Drops the tokens that no service uses.
pub(super) fn forget_unused() {
    SLOTS.retain(|slot| Arc::strong_count(slot) > 1);
}

fn slot(key: Key) -> Arc<Slot> {
    SLOTS.get_or_insert_with(key, Arc::default)
}

impl Slot {
    fn token(
        self: &Arc<Self>,
        call: &Call<'_>,
        refused: Option<&Bearer>,
        fetch: impl FnOnce() -> Result<Token>,
    ) -> Result<Arc<Bearer>> {
        // Declared before the guard, so that it is dropped after the guard: a cancel takes the two locks in this order.
        let _registration;
        let mut state = self.lock();
        if let Some(token) = &state.token
            && token.expires > Instant::now()
            && refused.is_none_or(|refused| refused.token != token.bearer.token)
        {
            return Ok(Arc::clone(&token.bearer));
        }
        // It is not sent, but the server still knows it.
        state.token.iter().for_each(|token| call.control.secrets().add(&token.bearer.secrets));
        if state.fetching {
            drop(state);
            call.control.set_phase(Phase::Token, ACTION);
            _registration = call.control.register(Arc::clone(self) as _)?;
            state = self.lock();
        }
        let deadline = Instant::now() + call.remaining();
        while state.fetching {
            let fetch_number = state.fetches;
            while state.fetches == fetch_number {
                call.control.check()?;
                let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                    return Err(Error::new(
                        Code::Timeout,
                        "No token came in time: another call is still requesting it.",
                    ));
                };
                state = self.fetched.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            match &state.last {
                // A timeout, network error or cancel of another call does not apply to this one: it sends its own
                // request.
                Some(Err(error)) if error.details().response.is_none() => {}
                Some(result) => return result.clone(),
                None => {}
            }
        }
        state.fetching = true;
        drop(state);
        let mut guard = FetchGuard { slot: self, result: None };
        let result = fetch();
        guard.result = Some(result.clone());
        drop(guard);
        result.map(|token| token.bearer)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the calls that wait for a token: the cancelled one returns, the others continue to wait.
impl Cancel for Slot {
    fn cancel(&self) -> Sent {
        // Under the lock, so that a waiter cannot miss it between its check and its sleep.
        drop(self.lock());
        self.fetched.notify_all();
        Sent::No
    }
}

/// Wakes the waiting calls, even if the request panics.
struct FetchGuard<'a> {
    slot: &'a Slot,
    result: Option<Result<Token>>,
}

impl Drop for FetchGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.slot.lock();
        state.fetching = false;
        state.fetches += 1;
        state.token = self.result.as_ref().and_then(|result| result.as_ref().ok().cloned());
        state.last = self.result.take().map(|result| result.map(|token| token.bearer));
        self.slot.fetched.notify_all();
    }
}

/// `POST /oauth/token` with the client's credentials, form-encoded.
fn fetch(call: &Call<'_>, id: &str, secret: &Secret) -> Result<Token> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", id)
        .append_pair("client_secret", secret.reveal())
        .finish();
    let mut headers = call.service.headers.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let url = call.service.configuration.token_url.clone();
    let requested_at = Instant::now();
    call.control.set_phase(Phase::Token, ACTION);
    let request = Request {
        target: Arc::new(Target::new(Method::POST, url.clone(), headers)?),
        authorization: None,
        body: Bytes::from(body),
        delivery: Delivery::Repeatable,
        is_limited: false,
        places: None,
        check_ends: None,
    };
    let response = http::send(&call.service.policy, request, call.timeouts(), call.control)?;
    if !response.is_success() {
        return Err(refused(&url, id, response, call.control.secrets()));
    }
    let answer = response.tree().unwrap_or_default();
    // The answer is not attached, because it may hold a token in an unexpected place.
    let token = answer.get("access_token").and_then(|token| token.as_str()).map(trim_invisible).map(Secret::token);
    let is_empty = token.as_ref().is_some_and(|token| token.reveal().is_empty());
    let Some(bearer) = token.filter(|_| !is_empty).and_then(Bearer::new) else {
        let what = if is_empty { "an empty" } else { "no" };
        return Err(Error::new(
            Code::InvalidResponse,
            format!("{url} answered with status {} and {what} access_token.", response.status),
        )
        .hint("A proxy's page, or an address that is not the tenant's token endpoint? ⟦=tokenUrl⟧ sets it."));
    };
    let lifetime = answer
        .get("expires_in")
        .and_then(|seconds| seconds.as_f64().or_else(|| seconds.as_str()?.trim().parse().ok()))
        .filter(|seconds| seconds.is_finite())
        .map_or(DEFAULT_LIFETIME, |seconds| Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0)));
    Ok(Token { bearer: Arc::new(bearer), expires: requested_at + usable(lifetime) })
}

/// How long a token with this lifetime is used.
fn usable(lifetime: Duration) -> Duration {
    if lifetime > SHORT_LIFETIME { lifetime - MARGIN } else { lifetime }
}

/// The error of the token endpoint. It answers a wrong secret with 400 or 401.
fn refused(url: &reqwest::Url, id: &str, response: Response, secrets: &Secrets) -> Error {
    let retry_after = http::retry_after(&response).map(|wait| wait.as_secs());
    let (code, message, hint) = match response.status {
        400 | 401 => (
            Code::Unauthorized,
            format!(
                "The client id {} or its secret was refused by {url}{}.",
                crate::text::printable(id),
                describe(&response, secrets)
            ),
            "Check both, and that the personal access token or API client still exists: secrets are shown only once, when they are created.".to_owned(),
        ),
        status => (
            code_of(status),
            format!("No token: {url} answered with status {status}{}.", describe(&response, secrets)),
            hint_of_status(url, &response, secrets),
        ),
    };
    Error::new(code, message).hint(hint).retry_after(retry_after).response(response)
}

/// What to do about a status of the token endpoint.
fn hint_of_status(url: &reqwest::Url, response: &Response, secrets: &Secrets) -> String {
    let host = url.host_str().unwrap_or_default();
    match response.class() {
        StatusClass::Redirect => {
            let to = response
                .header(LOCATION)
                .map(|to| format!("It points to {}. ", shortened(&secrets.shown(to), 200)))
                .unwrap_or_default();
            format!(
                "{to}A redirect is not followed, because the secret must not follow it: {host} is perhaps the tenant's page, or stands behind a \
                 log-in. Correct ⟦=baseUrl⟧ (https://{{tenant}}.api.identitynow.com), or give the endpoint as ⟦=tokenUrl⟧."
            )
        }
        StatusClass::Forbidden => format!(
            "{host}, or a firewall or proxy before it, lets this machine or this client get no token: look at the tenant's allowed networks and at \
             the proxy, and whether the client was disabled."
        ),
        StatusClass::NotThere => {
            format!(
                "There is no token endpoint at {url}. Check the tenant's name in ⟦=baseUrl⟧; ⟦=tokenUrl⟧ sets the endpoint where it is elsewhere."
            )
        }
        StatusClass::RateLimited => {
            "Too many tokens were requested: wait, and use one session for many calls, which shares its token."
                .to_owned()
        }
        StatusClass::Gateway | StatusClass::ServerError => {
            format!(
                "{host} is not available at present, or a gateway before it fails. Try again later; SailPoint reports outages at status.sailpoint.com."
            )
        }
        _ => format!("Is {url} the tenant's token endpoint? ⟦=baseUrl⟧ and ⟦=tokenUrl⟧ set it."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_used_in_its_last_30_seconds_unless_it_lives_no_longer_than_a_minute() {
        let usable = |seconds| usable(Duration::from_secs(seconds)).as_secs();
        assert_eq!([0, 1, 30, 60, 61, 749].map(usable), [0, 1, 30, 60, 31, 719]);
    }
}
