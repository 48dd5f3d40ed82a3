//! The sources of a run's batches.

use std::collections::VecDeque;

use super::{Batch, Names};
use crate::error::Result;
use crate::refresh::journal::Journal;
use crate::targets::by_name::LookUp;

/// Returns the batches of a run, in the order of the input.
pub(crate) trait Source {
    /// The next batch. `room`: how many calls can be started for it now. With `wait` it waits for names that are still
    /// to come.
    fn next(&mut self, journal: Option<&mut Journal>, room: usize, wait: bool) -> Next;

    /// After the run has stopped: people who were given and are not sent, or stay uncertain. `None` at the end.
    fn next_unsent(&mut self, journal: Option<&mut Journal>) -> Option<Batch>;

    /// The number of all people who are reported, once it is known.
    fn total(&self) -> Option<u64>;
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is moved once per batch of 250 people")]
pub(crate) enum Next {
    Batch(Batch),
    /// Nothing now, but more may come.
    NotYet,
    End,
}

/// Batches that were looked up before.
pub(crate) struct Resolved<'n, 'r> {
    batches: VecDeque<Batch>,
    /// If set, people are looked up again just before they are sent.
    confirm: Option<LookUp<'r>>,
    then: Option<&'n mut Names<'r>>,
}

impl<'n, 'r> Resolved<'n, 'r> {
    pub(crate) fn new(batches: impl IntoIterator<Item = Batch>) -> Self {
        Self { batches: batches.into_iter().collect(), confirm: None, then: None }
    }

    /// Continues with names that are still to be looked up.
    pub(crate) fn then(self, names: &'n mut Names<'r>) -> Self {
        Self { then: Some(names), ..self }
    }

    /// Looks people up again: a name that no longer means the same person is not sent.
    pub(crate) fn confirmed_by(self, look_up: LookUp<'r>) -> Self {
        Self { confirm: Some(look_up), ..self }
    }
}

impl Source for Resolved<'_, '_> {
    fn next(&mut self, journal: Option<&mut Journal>, room: usize, wait: bool) -> Next {
        let Some(mut batch) = self.batches.pop_front() else {
            return self.then.as_mut().map_or(Next::End, |names| names.next(journal, room, wait));
        };
        if let Some(look_up) = &mut self.confirm
            && batch.known_outcome.is_none()
            && let Err(error) = confirm(look_up, &mut batch)
        {
            batch.error = Some(error);
        }
        Next::Batch(batch)
    }

    fn next_unsent(&mut self, journal: Option<&mut Journal>) -> Option<Batch> {
        self.batches.pop_front().or_else(|| self.then.as_mut()?.next_unsent(journal))
    }

    fn total(&self) -> Option<u64> {
        self.then.as_ref()?.total()
    }
}

/// Removes people whose names no longer mean them.
fn confirm(look_up: &mut LookUp<'_>, batch: &mut Batch) -> Result<()> {
    let asked = look_up.begin(batch.identities.clone());
    look_up.call().take_oldest_answer();
    let found = look_up.finish(asked)?;
    batch.looked_up = look_up.call().take_oldest_answer();
    let people = std::mem::take(&mut batch.identities).into_iter().zip(std::mem::take(&mut batch.ids));
    for ((identity, id), people) in people.zip(found.people) {
        match people.as_slice() {
            [person] if person.id == id.as_str() => {
                batch.identities.push(identity);
                batch.ids.push(id);
            }
            _ => batch.gone.push(identity),
        }
    }
    Ok(())
}
