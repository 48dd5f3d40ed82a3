//! Between the caller of a streamed refresh and the run: names go in, finished batches come out. Both sides are bounded
//! as long as the caller stops to send while it is told that the buffer is full.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::filter::Attribute;
use crate::request::SendRequest;

/// From this many names on, the buffer is full.
const FULL: usize = 4_000;

/// So many finished batches wait for the caller; the run pauses until some of them were taken.
const FINISHED: usize = 64;

/// The names of one refresh, and its finished batches.
pub(crate) struct Feed {
    state: Mutex<State>,
    changed: Condvar,
    /// Tells whoever waits for the operation that a batch is there.
    notify: Box<dyn Fn() + Send + Sync>,
}

struct State {
    /// By attribute, in the order in which the attributes first came.
    names: Vec<(Option<Attribute>, VecDeque<String>)>,
    waiting: usize,
    sends: u64,
    has_ended: bool,
    /// Whether an error keeps everything else from being sent.
    is_stopped: bool,
    /// Why no more names are taken.
    closed: Option<&'static str>,
    finished: VecDeque<Vec<u8>>,
}

/// `cc_operation_send`'s answer.
#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    waiting: usize,
    full: bool,
    stopped: bool,
}

/// What a look for names has come to.
#[derive(Debug)]
pub(crate) enum Taken {
    /// `None`: of the attribute that the request names.
    Names(Option<Attribute>, Vec<String>),
    /// Not enough yet for a whole block, and more may come.
    Later,
    End,
}

impl Feed {
    /// For names that come while the refresh runs.
    pub(crate) fn open(notify: impl Fn() + Send + Sync + 'static) -> Self {
        let state = State {
            names: Vec::new(),
            waiting: 0,
            sends: 0,
            has_ended: false,
            is_stopped: false,
            closed: None,
            finished: VecDeque::new(),
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), notify: Box::new(notify) }
    }

    /// For names that are all known.
    pub(crate) fn of(names: Vec<String>) -> Self {
        let feed = Self::open(|| ());
        let mut state = feed.state();
        state.waiting = names.len();
        state.names.push((None, names.into()));
        (state.sends, state.has_ended) = (1, true);
        drop(state);
        feed
    }

    /// Takes what `cc_operation_send` brings. It waits for nothing.
    pub(crate) fn send(&self, text: &str) -> Result<Accepted> {
        let SendRequest { identities, attribute, end } = SendRequest::parse(text)?;
        let mut state = self.state();
        if let Some(why) = state.closed {
            return Err(not_taken(why));
        }
        if state.has_ended {
            return Err(not_taken("the end of the names was sent before"));
        }
        state.sends += 1;
        state.waiting += identities.len();
        if !identities.is_empty() {
            match state.names.iter_mut().find(|(known, _)| *known == attribute) {
                Some((_, names)) => names.extend(identities),
                None => state.names.push((attribute, identities.into())),
            }
        }
        state.has_ended = end;
        let accepted = Accepted { waiting: state.waiting, full: state.waiting >= FULL, stopped: state.is_stopped };
        drop(state);
        self.changed.notify_all();
        Ok(accepted)
    }

    /// A block of at most `most` names of one attribute: a whole one, or after the end what is left. With `wait` it
    /// waits until there is one, or until the refresh is cancelled.
    pub(crate) fn take(&self, most: usize, wait: bool) -> Taken {
        let mut state = self.state();
        loop {
            let wanted = if state.has_ended || state.closed.is_some() { 1 } else { most };
            if let Some((attribute, names)) = state.names.iter_mut().find(|(_, names)| names.len() >= wanted) {
                let count = names.len().min(most);
                let taken = Taken::Names(attribute.clone(), names.drain(..count).collect());
                state.waiting -= count;
                return taken;
            }
            if state.has_ended || state.closed.is_some() {
                return Taken::End;
            }
            if !wait {
                return Taken::Later;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether all names are there, and were sent at once: waits for the first of them.
    pub(crate) fn is_complete_at_first(&self) -> bool {
        let mut state = self.state();
        while state.sends == 0 && state.closed.is_none() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.sends == 1 && state.has_ended
    }

    /// How many names wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.state().waiting as u64
    }

    /// Tells the sender that nothing more is sent to the service.
    pub(crate) fn stop(&self) {
        self.state().is_stopped = true;
    }

    /// Takes no more names, and says why.
    pub(crate) fn close(&self, why: &'static str) {
        self.state().closed.get_or_insert(why);
        self.changed.notify_all();
    }

    /// Hands a finished batch to the caller. It waits while too many are there, unless the refresh is cancelled.
    pub(crate) fn finish(&self, batch: Vec<u8>) {
        let mut state = self.state();
        while state.finished.len() >= FINISHED && state.closed.is_none() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.finished.push_back(batch);
        drop(state);
        (self.notify)();
    }

    /// The next finished batch, once.
    pub(crate) fn next_finished(&self) -> Option<Vec<u8>> {
        let batch = self.state().finished.pop_front();
        if batch.is_some() {
            self.changed.notify_all();
        }
        batch
    }

    pub(crate) fn has_finished(&self) -> bool {
        !self.state().finished.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Feed")
    }
}

fn not_taken(why: &str) -> Error {
    Error::invalid_argument(format!("The names were not taken: {why}."))
        .hint("Nothing was sent for them. What the operation has done so far is told by cc_operation_wait.")
}
