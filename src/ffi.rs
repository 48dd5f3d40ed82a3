//! The C ABI, and everything unsafe.
//!
//! The comments of the exported functions become the header, which is the manual. Each function body is one call of
//! [`answer`] or [`guarded`], which stop panics.

#![allow(clippy::missing_safety_doc, reason = "the promises about pointers stand once, in the manual (TEXTS)")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{CStr, CString, c_char};
#[cfg(target_os = "linux")]
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU32;
#[cfg(target_os = "linux")]
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::check;
use crate::config::{self, Configuration};
use crate::control::Control;
use crate::envelope::{self, Envelope};
use crate::error::{Code, Error, Result};
use crate::find;
use crate::host::{self, catch_panic, is_forked_child};
use crate::operation;
use crate::refresh;
use crate::report::Failure;
use crate::request::MAXIMUM_REQUEST_BYTES;
use crate::service;
use crate::task;
use crate::wording::Client;

/// The version of this library, such as "0.1.0".
///
/// Static text: do not free it.
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
/// It changes when programs built against the older header could break. New functions and new members of answers do not
/// change it. A program that loads the library at run time compares it first.
#[unsafe(no_mangle)]
pub extern "C" fn cc_abi_version() -> u32 {
    CC_ABI_VERSION
}

/// The version of the ABI that this header describes.
pub const CC_ABI_VERSION: u32 = 1;

/// Sets the process-wide configuration, for calls without their own.
///
/// `json`: a configuration (see CONFIGURATION above), which replaces the former one completely; `{}` resets it to the
/// environment and the files. The former one's secrets and tokens leave the memory, and connections without a call are
/// closed. NULL changes nothing. With the member `"preview": true` nothing is changed either: the answer then shows the
/// values for a call with this configuration.
///
/// The answer, freed with cc_string_free:
///
///     { "ok": true,
///       "configuration": { "baseUrl": "https://acme.api.identitynow.com", "clientSecret": "***", ... },
///       "sources": { "baseUrl": "environment", "timeoutSec": "default", ... } }
///
/// It holds the values in force, each with its source: `call` (only for a preview), `configure`, `environment`,
/// `config.json`, `config.yaml` or `default`. Secrets are redacted. The configuration may be incomplete here; a call
/// that needs more returns `not_configured`.
///
/// Errors: `invalid_argument`, `not_configured` (an incomplete pair of client id and secret, or credentials of one
/// source with the address of another).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_configure(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, see TEXTS. NULL has the effect of an empty preview.
    answer(
        || Ok(unsafe { optional_text(json) }?.unwrap_or(NULL_CONFIGURATION)),
        |text, _| {
            if std::ptr::eq(text, NULL_CONFIGURATION) {
                return config::Report::of_call(None);
            }
            let (configuration, preview) = Configuration::parse(text)?;
            if preview {
                return config::Report::of_call(Some(&configuration));
            }
            config::configure(configuration);
            // Their secrets leave the memory with them.
            service::forget_unused();
            config::Report::of_call(None)
        },
    )
}

/// Refreshes identities, by `POST /cc/api/system/refreshIdentities` or its successor (see BACKENDS above), and blocks
/// until the service has answered.
///
/// `json`: a request (see REQUEST above), such as
///
///     { "filter": "uid == \"amelie.roux\"",
///       "refreshArgs": { "correlateEntitlements": true, "promoteAttributes": true } }
///
/// THE SERVICE REFRESHES THE WHOLE COMPANY if a filter is missing, cannot be parsed, has an attribute that is not
/// searchable, or matches nobody. Therefore a filter is parsed and its matches are counted before anything is sent (see
/// PREFLIGHT above), and a request without a filter is refused unless `options.allowFullRefresh` is true.
///
/// The answer, freed with cc_string_free:
///
///     { "ok": true, "backend": "cc", "baseUrl": "https://acme.api.identitynow.com",
///       "matched": 3, "matchedExactly": true, "undecided": 0,
///       "response": { "status": 200, "headers": { "content-type": ["application/json"] }, "body": { ... } },
///       "calls": [ { "call": "refreshIdentities", "outcome": "accepted", "status": 200 } ] }
///
/// `backend`: the backend that was used. `response`: the service's answer; for several calls, the last one. `calls`,
/// `unmatched`, `ambiguous`: see ACCOUNT above. `fallback`: why the fallback from /cc was used, in the call that found
/// it out. `warnings`: sentences on differences from the request and on deprecated endpoints; optional.
///
/// `matched`: the number of identities known to search that the filter matches. If `matchedExactly` is false, it is a
/// lower bound: no more were counted than necessary, or there are `undecided` ones, which only the service can
/// evaluate. The three are absent if nothing was counted.
///
/// With `options.dryRun` everything is checked and counted completely, nothing is sent, and `plan` replaces `response`:
/// `url`, `filter` in canonical form, `everybody`, `identities` (`id`, `name`, `displayName` of the first ten matches),
/// `body` (of the call of /cc). For the successor: `calls` (`call`, `method`, `url`, `count` of each kind),
/// `sideEffects` (arguments that are not set although the call has their effect). For a full refresh, `everybody` is
/// true, and `matched` is the tenant's size if it can be counted.
///
/// A refresh is sent at most once, unless the service is known not to have accepted it: after a failed connection,
/// after 401 (once, with a new token), after 429. `error.sent` says whether it was sent.
///
/// Errors: all of ERRORS above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_refresh_identities(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, |text, control| refresh::refresh(text, control, None))
}

