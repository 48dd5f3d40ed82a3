//! The ids of the people whom a filter matches, for the successor of `/cc`.

use crate::error::Result;
use crate::filter::Filter;
use crate::report::Person;
use crate::service::Call;
use crate::targets::candidates::{Candidates, FIRST_PAGE, id};
use crate::targets::matches::MatchCount;
use crate::targets::preconditions;

/// The people whom a filter certainly matches.
#[derive(Debug)]
pub(crate) struct Matching {
    /// Sorted, each once.
    pub(crate) ids: Vec<String>,
    /// The number of further identities that only the service can evaluate.
    pub(crate) undecided: u64,
    /// The first ten.
    pub(crate) first: Vec<Person>,
}

impl Matching {
    /// Reads and evaluates all pages, and keeps only the ids. Fails for nobody, for more than `maximum`, and for
    /// everybody unless that is allowed.
    pub(crate) fn find(call: &Call<'_>, filter: &Filter, maximum: Option<u64>, allow_everybody: bool) -> Result<Self> {
        preconditions::decidable_here(filter)?;
        let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
        let mut count = MatchCount::of_ids(filter);
        let mut ids = Vec::new();
        while let Some((_, page)) = candidates.next_page()? {
            for document in &page {
                if count.add(call, document)? {
                    ids.extend(id(document).map(str::to_owned));
                }
            }
        }
        // An identity may be on two pages if others come or go in between.
        ids.sort_unstable();
        ids.dedup();
        count.matched = ids.len() as u64;
        if ids.is_empty() {
            return Err(count.no_match(filter));
        }
        if let Some(maximum) = maximum.filter(|maximum| count.matched > *maximum) {
            return Err(count.too_many(filter, maximum));
        }
        if !allow_everybody && count.may_match_all(call, &mut candidates)? {
            return Err(count.would_refresh_all(filter));
        }
        Ok(Self { ids, undecided: count.undecided, first: count.people })
    }
}
