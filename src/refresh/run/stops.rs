//! The rule for stopping a run: an error that every other call would meet as well.

use super::CallKind;
use crate::error::{Code, Error, Sent};
use crate::response::{Response, StatusClass};
use crate::service::Call;

/// Whether this error stops the run. `kind` is the failed call; `None` for a look-up.
///
/// | error | the run |
/// | --- | --- |
/// | a web page instead of an answer, 401, 403, 404, 405, 410, 429 that does not end | stops |
/// | 404 and 429 of one person's synchronization | continues |
/// | another status, such as 400 for one batch, 500 or 503 | continues |
/// | no encrypted connection, no such host, a defect, a cancel, the end of the whole call's time | stops |
/// | no connection, no token, no answer in time, before the request was sent | stops |
/// | a connection or an answer that was lost after the request was sent | continues |
/// | names that no filter of `/cc`, or no address, can hold | continues |
/// | a journal that cannot be written, more than maxIdentities | stops |
pub(super) fn stops_run(call: &Call<'_>, kind: Option<&CallKind>, error: &Error) -> bool {
    if call.is_timed_out() {
        return true;
    }
    let details = error.details();
    let response = details.response.as_ref();
    if response.is_some_and(Response::is_html) {
        return true;
    }
    match response.map(|response| (response.class(), response.status)) {
        // Specific to the person in the address: they may be gone, or were synchronized a moment ago.
        Some((_, 404 | 429)) if kind == Some(&CallKind::Synchronize) => false,
        Some((
            StatusClass::Unauthorized | StatusClass::Forbidden | StatusClass::NotThere | StatusClass::RateLimited,
            _,
        )) => true,
        _ => match details.code {
            Code::Tls | Code::HostNotFound | Code::Cancelled | Code::Internal => true,
            Code::JournalError | Code::TooManyMatches => true,
            // Specific to one call.
            Code::InvalidArgument | Code::UnsupportedArgument => false,
            // There was no connection, or no token. A lost connection did exist.
            _ => !details.is_endpoint_answer && details.sent == Sent::No,
        },
    }
}