/// Parses a filter and describes it, without network and configuration.
///
/// `json`: { "filter": "..." }
///
/// The answer, freed with cc_string_free:
///
///     { "ok": true,
///       "filter": { "canonical": "uid == \"amelie.roux\"", "attributes": ["uid"], "warnings": [], "undecidable": [] } }
///
/// `canonical`: the filter in its canonical form. `attributes`: the names that must be searchable in the tenant.
/// `warnings`: sentences on valid expressions that are usually mistakes. `undecidable`: the parts, in canonical form,
/// that only the service can evaluate, so that a preflight cannot.
///
/// Errors: `invalid_argument`; `invalid_filter` with `position`, and a `hint` that shows the place and what was
/// probably meant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_check_filter(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, |text, _| check::check(text))
}

/// Finds the identities that a refresh with a filter would touch, and blocks until they are found. It changes nothing.
///
/// `json`: { "filter": "...", "limit": 250, "after": null, "configuration": { ... } }. `limit`: the page size, 1 to
/// 10000. `after`: the value in the last answer, for the next page.
///
/// The answer, freed with cc_string_free:
///
///     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "total": 3, "undecided": 0,
///       "identities": [ { "id": "2c91...", "name": "amelie.roux", "displayName": "Amelie Roux" }, ... ],
///       "after": null }
///
/// `total`: the number of matches on all pages, counted with the first page and repeated with the others. `undecided`:
/// the number of further identities that only the service can evaluate; no page has them. `identities`: sorted by id.
/// Identities that come or go meanwhile may be missed, but none is returned twice. `after`: null on the last page.
///
/// Identities that search does not know are not found: new ones, and uncorrelated ones.
///
/// Errors: `invalid_argument`, `invalid_filter`, `preflight_unavailable` (only the service can evaluate the filter),
/// and network errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_find_identities(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, find::find)
}

/// Returns the state of a task that a refresh has started, or waits for its end.
///
/// `json`: { "id": "...", "wait": true, "waitTimeoutSec": 3600, "pollIntervalMs": 2000, "ids": [ ... ],
/// "configuration": { ... } }. Without `wait` the task is queried once, by its id with dashes and without. With `wait` a
/// new task may be unknown for 30 s; a text that has not the form of a task's id is not found at once, unless `ids` are
/// given. `ids`: the ids of the task's people; each is looked up when the task has ended.
///
/// The answer, freed with cc_string_free:
///
///     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "state": "succeeded", "messages": [ "..." ],
///       "failed": [ { "identity", "id", "processingState", "lastRefresh" } ], "task": { ... } }
///
/// `state`: `running`, `succeeded`, `warning` or `failed`. `messages`: the task's messages. `failed`: the people of
/// `ids` whom the tenant marks as failed, or has last refreshed before the task began; absent if there are none.
/// `task`: the service's object, unchanged. `warnings`: as in cc_refresh_identities, and if `ids` could not be looked
/// up.
///
/// Errors: `invalid_argument`; `not_found` (no such task; tasks are kept for 90 days); with `wait` also `task_failed`,
/// whose hint has the task's messages, and `timeout` (the task continues); network errors. `error.stopsRun` is true if the
/// query of any other task would meet the same error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_get_task(json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer(|| unsafe { text(json, "The request") }, task::task)
}

