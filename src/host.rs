//! Protects the host process: silent panics, threads that receive no signals, no work in a forked child, one look at
//! the environment.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Once, OnceLock};

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

const STACK_BYTES: usize = 2 << 20;

/// Starts a thread of the library. It receives no signals, and its panics print nothing.
pub(crate) fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    // With a size, because the default is read from the environment.
    let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
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

/// Takes back a SIGPIPE that was raised while it was blocked.
#[cfg(target_os = "linux")]
fn broken_pipes() -> Option<&'static nix::sys::signalfd::SignalFd> {
    use nix::sys::signal::{SigSet, Signal};
    use nix::sys::signalfd::{SfdFlags, SignalFd};
    static RAISED: OnceLock<Option<SignalFd>> = OnceLock::new();
    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    let open = || SignalFd::with_flags(&SigSet::from_iter([Signal::SIGPIPE]), flags).ok();
    RAISED.get_or_init(open).as_ref()
}

/// Whether a thread of the host's may write to connections, by [`without_broken_pipes`].
pub(crate) fn can_break_pipes() -> bool {
    #[cfg(target_os = "linux")]
    return broken_pipes().is_some();
    #[cfg(not(target_os = "linux"))]
    return false;
}

/// Runs `work` on a thread of the host's: what it writes to broken connections raises no SIGPIPE there. All other signals
/// reach the host as always.
#[cfg(target_os = "linux")]
pub(crate) fn without_broken_pipes<T>(work: impl FnOnce() -> T) -> T {
    use nix::sys::signal::{SigSet, SigmaskHow, Signal};
    struct Unblock;
    impl Drop for Unblock {
        fn drop(&mut self) {
            // It waits for this thread until it is unblocked. Fails only for an invalid file or mask.
            let _ = broken_pipes().map(|raised| raised.read_signal());
            let _ = SigSet::from_iter([Signal::SIGPIPE]).thread_unblock();
        }
    }
    let before = SigSet::from_iter([Signal::SIGPIPE]).thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let _unblock = before.is_ok_and(|before| !before.contains(Signal::SIGPIPE)).then(|| Unblock);
    work()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn without_broken_pipes<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Whether this process was forked from one that has used the library, whose threads do not exist here. `page`: a word
/// that is 1 here and that a fork does not inherit, where the system has such memory. The process's number tells it
/// elsewhere, and wherever it differs.
pub(crate) fn is_forked_child(page: fn() -> Option<&'static AtomicU32>) -> bool {
    static PROCESS: AtomicU32 = AtomicU32::new(0);
    static PAGE: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    if let Some(Some(word)) = PAGE.get() {
        return word.load(Ordering::Relaxed) == 0;
    }
    let own = std::process::id();
    // First, because it takes no lock. In another namespace of process numbers a child can have the same number.
    PROCESS.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed).is_err_and(|first| first != own)
        || PAGE.get_or_init(page).is_some_and(|word| word.load(Ordering::Relaxed) == 0)
}

/// The environment variables that the library uses, as they were when they were first needed.
///
/// They are read once: a host that changes its environment while another thread reads it, crashes.
pub(crate) struct Environment {
    variables: Vec<(String, String)>,
    pub(crate) home: Option<PathBuf>,
}

pub(crate) fn environment() -> &'static Environment {
    static READ: LazyLock<Environment> = LazyLock::new(|| Environment {
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| is_used(name))
            .collect(),
        home: std::env::home_dir(),
    });
    &READ
}

fn is_used(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("SAIL_") || name.ends_with("_PROXY") || name.starts_with("SSL_CERT_")
}

impl Environment {
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let is_same = |known: &str| if cfg!(windows) { known.eq_ignore_ascii_case(name) } else { known == name };
        self.variables.iter().find(|(known, _)| is_same(known)).map(|(_, value)| value.clone())
    }
}

/// Opens the null device in place of standard streams that the host has closed: otherwise a socket would become one of
/// them, and what the host prints would go to the service.
#[cfg(unix)]
pub(crate) fn hold_standard_streams() {
    use nix::fcntl::{FcntlArg, fcntl};
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd};
    let is_open = |stream: BorrowedFd<'_>| fcntl(stream, FcntlArg::F_GETFD).is_ok();
    let (input, output, error) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    if [input.as_fd(), output.as_fd(), error.as_fd()].into_iter().all(is_open) {
        return;
    }
    // The lowest free number is used each time.
    while let Ok(null) = std::fs::File::options().read(true).write(true).open("/dev/null")
        && null.as_raw_fd() <= 2
    {
        // It stays open.
        let _ = null.into_raw_fd();
    }
}

#[cfg(not(unix))]
pub(crate) fn hold_standard_streams() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use nix::sys::signal::{SigSet, Signal, raise};

    use super::*;

    #[test]
    fn a_broken_pipe_is_blocked_during_the_work_and_as_before_after_it() {
        let is_blocked = || SigSet::thread_get_mask().expect("a mask").contains(Signal::SIGPIPE);
        let blocked_during_work = || {
            without_broken_pipes(|| {
                raise(Signal::SIGPIPE).expect("it is raised");
                is_blocked()
            })
        };
        assert!(can_break_pipes());
        assert!(!is_blocked() && blocked_during_work() && !is_blocked());
        with_signals_blocked(|| assert!(is_blocked() && blocked_during_work() && is_blocked()));
        assert!(!is_blocked());
    }
}
