//! The errors of a request: no time, an answer that is not the service's, an unsuccessful status.

use std::sync::atomic::Ordering;

use reqwest::header::LOCATION;

use super::{Call, Endpoint};
use crate::config::{ApiVersion, Credentials};
use crate::error::{Code, Error, Sent};
use crate::http::{self, Delivery};
use crate::response::{Receipt, Response, StatusClass};
use crate::secret::Secrets;
use crate::text::printable;

impl Call<'_> {
    pub(super) fn time_used_up(&self, endpoint: &Endpoint) -> Error {
        Error::new(Code::Timeout, format!("The call's time was used up before {} could be sent.", endpoint.action))
            .hint("It was not sent: it is safe to try again. ⟦total-timeout⟧ sets the limit.")
    }

    /// The error of a success that is not the service's: it has another form than its answers have.
    pub(super) fn foreign_answer(&self, endpoint: &Endpoint, url: &reqwest::Url, response: Response) -> Error {
        let sent = if endpoint.delivery == Delivery::Repeatable { Sent::No } else { Sent::Maybe };
        let what = match &response {
            response if response.is_html() => "a web page instead of JSON",
            response if response.json().is_some() => "JSON that names no task",
            response if response.text().is_empty() => "an empty body instead of JSON",
            _ => "a text instead of JSON",
        };
        Error::new(
            Code::InvalidResponse,
            format!("{} {url} was answered with {what}: status {}.", endpoint.method, response.status),
        )
        .hint("A proxy, or a log-in page in front of the service, seems to have answered. Look at baseUrl and proxy; the service itself has probably not seen the request.")
        .sent(sent)
        .response(response)
        .endpoint_answer()
    }

    /// The error of an unsuccessful status.
    pub(super) fn status_error(&self, endpoint: &Endpoint, url: &reqwest::Url, response: Response) -> Error {
        let status = response.status;
        let retry_after = http::retry_after(&response).map(|wait| wait.as_secs());
        let sent = match endpoint.delivery {
            Delivery::Repeatable => Sent::No,
            Delivery::Once(_) => Sent::of(Receipt::of_status(status)),
        };
        let hint = match response.class() {
            StatusClass::NotThere => self.missing_endpoint_hint(endpoint),
            StatusClass::Unauthorized => format!("{}\n{}", self.unauthorized_hint(), endpoint.needs),
            StatusClass::Forbidden => endpoint.needs.to_owned(),
            StatusClass::RateLimited => match retry_after {
                Some(seconds) => format!("The service asks to wait {seconds} s. The request was not accepted: it is safe to try again then."),
                None => "The request was not accepted: it is safe to try again later.".to_owned(),
            },
            StatusClass::Redirect => match response.header(LOCATION).map(|to| printable(&self.control.secrets().shown(to))) {
                Some(to) => format!("It points to {to}. Redirects are not followed, because a token must not follow one: correct baseUrl."),
                None => "Redirects are not followed, because a token must not follow one: correct baseUrl.".to_owned(),
            },
            StatusClass::Gateway | StatusClass::ServerError if endpoint.delivery == Delivery::Repeatable => {
                "The service, or a gateway in front of it, has failed. Nothing was changed: try again later.".to_owned()
            }
            StatusClass::Gateway => "A gateway answers like this if the service is slow or unavailable. The service may have accepted the request: \
                          check the tenant before sending it again."
                .to_owned(),
            StatusClass::ServerError => "The service has failed, and may have taken the refresh before: check the tenant before sending it again. \
                          SailPoint's support asks for the tracking id."
                .to_owned(),
            StatusClass::Invalid => "The same request would be refused again. SailPoint's support asks for the tracking id.".to_owned(),
            StatusClass::Other => "SailPoint's support asks for the tracking id.".to_owned(),
            StatusClass::Success => String::new(),
        };
        let version = match response.class() {
            StatusClass::NotThere if self.may_lack_version(endpoint) => {
                format!("; ⟦api-version⟧ {}", self.service.version().name())
            }
            _ => String::new(),
        };
        let message = format!(
            "The service refused {}: status {status}{} ({} {url}{version}).",
            endpoint.action,
            describe(&response, self.control.secrets()),
            endpoint.method
        );
        Error::new(code_of(status), message)
            .hint(hint)
            .sent(sent)
            .retry_after(retry_after)
            .response(response)
            .endpoint_answer()
    }

    fn missing_endpoint_hint(&self, endpoint: &Endpoint) -> String {
        let base_url = self.service.base_url().as_str();
        if !self.may_lack_version(endpoint) {
            return format!("Either {base_url} is not the API's address, or the tenant does not have this endpoint.");
        }
        let version = self.service.version();
        let tried = self.metadata.version_tried.load(Ordering::Relaxed);
        let also = if tried { format!(" ({} was tried as well)", version.next().name()) } else { String::new() };
        let others: Vec<&str> =
            ApiVersion::ALL.iter().filter(|other| **other != version).map(|other| other.name()).collect();
        format!(
            "Either {base_url} is not the API's address, or the host does not have {} of the API{also}. ⟦set-api-version⟧ chooses another: {}.",
            version.name(),
            others.join(", ")
        )
    }

    /// Whether a missing endpoint can be a missing version of the API, and not a missing object.
    pub(super) fn may_lack_version(&self, endpoint: &Endpoint) -> bool {
        endpoint.path.is_versioned() && !(endpoint.path.has_id() && self.service.known_version().is_some())
    }

    fn unauthorized_hint(&self) -> &'static str {
        match self.service.configuration.credentials {
            Credentials::AccessToken(_) => {
                "The access token has expired, or is not of this tenant. A given access token is never renewed; a token fetched with client id and secret is."
            }
            Credentials::Client { .. } => "A new token was fetched and refused as well.",
            Credentials::Header => "The Authorization header comes from defaultHeaders, and is sent as it is.",
        }
    }
}

/// The code of an unsuccessful status.
pub(super) fn code_of(status: u16) -> Code {
    match status {
        401 => Code::Unauthorized,
        403 => Code::Forbidden,
        404 => Code::NotFound,
        410 => Code::Gone,
        429 => Code::RateLimited,
        _ => Code::HttpStatus,
    }
}

/// The service's error message as part of a sentence.
pub(super) fn describe(response: &Response, secrets: &Secrets) -> String {
    response.error_message(secrets).map_or_else(String::new, |message| format!(", \"{message}\""))
}
