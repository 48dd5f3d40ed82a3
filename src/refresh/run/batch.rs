//! Batches, and the calls that they become.

use std::cell::Cell;

use crate::error::Error;
use crate::filter::Attribute;
use crate::refresh::effects::Effects;
use crate::report::{CallReport, Names as NameReport, Outcome};
use crate::request::RefreshRequest;
use crate::service::{LARGEST_BATCH, Proof, Times};
use crate::targets::preconditions;

/// The maximum number of people in a batch.
pub(crate) const MAX_BATCH: usize = LARGEST_BATCH;

/// People who are sent together, and the results of their look-up.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// As given; empty for a filter on `/cc`.
    pub(crate) identities: Vec<String>,
    /// The ids, if the identities are names.
    pub(crate) ids: Vec<String>,
    /// The attribute of the identities; `None` for ids from a filter, and for a filter.
    pub(crate) attribute: Option<Attribute>,
    /// Names that match nobody or several people.
    pub(crate) names: NameReport,
    /// People who were found before and no longer exist.
    pub(crate) gone: Vec<String>,
    /// The number of further identities that only the service can evaluate.
    pub(crate) undecided: u64,
    /// Why these people are not sent.
    pub(crate) error: Option<Error>,
    /// The outcome without a call of this run, and its reason.
    pub(crate) known_outcome: Option<(Outcome, &'static str)>,
    /// Whether `process` has accepted them in an earlier run.
    pub(crate) is_processed: bool,
    /// The look-up of these people, which is their check for `/cc` as long as it is not too old.
    pub(crate) looked_up: Option<Times>,
}

impl Batch {
    /// People who are not sent because the run has stopped.
    pub(crate) fn not_sent(attribute: Option<Attribute>, identities: Vec<String>, ids: Vec<String>) -> Self {
        Self { identities, ids, attribute, known_outcome: Some((Outcome::NotSent, "stopped")), ..Self::default() }
    }
}

/// How the people of a batch become calls.
pub(crate) enum Method<'r> {
    /// One call of `/cc` with this body, after this check, if there was one.
    Body(String, Cell<Option<Proof>>),
    /// A call of `/cc` for each person, with a filter for that person.
    EachByFilter(&'r RefreshRequest<'r>),
    /// Calls with ids.
    ByIds(&'r Effects),
}

impl Method<'_> {
    /// The calls for a batch, and whether each accepted person is to be synchronized after them.
    pub(super) fn calls(&self, batch: u64, people: Batch) -> (Vec<QueuedCall>, bool) {
        let one_each = |people: Batch, kind: &dyn Fn(&str) -> CallKind| {
            let ids = people.ids.into_iter().map(|id| vec![id]).chain(std::iter::repeat_with(Vec::new));
            // That an attribute is searchable is checked for each person.
            let is_known = |attribute: &Attribute| preconditions::is_standard(attribute.name());
            let looked_up = people.looked_up.filter(|_| people.attribute.as_ref().is_some_and(is_known));
            let each = people.identities.into_iter().zip(ids);
            each.map(|(identity, ids)| {
                let (kind, identities, attribute) = (kind(&identity), vec![identity], people.attribute.clone());
                QueuedCall { batch, kind, identities, ids, attribute, looked_up, proof: None }
            })
            .collect()
        };
        match self {
            Self::Body(body, proof) => {
                let (kind, proof) = (CallKind::Refresh(body.clone()), proof.take());
                let Batch { identities, ids, .. } = people;
                (vec![QueuedCall { batch, kind, identities, ids, attribute: None, looked_up: None, proof }], false)
            }
            Self::EachByFilter(request) => {
                let attribute = people.attribute.clone();
                let body = |value: &str| {
                    let filter = attribute.as_ref().map(|attribute| attribute.equals(value).canonical());
                    CallKind::Refresh(request.body(filter.as_deref()))
                };
                (one_each(people, &body), false)
            }
            Self::ByIds(_) if people.identities.is_empty() => (Vec::new(), false),
            Self::ByIds(effects) if effects.process && !people.is_processed => {
                let Batch { identities, ids, .. } = people;
                let kind = CallKind::Process;
                let call = QueuedCall { batch, kind, identities, ids, attribute: None, looked_up: None, proof: None };
                (vec![call], effects.synchronize)
            }
            Self::ByIds(_) => (one_each(people, &|_| CallKind::Synchronize), false),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// `/cc`, with this body.
    Refresh(String),
    Process,
    Synchronize,
}

impl CallKind {
    /// The name in `calls`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Refresh(_) => CallReport::REFRESH,
            Self::Process => CallReport::PROCESS,
            Self::Synchronize => CallReport::SYNCHRONIZE,
        }
    }
}

/// A call that was not made yet.
pub(super) struct QueuedCall {
    pub(super) batch: u64,
    pub(super) kind: CallKind,
    pub(super) identities: Vec<String>,
    pub(super) ids: Vec<String>,
    /// The attribute of the identities.
    pub(super) attribute: Option<Attribute>,
    pub(super) looked_up: Option<Times>,
    /// A check that has passed.
    pub(super) proof: Option<Proof>,
}
