//! The service as typed calls: each knows its path, what it needs and what its answers mean.

mod refresh;
mod token;
mod transport;

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};

pub(crate) use refresh::{REFRESH_PATH, refresh_identities};

use self::transport::{Delivery, Request};
use crate::config::{Credentials, Effective, Secret};
use crate::envelope::{CallReport, Outcome, Response};
use crate::error::{Code, Error, Result, Sent};
use crate::members::printable;

/// One call of the library: by which configuration, and until when.
#[derive(Debug)]
pub(crate) struct Call<'c> {
    pub(crate) configuration: &'c Effective,
    /// The end of everything that this call does (`options.totalTimeoutSec`).
    pub(crate) deadline: Option<Instant>,
}

/// What an endpoint asks of the caller, for the error when it refuses.
struct Endpoint {
    method: Method,
    path: &'static str,
    delivery: Delivery,
    /// What is being done, as in "the service refused {doing}".
    doing: &'static str,
    /// Scope, user level and kind of token.
    needs: &'static str,
}

impl Call<'_> {
    /// How long one exchange may take.
    fn remaining(&self) -> Duration {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.map_or(self.configuration.timeout, |left| left.min(self.configuration.timeout))
    }

    /// The headers of every request but its credentials; the caller's own win.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Ok(agent) = HeaderValue::from_str(&self.configuration.user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        for (name, value) in &self.configuration.default_headers {
            headers.insert(name, value.clone());
        }
        headers
    }

    /// One authorised exchange. A token that is refused is renewed once, and the request sent again: the service
    /// does not read a request with a bad token.
    fn exchange(&self, endpoint: &Endpoint, body: Bytes) -> Result<Response> {
        let url = self.configuration.base_url.join(endpoint.path);
        let mut headers = self.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut token = token::token(self, None)?;
        let mut renewed = false;
        loop {
            if let Some(token) = &token {
                headers.insert(AUTHORIZATION, bearer(token)?);
            }
            let request = Request {
                method: endpoint.method.clone(),
                url: url.clone(),
                headers: headers.clone(),
                body: body.clone(),
                delivery: endpoint.delivery,
            };
            let mut response = transport::send(self.configuration, request, self.remaining())?;
            if response.status == 401 && !renewed && token::renewable(&self.configuration.credentials) {
                token = token::token(self, token.as_ref())?;
                renewed = true;
                continue;
            }
            if response.is_success() {
                return Ok(response);
            }
            self.scrub(&mut response, token.as_ref());
            return Err(self.refused(endpoint, &url, response));
        }
    }

    /// The error of an answer that is no success.
    fn refused(&self, endpoint: &Endpoint, url: &reqwest::Url, response: Response) -> Error {
        let status = response.status;
        let retry_after = transport::retry_after(&response).map(|wait| wait.as_secs());
        let sent = match (endpoint.delivery, status) {
            (Delivery::Repeatable, _) | (_, 401 | 429) => Sent::No,
            // A gateway's word: whether the service behind it has the request is not known.
            (_, 502..=504) => Sent::Maybe,
            _ => Sent::Yes,
        };
        let hint = match status {
            401 => format!("{}\n{}", self.why_unauthorized(), endpoint.needs),
            403 => endpoint.needs.to_owned(),
            404 | 405 | 410 => format!(
                "Either {} is not the API's address, or the tenant no longer has this endpoint.",
                self.configuration.base_url.as_str()
            ),
            429 => match retry_after {
                Some(seconds) => format!("The service asks to wait {seconds} s. No refresh was taken: it is safe to try again then."),
                None => "No refresh was taken: it is safe to try again later.".to_owned(),
            },
            300..=399 => match response.header("location").map(printable) {
                Some(to) => format!("It points to {to}. Redirects are not followed, because a token must not follow one: correct baseUrl."),
                None => "Redirects are not followed, because a token must not follow one: correct baseUrl.".to_owned(),
            },
            502..=504 => "A gateway answers like this when the service is slow or away, and the service may have taken the request: \
                          look at the tenant before sending it again."
                .to_owned(),
            500.. => "The service has failed on its own side; its support asks for the tracking id.".to_owned(),
            _ => String::new(),
        };
        let outcome = if sent == Sent::Maybe { Outcome::MaybeSent } else { Outcome::Rejected };
        let message = format!(
            "The service refused {}: status {status}{} ({} {url}).",
            endpoint.doing,
            describe(&response),
            endpoint.method
        );
        Error::new(code_of(status), message)
            .hint(hint)
            .sent(sent)
            .retry_after(retry_after)
            .response(response)
            .calls(vec![CallReport { outcome, status: Some(status) }])
    }

    fn why_unauthorized(&self) -> &'static str {
        match self.configuration.credentials {
            Credentials::AccessToken(_) => {
                "The access token has expired, or is no token of this tenant. An access token that was given is never renewed; a client id and secret are."
            }
            Credentials::Client { .. } => "A new token was fetched and refused as well.",
            Credentials::Header => "The Authorization header comes from defaultHeaders, and is sent as it is.",
        }
    }

    /// Takes out of an answer what a server may have repeated.
    fn scrub(&self, response: &mut Response, token: Option<&Secret>) {
        let mut secrets: Vec<&Secret> = token.into_iter().collect();
        if let Credentials::Client { secret, .. } = &self.configuration.credentials {
            secrets.push(secret);
        }
        let of_headers = self.configuration.secret_headers();
        secrets.extend(&of_headers);
        response.scrub(&secrets);
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal())).map_err(|_| {
        Error::invalid_argument("accessToken holds characters that no token has.")
            .hint("Was a whole JSON answer, or a line break, copied along with it?")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The code of an HTTP status that is no success.
fn code_of(status: u16) -> Code {
    match status {
        401 => Code::Unauthorized,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        410 => Code::Gone,
        429 => Code::RateLimited,
        _ => Code::HttpStatus,
    }
}

/// What the service said, as a part of a sentence.
fn describe(response: &Response) -> String {
    response.said().map_or_else(String::new, |said| format!(", \"{said}\""))
}
