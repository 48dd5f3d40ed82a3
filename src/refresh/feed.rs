//! Connects the caller of a streamed refresh with the run: names go in, finished batches come out. Both buffers stay
//! bounded if the caller stops sending while the buffer is full.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::envelope::Envelope;
use crate::error::{Error, Result};
use crate::filter::Attribute;
use crate::request::SendRequest;

/// The number of names from which on the buffer is full.
const BUFFER_FULL: usize = 4_000;

/// The number of finished batches at which the run pauses until the caller takes some.
const MAX_FINISHED: usize = 64;

pub(crate) struct Feed {
    state: Mutex<State>,
    changed: Condvar,
    /// Wakes the threads that wait for the operation when a batch has finished.
    notify: Box<dyn Fn() + Send + Sync>,
}

struct State {
    /// By attribute, in the order of the first name of each.
    names: Vec<(Option<Attribute>, VecDeque<String>)>,
    waiting: usize,
    /// All names that were sent.
    given: u64,
    sends: u64,
    has_ended: bool,
    /// Whether an error has stopped the run.
    is_stopped: bool,
    /// Why no more names are accepted.
    closed: Option<&'static str>,
    finished: VecDeque<Envelope>,
}

/// The answer of `cc_operation_send`.
#[derive(Debug, Serialize)]
pub(crate) struct SendAnswer {
    waiting: usize,
    full: bool,
    stopped: bool,
}

/// The next names to look up.
#[derive(Debug)]
pub(crate) enum NextNames {
    /// The attribute is `None` if it is the request's.
    Names(Option<Attribute>, Vec<String>),
    /// Fewer than a block, and more may come.
    NotYet,
    End,
}

impl Feed {
    /// For names that come during the refresh.
    pub(crate) fn open(notify: impl Fn() + Send + Sync + 'static) -> Self {
        let state = State {
            names: Vec::new(),
            waiting: 0,
            given: 0,
            sends: 0,
            has_ended: false,
            is_stopped: false,
            closed: None,
            finished: VecDeque::new(),
        };
        Self { state: Mutex::new(state), changed: Condvar::new(), notify: Box::new(notify) }
    }

    /// For names that are known.
    pub(crate) fn of(names: Vec<String>) -> Self {
        let feed = Self::open(|| ());
        let mut state = feed.state();
        state.waiting = names.len();
        state.given = names.len() as u64;
        state.names.push((None, names.into()));
        (state.sends, state.has_ended) = (1, true);
        drop(state);
        feed
    }

    /// Accepts the names of a `cc_operation_send`. It does not block.
    pub(crate) fn send(&self, text: &str) -> Result<SendAnswer> {
        let SendRequest { identities, attribute, end } = SendRequest::parse(text)?;
        let mut state = self.state();
        if let Some(why) = state.closed {
            return Err(names_refused(why));
        }
        if state.has_ended {
            return Err(names_refused("the end of the names was sent before"));
        }
        state.sends += 1;
        state.waiting += identities.len();
        state.given += identities.len() as u64;
        if !identities.is_empty() {
            match state.names.iter_mut().find(|(known, _)| *known == attribute) {
                Some((_, names)) => names.extend(identities),
                None => state.names.push((attribute, identities.into())),
            }
        }
        state.has_ended = end;
        let accepted =
            SendAnswer { waiting: state.waiting, full: state.waiting >= BUFFER_FULL, stopped: state.is_stopped };
        drop(state);
        self.changed.notify_all();
        Ok(accepted)
    }

    /// Takes a block of `size` names of one attribute, or a smaller one after the end. With `wait` it waits for a
    /// block, or for a cancel.
    pub(crate) fn take(&self, size: usize, wait: bool) -> NextNames {
        let mut state = self.state();
        loop {
            let minimum = if state.has_ended || state.closed.is_some() { 1 } else { size };
            if let Some((attribute, names)) = state.names.iter_mut().find(|(_, names)| names.len() >= minimum) {
                let count = names.len().min(size);
                let taken = NextNames::Names(attribute.clone(), names.drain(..count).collect());
                state.waiting -= count;
                return taken;
            }
            if state.has_ended || state.closed.is_some() {
                return NextNames::End;
            }
            // A caller that heeds `full` sends no more, and no attribute may have a whole block.
            if state.waiting >= BUFFER_FULL
                && let Some((attribute, names)) = state.names.iter_mut().max_by_key(|(_, names)| names.len())
            {
                let (attribute, names) = (attribute.clone(), Vec::from(std::mem::take(names)));
                state.waiting -= names.len();
                return NextNames::Names(attribute, names);
            }
            if !wait {
                return NextNames::NotYet;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for the first send. Returns whether it brought all names and the end.
    pub(crate) fn is_complete_after_first_send(&self) -> bool {
        let mut state = self.state();
        while state.sends == 0 && state.closed.is_none() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.sends == 1 && state.has_ended
    }

    /// The number of waiting names.
    pub(crate) fn waiting(&self) -> u64 {
        self.state().waiting as u64
    }

    /// The number of all names, once they are known to be all.
    pub(crate) fn total(&self) -> Option<u64> {
        let state = self.state();
        state.has_ended.then_some(state.given)
    }

    /// Tells the sender that the run has stopped.
    pub(crate) fn stop(&self) {
        self.state().is_stopped = true;
    }

    /// Accepts no more names, for the reason `why`.
    pub(crate) fn close(&self, why: &'static str) {
        self.state().closed.get_or_insert(why);
        self.changed.notify_all();
    }

    /// Hands a finished batch to the caller. Blocks while too many batches wait, unless the feed is closed.
    pub(crate) fn finish(&self, batch: Envelope) {
        let mut state = self.state();
        while state.finished.len() >= MAX_FINISHED && state.closed.is_none() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.finished.push_back(batch);
        drop(state);
        (self.notify)();
    }

    /// Takes the next finished batch.
    pub(crate) fn next_finished(&self) -> Option<Envelope> {
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

fn names_refused(why: &str) -> Error {
    Error::invalid_argument(format!("The names were not accepted: {why}."))
        .hint("Nothing was sent for them. ⟦await⟧ returns the results of the operation.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_buffer_without_a_whole_block_of_one_attribute_is_taken_from() {
        let feed = Feed::open(|| ());
        for number in 0..20 {
            let names = vec!["x"; 200];
            let text = serde_json::json!({ "identities": names, "identityAttribute": format!("attribute{number}") });
            feed.send(&text.to_string()).expect("accepted");
        }
        assert!(matches!(feed.take(250, false), NextNames::Names(_, names) if names.len() == 200));
        assert_eq!(feed.waiting(), 3_800);
        assert!(matches!(feed.take(250, false), NextNames::NotYet));
    }
}
