//! The C ABI, and everything unsafe.
//!
//! The comments of the exported functions are the header's, and the header is the manual: what a function does,
//! who owns what, what NULL means, what goes wrong. Each body is one call inside [`answer`], the guard that no
//! panic passes.

#![allow(clippy::missing_safety_doc, reason = "the promises about pointers stand once, in the manual (TEXTS)")]

use std::ffi::{CStr, CString, c_char};
use std::time::Duration;

use crate::check;
use crate::config::{self, Configuration};
use crate::control::Control;
use crate::envelope;
use crate::error::{Code, Error, Result};
use crate::find;
use crate::host::{catch_panic, is_forked_child};
use crate::operation;
use crate::refresh;
use crate::report::Failure;
use crate::request::MAXIMUM_REQUEST_BYTES;
use crate::task;
use crate::wording::Client;

/// The version of this library, such as "0.1.0".
///
/// Static text: not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn cc_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL"),
    };
    VERSION.as_ptr()
}

/// The version of this ABI: CC_ABI_VERSION of the header that the library was built with.
///
/// It changes when a program that was built against the older header could break; functions and members of answers
/// that are new do not change it. A program that loads the library by hand compares it before anything else.
#[unsafe(no_mangle)]
pub extern "C" fn cc_abi_version() -> u32 {
    CC_ABI_VERSION
}

/// The version of the ABI that this header describes.
pub const CC_ABI_VERSION: u32 = 1;

/// Sets the configuration that holds for calls which bring none, for the whole process.
///
/// `json`: a configuration (see CONFIGURATION above), which replaces the former one whole; `{}` goes back to the
/// environment and the files. NULL changes nothing. With the member `"preview": true` nothing is changed either:
/// the answer then tells what a call with this configuration would go by.
///
/// The answer, to be freed with cc_string_free:
///
///     { "ok": true,
///       "configuration": { "baseUrl": "https://acme.api.identitynow.com", "clientSecret": "***", ... },
///       "sources": { "baseUrl": "environment", "timeoutSec": "default", ... } }
///
/// It is the configuration in force, each value with the source that it came from: `call` (a preview's own),
/// `configure`, `environment`, `config.json`, `config.yaml` or `default`. Secrets are redacted. A configuration need
/// not be complete here; a call that finds it incomplete answers `not_configured`.
///
/// Errors: `invalid_argument`, `not_configured` (half of a client's credentials, or credentials of one source with
/// the address of another).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_configure(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above. NULL is as good as a preview of nothing.
    answer(
        || Ok(unsafe { optional_text(json) }?.unwrap_or(NULL_CONFIGURATION)),
        |text| {
            if std::ptr::eq(text, NULL_CONFIGURATION) {
                return config::Report::of_call(None);
            }
            let (configuration, preview) = Configuration::parse(text)?;
            if preview {
                return config::Report::of_call(Some(&configuration));
            }
            config::configure(configuration);
            config::Report::of_call(None)
        },
    )
}