/// Starts a function in the background (see OPERATIONS above), without waiting for it.
///
/// `function`: "cc_refresh_identities", "cc_find_identities" or "cc_get_task". `json`: the argument of that function.
/// Both are read only during the call.
///
/// Returns the number of the operation, freed with cc_operation_free; never 0. The first cc_operation_wait reports
/// errors in the arguments.
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

/// Starts a function in the background and waits for it, at most `timeout_ms` milliseconds: cc_operation_start,
/// cc_operation_wait and, if it has ended by then, cc_operation_free in one call.
///
/// `*operation` becomes 0 if the operation has ended, and its number otherwise. NULL is allowed: the operation is then
/// freed, and cancelled, if it has not ended in time.
///
/// The answer, freed with cc_string_free, is that of cc_operation_wait.
///
/// Errors: in `result`, the errors of the function and those in the arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_operation_run(
    function: *const c_char,
    json: *const c_char,
    timeout_ms: u32,
    operation: *mut u64,
) -> *mut c_char {
    let mut number = 0;
    let answer = answer_text(|| {
        // SAFETY: the caller's promise, above.
        let (function, json) = unsafe { (text(function, "function"), text(json, "The request")) };
        let (unfinished, answer) = operation::run(function, json, Duration::from_millis(timeout_ms.into()));
        number = unfinished;
        answer
    });
    if operation.is_null() {
        if number != 0 {
            operation::free(number);
        }
    } else {
        // SAFETY: the caller's promise, above.
        unsafe { operation.write(number) };
    }
    answer
}

/// Waits for an operation, at most `timeout_ms` milliseconds; 0 returns at once.
///
/// The answer, freed with cc_string_free, is one of
///
///     { "ok": true, "state": "running",
///       "progress": { "phase": "sending", "done": 2, "total": 40, "percent": 5, "message": "The refresh" } }
///     { "ok": true, "state": "done", "result": { "ok": ..., ... } }
///     { "ok": false, "state": "unknown", "error": { ... } }
///
/// `result` is the answer of the function, the same for each wait and each thread until the operation is freed.
/// `progress` is for people: `phase` is a short name of the current activity, such as `queued`, `token`, `searching`,
/// `sending`, `rate limit`, `waiting`; `total` and `percent` are null if unknown. `done` and `total` of a refresh count its
/// people over the whole run, with `options.wait` those whose task has ended; of a task they are percent. A streamed refresh
/// also returns batches (see STREAMS above).
///
/// Errors: `invalid_argument` (an unknown operation, or one that was freed, also during this wait).
#[unsafe(no_mangle)]
pub extern "C" fn cc_operation_wait(operation: u64, timeout_ms: u32) -> *mut c_char {
    answer_text(|| operation::wait(operation, Duration::from_millis(timeout_ms.into())))
}

/// Sends names to a refresh that was started with `"stream": true` (see STREAMS above). It does not block.
///
/// `json`: { "identities": [ "amelie.roux", ... ] }, any number of names; { "end": true } after the last ones; or both
/// together. `identityAttribute`: the attribute of these names, if it is not the request's.
///
/// The answer, freed with cc_string_free:
///
///     { "ok": true, "waiting": 250, "full": false, "stopped": false }
///
/// `waiting`: the number of names that wait to be looked up. `full`: call cc_operation_wait before more names are sent,
/// until an empty `identities` is answered with false; further names are accepted, but take memory. `stopped`: an error has stopped the run; names are still
/// accepted, and reported as `not_sent`.
///
/// Errors: `invalid_argument` (an unknown operation; one that takes no names; after the end, or after a cancel; not an
/// array of texts). The operation continues, and none of the names was accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_operation_send(operation: u64, json: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise, above.
    answer_text(|| operation::send(operation, unsafe { text(json, "What is sent") }))
}

/// Stops an operation, without waiting for its end. Nothing of it is sent from now on.
///
/// The answer, freed with cc_string_free:
///
///     { "ok": true, "sent": "no" }
///
/// `sent`: as in errors; a refresh with "maybe" or "yes" continues at the service. The result of the operation is
/// `cancelled`, with the `calls` so far, as soon as its thread has seen the cancel. A finished operation keeps its
/// result. A second cancel has no effect.
///
/// Errors: `invalid_argument` (an unknown operation).
#[unsafe(no_mangle)]
pub extern "C" fn cc_operation_cancel(operation: u64) -> *mut c_char {
    answer_text(|| operation::cancel(operation))
}

