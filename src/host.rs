//! Protects the host process: silent panics, threads that receive no signals, no work in a forked child.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

thread_local! {
    /// Whether this thread works for the library: its panics print nothing.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; `None` if it panicked. The text of the panic is dropped, because it may hold secrets.
pub(crate) fn catch_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous_hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                previous_hook(panic);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    QUIET.set(before);
    result.ok()
}

/// Starts a thread of the library. It receives no signals, and its panics print nothing.
pub(crate) fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    with_signals_blocked(|| thread.spawn(move || catch_panic(work))).map(drop)
}

/// For a thread that `spawn_thread` has not started: its panics print nothing.
pub(crate) fn silence_thread() {
    QUIET.set(true);
}

/// Runs `work` with all signals blocked. A thread inherits the signal mask of its parent thread.
#[cfg(unix)]
pub(crate) fn with_signals_blocked<T>(work: impl FnOnce() -> T) -> T {
    use nix::sys::signal::{SigSet, SigmaskHow};
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK);
    let result = work();
    if let Ok(before) = before {
        // Fails only for an invalid `how`.
        let _ = before.thread_set_mask();
    }
    result
}

#[cfg(not(unix))]
pub(crate) fn with_signals_blocked<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Whether this process was forked from one that has used the library, whose threads do not exist here.
pub(crate) fn is_forked_child() -> bool {
    static PROCESS: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id();
    PROCESS.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed).is_err_and(|first| first != own)
}