/// Refreshes identities, by `POST /cc/api/system/refreshIdentities` or its successor (see BACKENDS above), and blocks until
/// the service has answered.
///
/// `json`: a request (see REQUEST above), such as
///
///     { "filter": "uid == \"amelie.roux\"",
///       "refreshArgs": { "correlateEntitlements": true, "promoteAttributes": true } }
///
/// THE SERVICE REFRESHES THE WHOLE COMPANY when a filter cannot be parsed, names an attribute that is not searchable,
/// matches nobody, or is not there. So a filter is parsed and its matches are counted before anything is sent (see
/// PREFLIGHT above), and a request without one is refused unless `options.allowFullRefresh` is true.
///
/// The answer, to be freed with cc_string_free:
///
///     { "ok": true, "backend": "cc", "baseUrl": "https://acme.api.identitynow.com",
///       "matched": 3, "matchedExactly": true, "undecided": 0,
///       "response": { "status": 200, "headers": { "content-type": ["application/json"] }, "body": { ... } },
///       "calls": [ { "call": "refreshIdentities", "outcome": "accepted", "status": 200 } ] }
///
/// `backend`: the way it went. `response`: the service's answer, of the last call where there were several. `calls`,
/// `unmatched`, `ambiguous`: see ACCOUNT above. `fallback`: why it was not /cc that was asked in the end, in the call where
/// that was found out. `warnings`: sentences on what was done otherwise than asked, or will not work for ever, where there
/// are any.
///
/// `matched`: how many identities that search knows the filter matches; at least so many where `matchedExactly` is
/// false: no more were counted than had to be, or there are `undecided` ones, of whom only the service can tell whether
/// it takes them as well. The three are not there where nothing was counted.
///
/// With `options.dryRun` everything is checked and counted to the end, nothing is sent, and `plan` stands where
/// `response` would: `url`, `filter` in its canonical form, `everybody`, `identities` (`id`, `name`, `displayName` of
/// the first ten that match), `body` (of /cc's call). By the successor: `calls` (`call`, `method`, `url`, `count` of each
/// kind), `sideEffects` (the arguments that are not set, and done nevertheless). For a full refresh `everybody` is true, and `matched` the tenant's size, where
/// it can be counted.
///
/// A refresh is sent at most once, unless the service is known not to have taken it: after a connection that could
/// not be made, after 401 (once, with a new token), after 429. `error.sent` tells whether it left.
///
/// Errors: all of ERRORS above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_refresh_identities(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, |text| refresh::refresh(text, &Control::blocking(), None))
}

/// Tells what a filter says. No network, no configuration.
///
/// `json`: { "filter": "..." }
///
/// The answer, to be freed with cc_string_free:
///
///     { "ok": true,
///       "filter": { "canonical": "uid == \"amelie.roux\"", "attributes": ["uid"], "warnings": [], "undecidable": [] } }
///
/// `canonical`: the same filter in its one form. `attributes`: the names that must be searchable in the tenant.
/// `warnings`: what is legal and seldom meant, a sentence or two each. `undecidable`: the parts, in canonical form,
/// that only the service itself can judge, so that no preflight can.
///
/// Errors: `invalid_argument`; `invalid_filter` with `position`, and a `hint` that shows the place and what was
/// probably meant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_check_filter(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, check::check)
}

/// Finds whom a refresh with a filter would touch, and blocks until it has them. Nothing is changed.
///
/// `json`: { "filter": "...", "limit": 250, "after": null, "configuration": { ... } }. `limit`: the most identities
/// of one answer, 1 to 10000. `after`: what the last answer had, for the next page.
///
/// The answer, to be freed with cc_string_free:
///
///     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "total": 3, "undecided": 0,
///       "identities": [ { "id": "2c91...", "name": "amelie.roux", "displayName": "Amelie Roux" }, ... ],
///       "after": null }
///
/// `total`: how many match, on all pages together; counted with the first page, and repeated with the others.
/// `undecided`: of how many more only the service can tell; they are on no page. `identities`: sorted by id; who comes
/// or goes meanwhile may be missed, and nobody is there twice. `after`: null on the last page.
///
/// Whom search does not know is not found: who has just come, and uncorrelated identities.
///
/// Errors: `invalid_argument`, `invalid_filter`, `preflight_unavailable` (nobody but the service can judge the
/// filter), and those of the network.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_find_identities(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, |text| find::find(text, &Control::blocking()))
}

/// Tells how a task gets on that a refresh has started, or waits for its end.
///
/// `json`: { "id": "...", "wait": true, "waitTimeoutSec": 3600, "pollIntervalMs": 2000, "ids": [ ... ],
/// "configuration": { ... } }. Without `wait` it is asked after once. `ids`: of the people whom the task is for; each is
/// looked up where it has ended.
///
/// The answer, to be freed with cc_string_free:
///
///     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "state": "succeeded", "messages": [ "..." ],
///       "failed": [ { "identity", "id", "processingState", "lastRefresh" } ], "task": { ... } }
///
/// `state`: `running`, `succeeded`, `warning` or `failed`. `messages`: what the task has to say. `failed`: those of `ids`
/// whom the tenant calls failed, or has last refreshed before the task began; not there where there are none. `task`: the
/// service's object as it came. `warnings`: as in cc_refresh_identities, and where those of `ids` could not be looked up.
///
/// Errors: `invalid_argument`; `not_found` (no such task; they are kept for 90 days); with `wait` also `task_failed`, whose
/// hint has the task's messages, and `timeout` (the task goes on); those of the network.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_get_task(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, |text| task::task(text, &Control::blocking()))
}

