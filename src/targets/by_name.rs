//! People by name: looks values of an attribute up by search, 250 per query, and compares the results here, because
//! search also finds similar values. Ids that search does not have are looked up in the list of identities.

use std::collections::{HashMap, HashSet};

use crate::error::{Code, Error, Result};
use crate::filter::Attribute;
use crate::filter::eval::{self, Verdict, judge};
use crate::hint::WayOut;
use crate::report::{Ambiguous, Names, Person};
use crate::service::{self, Call};
use crate::targets::candidates::{Candidates, id};
use crate::targets::evaluator::Evaluator;
use crate::text::{shortened, trim_copied};

/// The maximum number of values in a query.
pub(crate) const VALUES_PER_QUERY: usize = 250;

/// The maximum length of the values in a query, unless there is only one.
const MAX_VALUES_BYTES: usize = 64 << 10;

/// The maximum number of names in an error.
const SHOWN: usize = 3;

/// Looks up values of one attribute.
pub(crate) struct LookUp<'c> {
    call: &'c Call<'c>,
    attribute: Attribute,
    /// False once search was refused.
    may_search: bool,
    counts_undecided: bool,
}

/// The people whom values match.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// For each value, in order, the people who have it.
    pub(crate) people: Vec<Vec<Person>>,
    /// For each value, the value that was found instead: nobody has the value, and it has at an end what only copying
    /// can have left there.
    pub(crate) corrected: Vec<Option<String>>,
    /// The ids of further identities that only the service can evaluate.
    pub(crate) undecided: HashSet<String>,
}

/// A look-up in flight.
pub(crate) struct PendingLookUp<'c> {
    pub(crate) values: Vec<String>,
    /// The query for all values, if one query is enough and was started.
    begun: Option<Candidates<'c>>,
}

impl<'c> LookUp<'c> {
    pub(crate) fn new(call: &'c Call<'c>, attribute: Attribute) -> Self {
        Self { call, attribute, may_search: true, counts_undecided: false }
    }

    /// Also collects identities that are similar, for the backend cc, where the service evaluates in the end.
    pub(crate) fn counting_undecided(self) -> Self {
        Self { counts_undecided: true, ..self }
    }

    pub(crate) fn call(&self) -> &'c Call<'c> {
        self.call
    }

    pub(crate) fn attribute(&self) -> &Attribute {
        &self.attribute
    }

