//! The one rule of what stops the rest of a run: an error that every other call would meet as well.

use super::Kind;
use crate::error::{Code, Error, Sent};
use crate::response::Response;
use crate::service::Call;

/// Whether nothing more is sent after this error. `kind` is the call that met it; `None` for a look-up of names.
///
/// | error | the rest |
/// | --- | --- |
/// | a web page in place of an answer, 401, 403, 404, 405, 410, 429 that does not end | stops |
/// | 404 and 429 of one person's synchronization | goes on |
/// | another status, such as 400 for one batch, 500 or 503 | goes on |
/// | no encrypted connection, no such host, a defect, a cancel, the end of the whole call's time | stops |
/// | no connection, no token, no answer in time, before the request had left | stops |
/// | a connection or an answer that was lost after it had left | goes on |
/// | names that no filter of `/cc`, or no address, can hold | goes on |
/// | a journal that cannot be written, more than maxIdentities | stops |
pub(super) fn stops_run(call: &Call<'_>, kind: Option<&Kind>, error: &Error) -> bool {
    if call.is_over() {
        return true;
    }
    let details = error.details();
    let response = details.response.as_ref();
    if response.is_some_and(Response::is_page) {
        return true;
    }
    match response.map(|response| response.status) {
        // A person's own, in the address of their call: they may be gone, or were synchronized a moment ago.
        Some(404 | 429) => kind != Some(&Kind::Synchronize),
        Some(401 | 403 | 405 | 410) => true,
        _ => match details.code {
            Code::Tls | Code::HostNotFound | Code::Cancelled | Code::Internal => true,
            Code::JournalError | Code::TooManyMatches => true,
            // Of one call alone.
            Code::InvalidArgument | Code::UnsupportedArgument => false,
            // There was no connection, or no token. One that was lost was there.
            _ => !details.is_endpoint_answer && details.sent == Sent::No,
        },
    }
}