/// Starts a function in the background (see OPERATIONS above), and does not wait for it.
///
/// `function`: "cc_refresh_identities", "cc_find_identities" or "cc_get_task". `json`: what that function takes; both are read during
/// the call only.
///
/// The operation's number, to be freed with cc_operation_free; never 0. Whatever is wrong with the arguments is told by
/// the first cc_operation_wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_operation_start(function: *const c_char, json: *const c_char) -> u64 {
    guarded(
        || operation::NONE,
        || {
            // SAFETY: the caller's promise, above.
            operation::start(unsafe { text(function, "function") }, unsafe { text(json, "The request") })
        },
    )
}

/// Waits for an operation, `timeout_ms` milliseconds at the most; 0 asks how it gets on.
///
/// The answer, to be freed with cc_string_free, is one of
///
///     { "ok": true, "state": "running",
///       "progress": { "phase": "sending", "done": 2, "total": 40, "percent": 5, "message": "The refresh" } }
///     { "ok": true, "state": "done", "result": { "ok": ..., ... } }
///     { "ok": false, "state": "unknown", "error": { ... } }
///
/// `result` is the answer that the function itself gives, the same for each wait and each thread until the operation is
/// freed. `progress` is for people: `phase` is one word or two for what it does or waits for, such as `queued`, `token`,
/// `searching`, `sending`, `rate limit`, `waiting`; `total` and `percent` are null where they are not known.
///
/// Errors: `invalid_argument` (no such operation, or one that was freed, also while this function waited).
#[unsafe(no_mangle)]
pub extern "C" fn cc_operation_wait(operation: u64, timeout_ms: u32) -> *mut c_char {
    answer_text(|| operation::wait(operation, Duration::from_millis(timeout_ms.into())))
}

/// Gives names to a refresh that was started with `"stream": true` (see STREAMS above). It waits for nothing.
///
/// `json`: { "identities": [ "amelie.roux", ... ] }, any number of them, { "end": true } after the last ones, or both
/// together. `identityAttribute`: which attribute these are values of, where it is another one than the request's.
///
/// The answer, to be freed with cc_string_free:
///
///     { "ok": true, "waiting": 250, "full": false, "stopped": false }
///
/// `waiting`: how many names wait to be looked up. `full`: send no more until cc_operation_wait has given a batch; what
/// is sent nevertheless is taken, and takes memory. `stopped`: an error keeps everything else from being sent; names are
/// still taken, and told as `not_sent`.
///
/// Errors: `invalid_argument` (no such operation; one that takes no names; after the end, or after a cancel; what is
/// sent is no list of texts). The operation goes on, and none of the names was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_operation_send(operation: u64, json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer_text(|| operation::send(operation, unsafe { text(json, "What is sent") }))
}

/// Stops an operation, and does not wait for its end. From now on nothing of it is sent.
///
/// The answer, to be freed with cc_string_free:
///
///     { "ok": true, "sent": "no" }
///
/// `sent`: as in errors; what is "maybe" or "yes" goes on at the service. The operation's result is `cancelled`, with
/// `calls` as they have come to be, and is there as soon as its thread has seen it. One that had ended keeps its result,
/// and one that is cancelled twice stays as it is.
///
/// Errors: `invalid_argument` (no such operation).
#[unsafe(no_mangle)]
pub extern "C" fn cc_operation_cancel(operation: u64) -> *mut c_char {
    answer_text(|| operation::cancel(operation))
}

/// Forgets an operation, and cancels it first. A number that is no operation's is fine.
#[unsafe(no_mangle)]
pub extern "C" fn cc_operation_free(operation: u64) {
    guarded(|| (), || operation::free(operation));
}