/// Cancels and removes an operation. Unknown numbers are ignored.
#[unsafe(no_mangle)]
pub extern "C" fn cc_operation_free(operation: u64) {
    guarded(|| (), || operation::free(operation));
}

/// Frees a text that a function of this library has returned. NULL is ignored.
///
/// Do not use `free()`: the text belongs to this library's allocator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: it came from `CString::into_raw` in `answer_text`, and the caller gives it back.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// Runs a function and returns its envelope. No panic passes.
fn answer<'t, T: serde::Serialize, E: Into<Failure> + From<Error>>(
    text: impl FnOnce() -> Result<&'t str>,
    work: impl FnOnce(&'t str, &Control) -> Result<T, E>,
) -> *mut c_char {
    answer_text(|| match text() {
        Ok(text) => {
            let control = Control::blocking();
            let result = work(text, &control);
            envelope::write(Client::of(text), control.secrets(), result)
        }
        Err(error) => envelope::write_error(Client::C, error),
    })
}

/// Stands for NULL. It is not JSON, and is recognised by its address.
static NULL_CONFIGURATION: &str = "NULL";

fn answer_text(work: impl FnOnce() -> Envelope) -> *mut c_char {
    let on_failure = || match is_forked_child(fork_page) {
        true => envelope::write_error(Client::C, forked_child()),
        false => envelope::internal(),
    };
    let text = guarded(on_failure, work);
    // JSON text has no NUL, because strings escape it.
    if memchr::memchr(0, &text).is_some() {
        return CString::default().into_raw();
    }
    // A copy of the exact size: shrinking in place would fragment the heap.
    let mut exact = Vec::with_capacity(text.len() + 1);
    exact.extend_from_slice(&text);
    // SAFETY: it has no NUL.
    unsafe { CString::from_vec_unchecked(exact) }.into_raw()
}

/// Runs `work`; returns `on_failure` if it panics, or in a forked child.
fn guarded<T>(on_failure: impl Fn() -> T, work: impl FnOnce() -> T) -> T {
    keep_loaded();
    // Before any lock: in a forked child, a lock that another thread held is never released.
    if is_forked_child(fork_page) {
        return on_failure();
    }
    host::hold_standard_streams();
    catch_panic(work).unwrap_or_else(on_failure)
}

/// Keeps the library loaded until the process ends: after FreeLibrary its threads would continue in unmapped memory.
#[cfg(windows)]
fn keep_loaded() {
    use std::sync::Once;

    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    static PINNED: Once = Once::new();
    PINNED.call_once(|| {
        let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
        let mut module = std::ptr::null_mut();
        // SAFETY: with FROM_ADDRESS, the text is an address of the module, here of this function.
        unsafe { GetModuleHandleExW(flags, keep_loaded as *const () as *const u16, &mut module) };
    });
}

/// The linker has done it (build.rs).
#[cfg(not(windows))]
fn keep_loaded() {}

/// The text of a pointer; NULL is an error.
///
/// # Safety
///
/// See [`optional_text`].
unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(pointer) }?
        .ok_or_else(|| Error::invalid_argument(format!("{what} is NULL; it must be JSON text.")))
}

/// The text of a pointer; `None` for NULL.
///
/// # Safety
///
/// `pointer` is NULL or points to NUL-terminated text that is valid and unchanged during `'a`.
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
            .hint("Was it written in the system's code page?")
    })
}

/// A word that is 1 in this process, and 0 in a process that was forked from it.
#[cfg(target_os = "linux")]
fn fork_page() -> Option<&'static AtomicU32> {
    use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous};
    let bytes = NonZeroUsize::new(size_of::<AtomicU32>())?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: new memory at an address of the system's choice. It is never unmapped.
    let page = unsafe { mmap_anonymous(None, bytes, access, MapFlags::MAP_PRIVATE) }.ok()?;
    // SAFETY: the page from above, which nothing else uses.
    unsafe { madvise(page, bytes.get(), MmapAdvise::MADV_WIPEONFORK) }.ok()?;
    // SAFETY: a page is aligned, and new memory is zero, which is a value of the type.
    let word = unsafe { page.cast::<AtomicU32>().as_ref() };
    word.store(1, Ordering::Relaxed);
    Some(word)
}

