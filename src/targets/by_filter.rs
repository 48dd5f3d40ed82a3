//! Whom a filter means, as ids: what the successor of `/cc` is sent.

use crate::error::Result;
use crate::filter::Filter;
use crate::report::Person;
use crate::service::Call;
use crate::targets::candidates::{Candidates, FIRST_PAGE, id};
use crate::targets::matches::MatchCount;
use crate::targets::preconditions;

/// Everybody whom a filter means for certain.
#[derive(Debug)]
pub(crate) struct Matching {
    /// Each once.
    pub(crate) ids: Vec<String>,
    /// Of how many more only the service could tell.
    pub(crate) undecided: u64,
    /// The first ten.
    pub(crate) first: Vec<Person>,
}

impl Matching {
    /// Reads and judges all pages, and keeps the ids alone. Nobody, more than `maximum`, and everybody where that is not
    /// allowed are errors.
    pub(crate) fn find(call: &Call<'_>, filter: &Filter, maximum: Option<u64>, allow_everybody: bool) -> Result<Self> {
        preconditions::decidable_here(filter)?;
        let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
        let mut count = MatchCount::of_ids(filter);
        let mut ids = Vec::new();
        while let Some((_, page)) = candidates.next_page()? {
            let matching = page.iter().filter(|document| count.add(filter, document));
            ids.extend(matching.filter_map(id).map(str::to_owned));
        }
        // People come and go between two pages, and may stand on both.
        ids.sort_unstable();
        ids.dedup();
        count.matched = ids.len() as u64;
        if ids.is_empty() {
            return Err(count.nobody(filter));
        }
        if let Some(maximum) = maximum.filter(|maximum| count.matched > *maximum) {
            return Err(count.too_many(filter, maximum));
        }
        if !allow_everybody && count.may_be_everybody(call, &mut candidates)? {
            return Err(count.everybody(filter));
        }
        Ok(Self { ids, undecided: count.undecided, first: count.people })
    }
}