/// Gives back a text that a function of this library has returned, once. NULL is fine.
///
/// Not `free()`: the text belongs to this library's allocator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: it came from `CString::into_raw` in `answer`, and is the caller's to give back.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// Runs a function's work with its text and makes its envelope. Nothing passes but the envelope: no panic, no unwinding.
fn answer<'t, T: serde::Serialize, E: Into<Failure> + From<Error>>(
    text: impl FnOnce() -> Result<&'t str>,
    work: impl FnOnce(&'t str) -> Result<T, E>,
) -> *mut c_char {
    answer_text(|| match text() {
        Ok(text) => envelope::write(Client::of(text), work(text)),
        Err(error) => envelope::write_error(Client::C, error),
    })
}

/// Stands for NULL, where a configuration could be given. It is no JSON, and told from an empty text by its address.
static NULL_CONFIGURATION: &str = "NULL";

fn answer_text(work: impl FnOnce() -> Vec<u8>) -> *mut c_char {
    let on_failure = || match is_forked_child() {
        true => envelope::write_error(Client::C, forked_child()),
        false => envelope::INTERNAL.into(),
    };
    let text = guarded(on_failure, work);
    // A copy in its exact size: to shrink the text where it is would leave the allocator pieces of no use. JSON text has
    // no NUL: in strings it is written as an escape.
    CString::new(text.as_slice()).unwrap_or_default().into_raw()
}

/// Runs `work`; `on_failure` where it panics, or would find nothing but locks that nobody holds.
fn guarded<T>(on_failure: impl Fn() -> T, work: impl FnOnce() -> T) -> T {
    // Before any lock: the parent may have held it at the fork, and nobody would ever release it here.
    if is_forked_child() { on_failure() } else { catch_panic(work).unwrap_or_else(on_failure) }
}

/// What a pointer holds, where NULL is an error.
///
/// # Safety
///
/// See [`optional_text`].
unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(pointer) }?
        .ok_or_else(|| Error::invalid_argument(format!("{what} is NULL; it must be JSON text.")))
}

/// What a pointer holds: `None` for NULL.
///
/// # Safety
///
/// `pointer` is NULL or points to NUL-terminated text that lives and does not change as long as `'a`.
unsafe fn optional_text<'a>(pointer: *const c_char) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller's promise.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    if bytes.len() > MAXIMUM_REQUEST_BYTES {
        return Err(Error::invalid_argument(format!(
            "The text has {} bytes; at most {MAXIMUM_REQUEST_BYTES} are taken.",
            bytes.len()
        )));
    }
    std::str::from_utf8(bytes).map(Some).map_err(|error| {
        Error::invalid_argument(format!("The text is not UTF-8: byte {} is wrong.", error.valid_up_to()))
            .hint("Was it written in the system's code page? PowerShell: [Text.Encoding]::UTF8.GetBytes(...).")
    })
}

fn forked_child() -> Error {
    Error::new(
        Code::Internal,
        "This process was forked from one that had used PSSailpointCC, whose threads did not come along.",
    )
    .hint("Call exec after fork, or use the library in one of the two processes only.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::spawn_thread;

    fn envelope(pointer: *mut c_char) -> serde_json::Value {
        // SAFETY: it came from `answer`.
        let text = unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8").to_owned();
        // SAFETY: given back once.
        unsafe { cc_string_free(pointer) };
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn a_panic_becomes_an_internal_error_that_does_not_repeat_its_text() {
        let answered = envelope(answer::<(), Error>(|| Ok(""), |_| panic!("secret-of-the-panic")));
        assert_eq!(answered["error"]["code"], "internal");
        assert_eq!(answered["error"]["sent"], "maybe");
        assert!(!answered.to_string().contains("secret-of-the-panic"));
    }

    #[test]
    fn a_panic_on_a_thread_of_the_library_ends_nothing() {
        spawn_thread("panics", || panic!("nobody sees this")).expect("started");
        assert_eq!(envelope(answer(|| Ok(""), |_| Ok::<_, Error>(())))["ok"], true);
    }

    #[test]
    fn freeing_null_is_fine() {
        // SAFETY: NULL is allowed.
        unsafe { cc_string_free(std::ptr::null_mut()) };
    }
}