#[cfg(not(target_os = "linux"))]
fn fork_page() -> Option<&'static AtomicU32> {
    None
}

/// The allocator of the library, which overwrites memory before it is freed: texts with secrets pass many buffers, also
/// those of other crates, and a core file would show them.
struct WipingAllocator;

#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator;

// SAFETY: the system's allocator, with its layouts; only memory that is about to be freed is written.
unsafe impl GlobalAlloc for WipingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller gives back `layout.size()` bytes that it does not use any more.
        unsafe { wipe(pointer, layout.size()) };
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if let Some(excess) = layout.size().checked_sub(size) {
            // SAFETY: the caller gives back what is beyond `size`. A block that becomes smaller stays where it is.
            unsafe {
                wipe(pointer.add(size), excess);
                return System.realloc(pointer, layout, size);
            }
        }
        // SAFETY: the caller's promises, and the size is not 0, being larger than the old one.
        unsafe {
            let larger = System.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !larger.is_null() {
                larger.copy_from_nonoverlapping(pointer, layout.size());
                self.dealloc(pointer, layout);
            }
            larger
        }
    }
}

/// Overwrites memory that nothing reads any more.
///
/// # Safety
///
/// There are so many bytes to write to.
unsafe fn wipe(pointer: *mut u8, bytes: usize) {
    // Blocks of these sizes are freed in each call, and `memset` is slow to begin. Parts may overlap.
    const PART: usize = 64;
    const MOST: usize = 8 << 10;
    // SAFETY: the caller's promise: each write ends at `bytes` at the latest, and may be to any address.
    unsafe {
        let clear = |at: usize| pointer.add(at).cast::<u128>().write_unaligned(0);
        match bytes {
            PART..=MOST => {
                for part in 0..bytes / PART {
                    pointer.cast::<[u128; 4]>().add(part).write_unaligned([0; 4]);
                    // Otherwise the compiler makes a `memset` of the loop.
                    std::hint::black_box(pointer);
                }
                pointer.add(bytes - PART).cast::<[u128; 4]>().write_unaligned([0; 4]);
            }
            16..PART => {
                clear(0);
                clear(bytes - 16);
                if bytes > 32 {
                    clear(16);
                    clear(bytes - 32);
                }
            }
            _ => pointer.write_bytes(0, bytes),
        }
    }
    // Otherwise the compiler leaves the write out, because nothing reads it.
    std::hint::black_box(pointer);
}

fn forked_child() -> Error {
    Error::new(
        Code::Internal,
        "This process was forked from one that had used PSSailpointCC, and does not have the library's threads.",
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
    fn memory_is_wiped_to_its_end_and_no_further() {
        for bytes in (0..300).chain([8_191, 8_192, 8_193, 20_000]) {
            let mut memory = vec![1_u8; bytes + 16];
            // SAFETY: there are 8 more bytes before and behind.
            unsafe { wipe(memory.as_mut_ptr().add(8), bytes) };
            let kept = |part: &[u8]| part.iter().all(|byte| *byte == 1);
            assert!(kept(&memory[..8]) && kept(&memory[8 + bytes..]), "{bytes}");
            assert!(memory[8..8 + bytes].iter().all(|byte| *byte == 0), "{bytes}");
        }
    }

    #[test]
    fn a_panic_becomes_an_internal_error_that_does_not_repeat_its_text() {
        let answered = envelope(answer::<(), Error>(|| Ok(""), |_, _| panic!("secret-of-the-panic")));
        assert_eq!(answered["error"]["code"], "internal");
        assert_eq!(answered["error"]["sent"], "maybe");
        assert!(!answered.to_string().contains("secret-of-the-panic"));
    }

    #[test]
    fn a_panic_on_a_thread_of_the_library_does_not_end_the_process() {
        spawn_thread("panics", || panic!("nobody sees this")).expect("started");
        assert_eq!(envelope(answer(|| Ok(""), |_, _| Ok::<_, Error>(())))["ok"], true);
    }

    #[test]
    fn freeing_null_is_fine() {
        // SAFETY: NULL is allowed.
        unsafe { cc_string_free(std::ptr::null_mut()) };
    }
}
