//! People by name: whom the values of an attribute mean, looked up 250 a query and told apart here, because search
//! finds everybody who is similar.

use std::collections::{HashMap, HashSet};

use crate::error::{Code, Error, Result};
use crate::filter::Attribute;
use crate::filter::eval::{self, Verdict, judge};
use crate::report::{Ambiguous, Names, Person};
use crate::service::Call;
use crate::targets::candidates::{Candidates, id};
use crate::text::shortened;

/// How many values one query has.
pub(crate) const VALUES: usize = 250;

/// How long the values of one query may be together, unless it is a single one.
const VALUES_BYTES: usize = 64 << 10;

/// How many names an error repeats.
const SHOWN: usize = 3;

/// Looks up values of one attribute.
pub(crate) struct LookUp<'c> {
    call: &'c Call<'c>,
    attribute: Attribute,
    /// Until search has refused.
    may_search: bool,
    counts_undecided: bool,
}

/// Whom values mean.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Everybody who has each of the values, in their order.
    pub(crate) people: Vec<Vec<Person>>,
    /// The ids of others, of whom only the service can tell whether they have one of the values.
    pub(crate) undecided: HashSet<String>,
}

/// A look-up under way.
pub(crate) struct Asked<'c> {
    pub(crate) values: Vec<String>,
    /// The query that has all values, where one is enough and was begun.
    begun: Option<Candidates<'c>>,
}

impl<'c> LookUp<'c> {
    pub(crate) fn new(call: &'c Call<'c>, attribute: Attribute) -> Self {
        Self { call, attribute, may_search: true, counts_undecided: false }
    }

    /// The same where it is the service that judges in the end, so that those count who look alike.
    pub(crate) fn counting_undecided(self) -> Self {
        Self { counts_undecided: true, ..self }
    }

    pub(crate) fn attribute(&self) -> &Attribute {
        &self.attribute
    }

    /// Begins to look up values, at most [`VALUES`] of them, and does not wait for the answer.
    pub(crate) fn begin(&self, values: Vec<String>) -> Asked<'c> {
        let begun = (self.may_search && fitting(&values) == values.len()).then(|| {
            let all: Vec<&str> = values.iter().map(String::as_str).collect();
            let mut candidates = Candidates::named(self.call, self.attribute.name(), &all);
            candidates.begin();
            candidates
        });
        Asked { values, begun }
    }

    /// Waits for the answer.
    pub(crate) fn finish(&mut self, asked: Asked<'c>) -> Result<Found> {
        let Asked { values, mut begun } = asked;
        let mut found = Found::default();
        let mut rest = values.as_slice();
        while !rest.is_empty() {
            let (some, others) = rest.split_at(fitting(rest));
            let people = self.ask(some, begun.take(), &mut found.undecided)?;
            found.people.extend(people);
            rest = others;
        }
        for person in found.people.iter().flatten() {
            found.undecided.remove(person.id.as_str().unwrap_or_default());
        }
        Ok(found)
    }

    fn ask(
        &mut self,
        values: &[String],
        begun: Option<Candidates<'c>>,
        undecided: &mut HashSet<String>,
    ) -> Result<Vec<Vec<Person>>> {
        let all: Vec<&str> = values.iter().map(String::as_str).collect();
        if self.may_search {
            let candidates = begun.unwrap_or_else(|| Candidates::named(self.call, self.attribute.name(), &all));
            match self.read(candidates, &all, undecided) {
                Err(error) if error.details().code == Code::Forbidden => match self.can_list() {
                    true => self.may_search = false,
                    false => return Err(error.also(LISTED)),
                },
                found => return found,
            }
        }
        // Whoever may not search asks for one after the other.
        let mut each = |value: &&str| match Candidates::listed(self.call, self.attribute.name(), value) {
            Some(candidates) => Ok(self.read(candidates, &[value], undecided)?.pop().unwrap_or_default()),
            // Longer than any address, or no text that an address can hold: no user name is.
            None => Ok(Vec::new()),
        };
        all.iter().map(&mut each).collect()
    }

    fn can_list(&self) -> bool {
        Candidates::listed(self.call, self.attribute.name(), "x").is_some()
    }

    fn read(
        &self,
        mut candidates: Candidates<'_>,
        values: &[&str],
        undecided: &mut HashSet<String>,
    ) -> Result<Vec<Vec<Person>>> {
        let one_of_them = self.counts_undecided.then(|| self.attribute.is_one_of(values));
        let places: HashMap<&str, usize> = values.iter().enumerate().map(|(place, value)| (*value, place)).collect();
        let mut found: Vec<Vec<Person>> = vec![Vec::new(); values.len()];
        while let Some((_, page)) = candidates.next_page()? {
            for document in &page {
                if let Some(one_of_them) = &one_of_them
                    && judge(one_of_them, document) == Verdict::Unknown
                {
                    undecided.extend(id(document).map(str::to_owned));
                }
                let Some(value) = eval::text(self.attribute.name(), document) else { continue };
                let Some(people) = places.get(value).map(|place| &mut found[*place]) else { continue };
                let is_meant = judge(&self.attribute.equals(value), document) == Verdict::Yes;
                // People come and go between two pages, and may stand on both.
                if is_meant && id(document).is_some() && people.iter().all(|known| known.id != document["id"]) {
                    people.push(Person::of(document));
                }
            }
        }
        Ok(found)
    }
}

impl Asked<'_> {
    /// For values that are ids already.
    pub(crate) fn nothing(values: Vec<String>) -> Self {
        Self { values, begun: None }
    }
}

const LISTED: &str = "Whoever may not search names people by ⟦identity-attribute⟧ name (the user name) or email.";

/// How many of the values go into one query.
fn fitting(values: &[String]) -> usize {
    let mut bytes = 0;
    let fits = |value: &&String| {
        bytes += value.len();
        bytes <= VALUES_BYTES
    };
    values.iter().take(VALUES).take_while(fits).count().max(1)
}

/// Whom the people with a value are: the one who is meant, or what becomes of the name.
pub(crate) fn settle(value: &str, mut people: Vec<Person>, names: &mut Names) -> Option<Person> {
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

/// The error of names none of which means one person.
pub(crate) fn nobody(attribute: &Attribute, names: &Names) -> Error {
    let attribute = attribute.name();
    let some = |names: &mut dyn Iterator<Item = &String>| -> String {
        names.take(SHOWN).map(|name| format!("\"{}\"", shortened(name, 60))).collect::<Vec<_>>().join(", ")
    };
    let message = match (names.unmatched.len(), names.ambiguous.len()) {
        (_, 0) => format!("Nobody has the {attribute} {}.", some(&mut names.unmatched.iter())),
        (0, _) => format!(
            "More than one person has the {attribute} {}.",
            some(&mut names.ambiguous.iter().map(|ambiguous| &ambiguous.identity))
        ),
        (nobody, several) => {
            format!("Of the values of {attribute} {nobody} mean nobody, and {several} more than one person.")
        }
    };
    Error::new(Code::NoMatch, message)
        .hint(format!(
            "Nothing was sent. Is every value spelt as it is in the tenant, upper and lower case included? ⟦identity-attribute⟧ says which attribute \
             they are values of: {attribute} here, name is the user name. Whoever has just come is in search some minutes later, and an uncorrelated \
             identity never."
        ))
        .matched(0)
}
