//! Whom a request means, as ids: what the successor of `/cc` is sent.

pub(crate) mod by_name;
pub(crate) mod candidates;
pub(crate) mod matches;
pub(crate) mod preconditions;

use self::by_name::Question;
use crate::error::{Code, Error, Result};
use crate::filter::Filter;
use crate::report::{Names, Person};
use crate::request::{self, RefreshRequest, Selection};
use crate::service::Call;
use crate::targets::candidates::{Candidates, FIRST_PAGE, id};
use crate::targets::matches::{MatchCount, NAMED};

/// Everybody whom a request means for certain.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    /// As they were given; their ids where a filter was. Each once.
    pub(crate) identities: Vec<String>,
    /// Their ids, where those are none.
    pub(crate) ids: Vec<String>,
    /// Those of whom only the service could tell.
    pub(crate) undecided: u64,
    /// The first ten.
    pub(crate) first: Vec<Person>,
    /// What became of the other names.
    pub(crate) names: Option<Names>,
}

impl Targets {
    /// Finds them all, and nobody else: an error where there is nobody, or are too many.
    pub(crate) fn find(call: &Call<'_>, request: &RefreshRequest<'_>) -> Result<Self> {
        let maximum = request.options.maximum_identities.or(call.service.maximum_identities());
        let everybody = request.options.allow_full_refresh;
        let whom = match &request.selection {
            Selection::Everybody => return Err(no_full_refresh()),
            Selection::Filter { parsed: Some(filter), .. } => return Self::by_filter(call, filter, maximum, everybody),
            Selection::Filter { text, parsed: None } => {
                let filter = request::filter(text).map_err(|error| error.also(NO_SKIP))?;
                return Self::by_filter(call, &filter, maximum, everybody);
            }
            // By id there is nothing to be looked up.
            Selection::People(people) if people.attribute.name() == "id" => Self {
                first: people.values.iter().take(NAMED).map(|id| Person::of_id(id)).collect(),
                identities: people.values.clone(),
                names: Some(Names::default()),
                ..Self::default()
            },
            Selection::People(people) => by_name::look_up(&mut Question::new(call, &people.attribute), people)?.into(),
        };
        whom.at_most(maximum)
    }

    /// The same people, unless they are too many, with those of whom only the service can tell.
    pub(crate) fn at_most(self, maximum: Option<u64>) -> Result<Self> {
        match maximum.filter(|maximum| self.identities.len() as u64 + self.undecided > *maximum) {
            Some(maximum) => Err(too_many(self, maximum)),
            None => Ok(self),
        }
    }

    /// All pages are read and judged; of the documents nothing is kept but the ids.
    fn by_filter(call: &Call<'_>, filter: &Filter, maximum: Option<u64>, everybody: bool) -> Result<Self> {
        preconditions::decidable_here(filter)?;
        let mut candidates = Candidates::new(call, filter, FIRST_PAGE);
        let mut match_count = MatchCount::of_ids(filter);
        let mut ids = Vec::new();
        while let Some((_, page)) = candidates.next_page()? {
            let matching = page.iter().filter(|document| match_count.add(filter, document));
            ids.extend(matching.filter_map(id).map(str::to_owned));
        }
        // People come and go between two pages, and may stand on both.
        ids.sort_unstable();
        ids.dedup();
        match_count.matched = ids.len() as u64;
        if ids.is_empty() {
            return Err(match_count.nobody(filter));
        }
        if let Some(maximum) = maximum.filter(|maximum| match_count.matched > *maximum) {
            return Err(match_count.too_many(filter, maximum));
        }
        if !everybody && match_count.may_be_everybody(call, &mut candidates)? {
            return Err(match_count.everybody(filter));
        }
        Ok(Self { identities: ids, undecided: match_count.undecided, first: match_count.people, ..Self::default() })
    }
}

impl From<by_name::Found> for Targets {
    fn from(found: by_name::Found) -> Self {
        Self {
            identities: found.identities,
            ids: found.ids,
            undecided: 0,
            first: found.first,
            names: Some(found.names),
        }
    }
}

const NO_SKIP: &str = "The successor of /cc takes the ids of people, so that the filter is read here in any case: options.skipFilterCheck cannot help.";

/// The error of more people than the maximum.
fn too_many(whom: Targets, maximum: u64) -> Error {
    let number = whom.identities.len();
    let also = match whom.undecided {
        0 => String::new(),
        undecided => format!(", and {undecided} more may be meant, which only the service can judge"),
    };
    let names = whom.names.unwrap_or_default();
    Error::new(Code::TooManyMatches, format!("{number} people are named{also}; maxIdentities is {maximum}."))
        .hint("Nothing was sent. Name fewer in one call, or raise maxIdentities.")
        .matched(number as u64)
        .names(names)
}

fn no_full_refresh() -> Error {
    Error::new(
        Code::UnsupportedArgument,
        "The successor of /cc takes the ids of people, and SailPoint asks not to refresh a whole tenant by it.",
    )
    .hint("Nothing was sent. Name people by a filter or by identities. A whole identity profile is refreshed in the tenant's user interface.")
}