    /// Starts to look up at most [`VALUES_PER_QUERY`] values, without waiting for the answer.
    pub(crate) fn begin(&self, values: Vec<String>) -> PendingLookUp<'c> {
        let begun = (self.may_search && values_per_query(&values) == values.len()).then(|| {
            let all: Vec<&str> = values.iter().map(String::as_str).collect();
            let mut candidates = Candidates::with_values(self.call, self.attribute.name(), &all);
            candidates.begin();
            candidates
        });
        PendingLookUp { values, begun }
    }

    /// Waits for the answer.
    pub(crate) fn finish(&mut self, look_up: PendingLookUp<'c>) -> Result<Found> {
        let PendingLookUp { values, mut begun } = look_up;
        let mut found = Found::default();
        let mut remaining = values.as_slice();
        while !remaining.is_empty() {
            let (chunk, rest) = remaining.split_at(values_per_query(remaining));
            let people = self.look_up(chunk, begun.take(), &mut found.undecided)?;
            found.people.extend(people);
            remaining = rest;
        }
        self.correct(&values, &mut found)?;
        for person in found.people.iter().flatten() {
            found.undecided.remove(person.id.as_str().unwrap_or_default());
        }
        Ok(found)
    }

    /// Looks up values that nobody has without what copying has left at their ends.
    fn correct(&mut self, values: &[String], found: &mut Found) -> Result<()> {
        found.corrected = vec![None; values.len()];
        let is_copied = |at: &usize| found.people[*at].is_empty() && trim_copied(&values[*at]) != values[*at];
        let copied: Vec<usize> = (0..values.len()).filter(is_copied).collect();
        let names: Vec<String> = copied.iter().map(|at| trim_copied(&values[*at]).to_owned()).collect();
        let (mut copied, mut remaining) = (copied.into_iter(), names.as_slice());
        while !remaining.is_empty() {
            let (chunk, rest) = remaining.split_at(values_per_query(remaining));
            // A name can be there twice: with a tab, and with a line break.
            let mut once: Vec<String> = chunk.to_vec();
            once.sort_unstable();
            once.dedup();
            let people = self.look_up(&once, None, &mut found.undecided)?;
            for (name, at) in chunk.iter().zip(&mut copied) {
                let Ok(place) = once.binary_search(name) else { continue };
                if !people[place].is_empty() {
                    found.people[at].clone_from(&people[place]);
                    found.corrected[at] = Some(name.clone());
                }
            }
            remaining = rest;
        }
        Ok(())
    }

    fn look_up(
        &mut self,
        values: &[String],
        begun: Option<Candidates<'c>>,
        undecided: &mut HashSet<String>,
    ) -> Result<Vec<Vec<Person>>> {
        let all: Vec<&str> = values.iter().map(String::as_str).collect();
        if self.may_search {
            let candidates = begun.unwrap_or_else(|| Candidates::with_values(self.call, self.attribute.name(), &all));
            match self.read(candidates, &all, undecided) {
                Err(error) if error.is_forbidden_endpoint() => match self.can_list() {
                    true => self.may_search = false,
                    false if service::may_list(self.call) => return Err(error.way(WayOut::OtherAttribute)),
                    false => return Err(error),
                },
                // On /cc, search must find the people too: the service judges the filter.
                Ok(mut found) if self.is_by_id() && !self.counts_undecided => {
                    self.add_listed(&all, &mut found)?;
                    return Ok(found);
                }
                found => return found,
            }
        }
        if self.is_by_id() {
            let mut found = vec![Vec::new(); all.len()];
            self.add_listed(&all, &mut found)?;
            return Ok(found);
        }
        // Without search, one request per value.
        let mut each = |value: &&str| match Candidates::in_list(self.call, self.attribute.name(), value) {
            Some(candidates) => Ok(self.read(candidates, &[value], undecided)?.pop().unwrap_or_default()),
            // Too long for an address, or with characters that it cannot hold: no user name is.
            None => Ok(Vec::new()),
        };
        all.iter().map(&mut each).collect()
    }

    fn is_by_id(&self) -> bool {
        self.attribute.name() == "id"
    }

    /// Looks the ids that nobody was found for up in the list of identities: search does not have new and uncorrelated
    /// ones.
    fn add_listed(&self, ids: &[&str], found: &mut [Vec<Person>]) -> Result<()> {
        let missing: Vec<usize> = (0..ids.len()).filter(|at| found[*at].is_empty()).collect();
        let mut remaining = missing.as_slice();
        while !remaining.is_empty() {
            let (chunk, rest) = remaining.split_at(service::ids_per_request(remaining.iter().map(|at| ids[*at])));
            remaining = rest;
            let wanted: Vec<&str> = chunk.iter().map(|at| ids[*at]).collect();
            let listed = match service::people_with_ids(self.call, &wanted) {
                // A client without a user may search, and not list: then search decides.
                Err(error) if error.is_forbidden_endpoint() && self.may_search => return Ok(()),
                listed => listed?,
            };
            for at in chunk {
                let person = listed.iter().find(|document| id(document) == Some(ids[*at]));
                found[*at].extend(person.map(Person::of));
            }
        }
        Ok(())
    }

    fn can_list(&self) -> bool {
        Candidates::in_list(self.call, self.attribute.name(), "x").is_some()
    }

    fn read(
        &self,
        mut candidates: Candidates<'_>,
        values: &[&str],
        undecided: &mut HashSet<String>,
    ) -> Result<Vec<Vec<Person>>> {
        let one_of_them = self.counts_undecided.then(|| self.attribute.is_one_of(values));
        let places: HashMap<&str, usize> = values.iter().enumerate().map(|(place, value)| (*value, place)).collect();
        let mut evaluator = one_of_them.as_ref().map(Evaluator::new);
        let mut found: Vec<Vec<Person>> = vec![Vec::new(); values.len()];
        let mut seen: HashSet<(usize, String)> = HashSet::new();
        while let Some((_, page)) = candidates.next_page()? {
            for document in &page {
                if let Some(evaluator) = &mut evaluator
                    && evaluator.judge(self.call, document)? == Verdict::Unknown
                {
                    undecided.extend(id(document).map(str::to_owned));
                }
                self.call.check()?;
                let Some(value) = eval::text(self.attribute.name(), document) else { continue };
                let (Some(place), Some(id)) = (places.get(value), id(document)) else { continue };
                let is_meant = judge(&self.attribute.equals(value), document) == Verdict::Yes;
                // An identity may be on two pages if others come or go in between.
                if is_meant && seen.insert((*place, id.to_owned())) {
                    found[*place].push(Person::of(document));
                }
            }
        }
        Ok(found)
    }
}

