//! People by name: whom the values of an attribute mean, looked up 250 a query and told apart here, because search
//! finds everybody who is similar.

use std::collections::{HashMap, HashSet};

use crate::error::{Code, Error, Result};
use crate::filter::Attribute;
use crate::filter::eval::{self, Verdict, judge};
use crate::report::{Ambiguous, Names, Person};
use crate::request::People;
use crate::service::Call;
use crate::targets::candidates::{Candidates, id};
use crate::targets::matches::NAMED;
use crate::text::shortened;

/// Whom a list of names means.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The names that mean one person each, in their order, and those people's ids.
    pub(crate) identities: Vec<String>,
    pub(crate) ids: Vec<String>,
    /// The first ten of those people.
    pub(crate) first: Vec<Person>,
    pub(crate) names: Names,
}

/// How many values one query has.
pub(crate) const VALUES: usize = 250;

/// How long the values of one query may be together, unless it is a single one.
const VALUES_BYTES: usize = 64 << 10;

/// How many names an error repeats.
const SHOWN: usize = 3;

/// Looks up all of the people. Nobody at all is an error.
pub(crate) fn look_up(question: &mut Question<'_>, people: &People) -> Result<Found> {
    let mut found = Found::default();
    let questions = people.values.chunks(VALUES);
    let total = questions.len() as u64;
    for (done, values) in (0..).zip(questions) {
        question.call.control.done(done, total);
        for (value, people) in values.iter().zip(question.ask(values)?) {
            found.add(value, people);
        }
    }
    if found.ids.is_empty() { Err(nobody(people, found.names)) } else { Ok(found) }
}

/// Questions about the values of one attribute.
pub(crate) struct Question<'q> {
    call: &'q Call<'q>,
    attribute: &'q Attribute,
    /// Until search has refused.
    may_search: bool,
    /// The ids of those of whom only the service can tell whether they have one of the values, where that is asked for.
    undecided: Option<HashSet<String>>,
}

impl<'q> Question<'q> {
    pub(crate) fn new(call: &'q Call<'q>, attribute: &'q Attribute) -> Self {
        Self { call, attribute, may_search: true, undecided: None }
    }

    /// The same where it is the service that judges in the end, so that those count who look alike.
    pub(crate) fn counting_undecided(self) -> Self {
        Self { undecided: Some(HashSet::new()), ..self }
    }

    /// How many there are of whom only the service can tell, beside those with these ids.
    pub(crate) fn undecided_beside(&self, ids: &[String]) -> u64 {
        let mut undecided: HashSet<&str> = self.undecided.iter().flatten().map(String::as_str).collect();
        ids.iter().for_each(|id| {
            undecided.remove(id.as_str());
        });
        undecided.len() as u64
    }

    /// Everybody who has each of the values, in their order; in one query, unless there are many or long ones.
    pub(crate) fn ask(&mut self, values: &[String]) -> Result<Vec<Vec<Person>>> {
        let mut found = Vec::with_capacity(values.len());
        let mut rest = values;
        while !rest.is_empty() {
            let (values, others) = rest.split_at(fitting(rest));
            found.extend(self.ask_once(values)?);
            rest = others;
        }
        Ok(found)
    }

    fn ask_once(&mut self, values: &[String]) -> Result<Vec<Vec<Person>>> {
        let all: Vec<&str> = values.iter().map(String::as_str).collect();
        if self.may_search {
            match self.read(Candidates::named(self.call, self.attribute.name(), &all), &all) {
                Err(error) if error.details().code == Code::Forbidden => match self.can_list() {
                    true => self.may_search = false,
                    false => return Err(error.also(LISTED)),
                },
                found => return found,
            }
        }
        // Whoever may not search asks for one after the other.
        let each = |value: &&str| match Candidates::listed(self.call, self.attribute.name(), value) {
            Some(candidates) => Ok(self.read(candidates, &[value])?.pop().unwrap_or_default()),
            // Longer than any address, or no text that an address can hold: no user name is.
            None => Ok(Vec::new()),
        };
        all.iter().map(each).collect()
    }

    fn can_list(&self) -> bool {
        Candidates::listed(self.call, self.attribute.name(), "x").is_some()
    }

    fn read(&mut self, mut candidates: Candidates<'_>, values: &[&str]) -> Result<Vec<Vec<Person>>> {
        let one_of_them = self.undecided.is_some().then(|| self.attribute.is_one_of(values));
        let places: HashMap<&str, usize> = values.iter().enumerate().map(|(place, value)| (*value, place)).collect();
        let mut found: Vec<Vec<Person>> = vec![Vec::new(); values.len()];
        while let Some((_, page)) = candidates.next_page()? {
            for document in &page {
                if let (Some(undecided), Some(one_of_them)) = (&mut self.undecided, &one_of_them)
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

const LISTED: &str = "Whoever may not search names people by identityAttribute name (the user name) or email.";

impl Found {
    fn add(&mut self, value: &str, mut people: Vec<Person>) {
        match (people.pop(), people.is_empty()) {
            (None, _) => self.names.unmatched.push(value.to_owned()),
            (Some(person), true) => {
                self.identities.push(value.to_owned());
                // Only texts are taken for ids.
                self.ids.push(person.id.as_str().unwrap_or_default().to_owned());
                if self.first.len() < NAMED {
                    self.first.push(person);
                }
            }
            (Some(person), false) => {
                people.push(person);
                self.names.ambiguous.push(Ambiguous { identity: value.to_owned(), people });
            }
        }
    }
}

/// How many of the values go into one query.
fn fitting(values: &[String]) -> usize {
    let mut bytes = 0;
    let fits = |value: &&String| {
        bytes += value.len();
        bytes <= VALUES_BYTES
    };
    values.iter().take(VALUES).take_while(fits).count().max(1)
}

fn nobody(people: &People, names: Names) -> Error {
    let attribute = people.attribute.name();
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
            "Nothing was sent. Is every value spelt as it is in the tenant, upper and lower case included? identityAttribute says which attribute \
             they are values of: {attribute} here, name is the user name. Whoever has just come is in search some minutes later, and an uncorrelated \
             identity never."
        ))
        .matched(0)
        .names(names)
}