impl PendingLookUp<'_> {
    /// For ids that a filter has found.
    pub(crate) fn of_ids(values: Vec<String>) -> Self {
        Self { values, begun: None }
    }
}

/// How many of the first values fit into one query.
fn values_per_query(values: &[String]) -> usize {
    let mut bytes = 0;
    let fits = |value: &&String| {
        bytes += value.len();
        bytes <= MAX_VALUES_BYTES
    };
    values.iter().take(VALUES_PER_QUERY).take_while(fits).count().max(1)
}

/// The person with the value, if there is exactly one; otherwise adds the name to `names`.
pub(crate) fn resolve(value: &str, mut people: Vec<Person>, names: &mut Names) -> Option<Person> {
    match (people.pop(), people.is_empty()) {
        (Some(person), true) => return Some(person),
        (None, _) => names.unmatched.push(value.to_owned()),
        (Some(person), false) => {
            people.push(person);
            names.ambiguous.push(Ambiguous { identity: value.to_owned(), people });
        }
    }
    None
}

/// The error if no name matches exactly one person.
pub(crate) fn no_match(attribute: &Attribute, names: &Names) -> Error {
    let attribute = attribute.name();
    let quoted = |names: &mut dyn Iterator<Item = &String>| -> String {
        names.take(SHOWN).map(|name| format!("\"{}\"", shortened(name, 60))).collect::<Vec<_>>().join(", ")
    };
    let message = match (names.unmatched.len(), names.ambiguous.len()) {
        (_, 0) => format!("Nobody has the {attribute} {}.", quoted(&mut names.unmatched.iter())),
        (0, _) => format!(
            "More than one person has the {attribute} {}.",
            quoted(&mut names.ambiguous.iter().map(|ambiguous| &ambiguous.identity))
        ),
        (nobody, several) => {
            format!("Of the values of {attribute} {nobody} mean nobody, and {several} more than one person.")
        }
    };
    let hint = match attribute {
        "id" => "Nothing was sent. An id is that of an identity, 32 hexadecimal digits in most tenants, and not that of an account or of a directory. \
                 Values of another attribute are named by ⟦identity-attribute⟧, name is the user name."
            .to_owned(),
        _ => format!(
            "Nothing was sent. Is every value spelt as it is in the tenant, upper and lower case included? ⟦identity-attribute⟧ says which attribute \
             they are values of: {attribute} here, name is the user name. Search finds new identities after some minutes, and uncorrelated \
             identities never: those can be named by id."
        ),
    };
    let has_blanks = names.unmatched.iter().any(|name| name.trim_matches(' ') != name);
    let blanks = if has_blanks { " A value begins or ends with a blank, which counts." } else { "" };
    Error::new(Code::NoMatch, message).hint(hint + blanks).matched(0)
}
