//! Search's index: what Elasticsearch makes of the documents, and whom a query finds in it.
//!
//! Texts are analysed: split into words at whatever is neither letter nor digit (so `john.smith` is two words), an
//! ideograph or an emoji a word of its own, lower case. `field.exact` is the whole value as it is. Uncorrelated
//! identities are not in it. It follows the tenant after the lag that is set.
//!
//! Made for a hundred thousand documents: a field's words and a sort's order are kept from when they are first asked
//! for until the next change.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::analysis::{fits, is_near, words};
use crate::document;
use crate::people::Identity;
use crate::query::{Bound, Glob, Query, Test};
use crate::sort::SortKey;

/// More clauses than this are too many for one query.
pub(crate) const MOST_CLAUSES: usize = 800;

#[derive(Debug, Default)]
pub(crate) struct Index {
    people: Vec<Identity>,
    /// Where someone stands.
    by_id: HashMap<String, usize>,
    fields: HashMap<String, Field>,
    /// By what documents are sorted by, the place of each.
    ranks: HashMap<Vec<String>, Vec<usize>>,
    changes: VecDeque<(Instant, Change)>,
}

/// A change of the tenant that search does not see yet.
#[derive(Debug)]
pub(crate) enum Change {
    Put(Box<Identity>),
    Remove(String),
}

/// One field of all documents, made when it is first asked for.
#[derive(Debug, Default)]
struct Field {
    /// By word, which documents have it.
    words: BTreeMap<String, Vec<usize>>,
    /// By whole value.
    values: BTreeMap<String, Vec<usize>>,
}

/// A set of documents: their positions, rising.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found(Vec<usize>);

impl Index {
    pub(crate) fn new(people: &[Identity]) -> Self {
        let mut index = Self::default();
        people.iter().filter(|person| person.correlated).for_each(|person| index.add(person.clone()));
        index
    }

    /// Will see a change after so long.
    pub(crate) fn will_see(&mut self, change: Change, lag: Duration) {
        self.changes.push_back((Instant::now() + lag, change));
    }

    /// The documents' people, by position.
    pub(crate) fn people(&self) -> &[Identity] {
        &self.people
    }

    /// Whom a query finds, as positions.
    ///
    /// # Errors
    ///
    /// Where it has too many clauses, or calculates with dates.
    pub(crate) fn find(&mut self, query: &Query) -> Result<Vec<usize>, String> {
        self.catch_up();
        if has_date_mathematics(query) {
            return Err("dates are written as 2026-11-25 here: date mathematics is not known".to_owned());
        }
        let clauses = count(query);
        if clauses > MOST_CLAUSES {
            return Err(format!("the query has {clauses} clauses; {MOST_CLAUSES} are the most"));
        }
        Ok(self.matches(query).unwrap_or_default().0)
    }

    /// The same documents in the order of these fields, `-` before a field for the other way round; those without a
    /// value last. `manager.…` orders nothing.
    pub(crate) fn sort(&mut self, mut found: Vec<usize>, fields: &[String]) -> Vec<usize> {
        if !self.ranks.contains_key(fields) {
            let mut keyed: Vec<_> =
                self.people.iter().enumerate().map(|(at, person)| (SortKey::of(person, fields), at)).collect();
            keyed.sort_by(|(one, _), (other, _)| one.compare(other, fields));
            let mut ranks = vec![0; keyed.len()];
            keyed.iter().enumerate().for_each(|(rank, (_, at))| ranks[*at] = rank);
            self.ranks.insert(fields.to_vec(), ranks);
        }
        let ranks = &self.ranks[fields];
        found.sort_unstable_by_key(|at| ranks[*at]);
        found
    }

    fn catch_up(&mut self) {
        let now = Instant::now();
        while self.changes.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, change)) = self.changes.pop_front() else { return };
            self.fields.clear();
            self.ranks.clear();
            let id = match &change {
                Change::Put(person) => &person.id,
                Change::Remove(id) => id,
            };
            let at = self.by_id.get(id).copied();
            match (change, at) {
                (Change::Put(person), Some(at)) if person.correlated => self.people[at] = *person,
                (Change::Put(person), None) if person.correlated => self.add(*person),
                (_, Some(at)) => self.take_out(at),
                (_, None) => {}
            }
        }
    }

    fn add(&mut self, person: Identity) {
        self.by_id.insert(person.id.clone(), self.people.len());
        self.people.push(person);
    }

    fn take_out(&mut self, at: usize) {
        self.by_id.remove(&self.people.remove(at).id);
        self.by_id.values_mut().filter(|place| **place > at).for_each(|place| *place -= 1);
    }

    /// Whom it matches; nothing where its text has no word, so that Elasticsearch drops the clause.
    fn matches(&mut self, query: &Query) -> Option<Found> {
        match query {
            Query::Everything => Some(self.everybody()),
            Query::Leaf { field: Some(field), test } => self.test(field, test),
            Query::Leaf { field: None, test } => {
                let fields = document::fields(&self.people);
                let found: Vec<Found> = fields.iter().filter_map(|field| self.test(field, test)).collect();
                (!found.is_empty()).then(|| Found::any(found))
            }
            Query::Clauses { must, should, must_not } => {
                let mut of = |queries: &[Query]| -> Vec<Found> {
                    queries.iter().filter_map(|query| self.matches(query)).collect()
                };
                let (must, should, must_not) = (of(must), of(should), of(must_not));
                let wanted = match (must.into_iter().reduce(|one, other| one.and(&other)), should.is_empty()) {
                    (Some(required), _) => required,
                    (None, false) => Found::any(should),
                    (None, true) if must_not.is_empty() => return None,
                    // Only negations: everybody else, as Elasticsearch mends it.
                    (None, true) => self.everybody(),
                };
                Some(wanted.without(&Found::any(must_not)))
            }
        }
    }

    fn test(&mut self, field: &str, test: &Test) -> Option<Found> {
        // An object exists where a member of it does; it has no value of its own to be found by.
        let field = match (field, test) {
            ("manager", Test::Exists) => "manager.id",
            ("identityProfile" | "source", Test::Exists) => "source.name",
            _ => field,
        };
        let (name, exact) = match field.strip_suffix(".exact") {
            Some(name) => (name, true),
            None => (field, false),
        };
        let documents = Documents { people: &self.people, by_id: &self.by_id };
        let field = self.fields.entry(name.to_owned()).or_insert_with(|| Field::new(documents, name));
        let terms = if exact { &field.values } else { &field.words };
        let of = |term: &String| Found(terms.get(term).cloned().unwrap_or_default());
        Some(match test {
            Test::Words(text) | Test::Phrase { text, .. } if exact => of(text),
            Test::Words(text) => {
                let words = words(text);
                let found = words.iter().map(of).collect();
                if words.is_empty() { return None } else { Found::any(found) }
            }
            Test::Phrase { text, loose } => {
                let wanted = words(text);
                let mut lists: Vec<&[usize]> =
                    wanted.iter().map(|word| terms.get(word).map_or(&[][..], Vec::as_slice)).collect();
                // From the rarest word: every address has a `com`.
                lists.sort_by_key(|list| list.len());
                let (rarest, others) = lists.split_first()?;
                let has_all = |at: &&usize| others.iter().all(|list| list.binary_search(at).is_ok());
                let has_phrase = |at: &&usize| *loose || wanted.len() < 2 || documents.has_phrase(**at, name, &wanted);
                Found(rarest.iter().filter(has_all).filter(has_phrase).copied().collect())
            }
            Test::Wildcard(glob) if exact => scan(terms, |term| fits(glob, term)),
            Test::Wildcard(glob) => {
                let glob: Vec<Glob> = glob.iter().flat_map(lower).collect();
                scan(terms, |term| fits(&glob, term))
            }
            Test::Fuzzy(text) if exact => scan(terms, |term| is_near(term, text)),
            Test::Fuzzy(text) => {
                let text = text.to_lowercase();
                scan(terms, |term| is_near(term, &text))
            }
            Test::Exists => scan(&field.values, |_| true),
            Test::Range { low, high } if document::is_number(name) => {
                let number = |bound: &Bound| bound.text.parse::<f64>().ok().map(|number| (number, bound.inclusive));
                let (low, high) = (low.as_ref().and_then(number), high.as_ref().and_then(number));
                scan(&field.values, |term| {
                    term.parse().is_ok_and(|term: f64| is_within(&term, low.as_ref(), high.as_ref()))
                })
            }
            Test::Range { low, high } => {
                let is_whole = exact || document::is_date(name);
                let text = |bound: &Bound| match is_whole {
                    true => (bound.text.clone(), bound.inclusive),
                    false => (bound.text.to_lowercase(), bound.inclusive),
                };
                let (low, high) = (low.as_ref().map(text), high.as_ref().map(text));
                let terms = if is_whole { &field.values } else { terms };
                scan(terms, |term| is_within(&term.to_owned(), low.as_ref(), high.as_ref()))
            }
        })
    }

    fn everybody(&self) -> Found {
        Found((0..self.people.len()).collect())
    }
}

fn scan(terms: &BTreeMap<String, Vec<usize>>, is_wanted: impl Fn(&str) -> bool) -> Found {
    Found::rising(terms.iter().filter(|(term, _)| is_wanted(term)).flat_map(|(_, found)| found).copied().collect())
}

/// The people of the documents, and where they stand.
#[derive(Clone, Copy)]
struct Documents<'a> {
    people: &'a [Identity],
    by_id: &'a HashMap<String, usize>,
}

impl Documents<'_> {
    /// What a field of one of them holds.
    fn values(self, at: usize, field: &str) -> Vec<String> {
        let manager = self.people[at].manager.as_ref().filter(|_| field.starts_with("manager."));
        let manager = manager.and_then(|id| self.by_id.get(id)).map(|at| &self.people[*at]);
        document::values(&self.people[at], manager, field)
    }

    fn has_phrase(self, at: usize, field: &str, wanted: &[String]) -> bool {
        self.values(at, field).iter().any(|value| words(value).windows(wanted.len()).any(|run| run == wanted))
    }
}

impl Field {
    fn new(documents: Documents<'_>, name: &str) -> Self {
        let mut field = Self::default();
        for at in 0..documents.people.len() {
            for value in documents.values(at, name) {
                for word in words(&value) {
                    add(&mut field.words, word, at);
                }
                add(&mut field.values, value, at);
            }
        }
        field
    }
}

fn add(terms: &mut BTreeMap<String, Vec<usize>>, term: String, at: usize) {
    let positions = terms.entry(term).or_default();
    if positions.last() != Some(&at) {
        positions.push(at);
    }
}

impl Found {
    fn any(found: Vec<Self>) -> Self {
        Self::rising(found.into_iter().flat_map(|found| found.0).collect())
    }

    fn rising(mut all: Vec<usize>) -> Self {
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    fn and(mut self, other: &Self) -> Self {
        self.0.retain(|at| other.0.binary_search(at).is_ok());
        self
    }

    fn without(mut self, other: &Self) -> Self {
        self.0.retain(|at| other.0.binary_search(at).is_err());
        self
    }
}

/// How many clauses there are, each word of an analysed text one of them.
fn count(query: &Query) -> usize {
    match query {
        Query::Leaf { field, test: Test::Words(text) }
            if !field.as_ref().is_some_and(|name| name.ends_with(".exact")) =>
        {
            words(text).len().max(1)
        }
        Query::Everything | Query::Leaf { .. } => 1,
        Query::Clauses { must, should, must_not } => must.iter().chain(should).chain(must_not).map(count).sum(),
    }
}

fn has_date_mathematics(query: &Query) -> bool {
    match query {
        Query::Leaf { field: Some(field), test: Test::Range { low, high } } if document::is_date(field) => {
            [low, high].into_iter().flatten().any(|bound| !bound.text.starts_with(|first: char| first.is_ascii_digit()))
        }
        Query::Everything | Query::Leaf { .. } => false,
        Query::Clauses { must, should, must_not } => {
            must.iter().chain(should).chain(must_not).any(has_date_mathematics)
        }
    }
}

fn lower(part: &Glob) -> Vec<Glob> {
    match part {
        Glob::Is(character) => character.to_lowercase().map(Glob::Is).collect(),
        other => vec![*other],
    }
}

/// Whether something lies between two bounds, each of which may be missing, or not be meant itself.
fn is_within<T: PartialOrd>(term: &T, low: Option<&(T, bool)>, high: Option<&(T, bool)>) -> bool {
    low.is_none_or(|(low, inclusive)| term > low || *inclusive && term == low)
        && high.is_none_or(|(high, inclusive)| term < high || *inclusive && term == high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::generate;
    use crate::query::parse;

    fn found(query: &str) -> Vec<String> {
        let mut index = Index::new(&generate(14));
        let query = parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let found = index.find(&query).expect("it has few clauses");
        found.into_iter().map(|at| index.people()[at].name.clone()).collect()
    }

    #[test]
    fn analysed_texts_are_found_whatever_their_case_and_too_many_of_them() {
        let smiths = ["john.smith", "smith", "Smith", "Smith-Jones"];
        assert_eq!(found("name:\"smith\""), smiths);
        assert_eq!(found("name:SMITH"), smiths);
        assert_eq!(found("name.exact:\"smith\""), ["smith"]);
        assert_eq!(found("name.exact:Smith"), ["Smith"]);
        assert_eq!(found("name:\"smith jones\""), ["Smith-Jones"]);
        assert_eq!(found("name:\"jones smith\""), [""; 0]);
        assert_eq!(found("name:\"jones smith\"~2"), ["Smith-Jones"]);
        assert_eq!(found("attributes.department:\"sales\""), smiths);
        assert_eq!(found("attributes.department.exact:\"Sales\""), smiths[..2]);
        assert_eq!(found("attributes.uid:\"john.smith\""), ["john.smith"]);
    }

    #[test]
    fn an_unquoted_address_finds_nearly_everybody() {
        assert_eq!(found("attributes.email:nobody@example.com").len(), 13);
        assert_eq!(found("attributes.email:\"nobody@example.com\"").len(), 0);
        assert_eq!(found("attributes.email:john@exa*"), [""; 0]);
        assert_eq!(found("attributes.email.exact:john.smith@exa*"), ["john.smith"]);
    }

    #[test]
    fn awkward_names_are_found_by_their_exact_value() {
        for name in ["pat \"the hat\" o'neil", "CORP\\dana", "rock&roll", "star*light", "山田太郎", "AND"] {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            assert_eq!(found(&format!("attributes.uid.exact:\"{escaped}\"")), [name]);
            assert_eq!(found(&format!("attributes.uid:\"{escaped}\"")), [name]);
        }
        assert_eq!(found("displayName:\"🙂\""), ["山田太郎"]);
        assert_eq!(found("displayName:\"amélie\""), ["amelie.roux"]);
    }

    #[test]
    fn uncorrelated_identities_are_not_there() {
        assert_eq!(found("name.exact:\"legacy.account\""), [""; 0]);
        assert_eq!(found("*").len(), 13);
        assert_eq!(found("NOT name:smith").len(), 9);
    }

    #[test]
    fn ranges_wildcards_and_existence_ask_for_what_they_say() {
        assert_eq!(found("attributes.employeeNumber:[1001 TO 1003}"), ["john.smith", "smith"]);
        assert_eq!(found("name:{rock TO smith}"), ["amelie.roux", "rock&roll"]);
        assert_eq!(found("created:[2020-01-01 TO 2024-12-31]").len(), 13);
        assert_eq!(found("created:<2020").len(), 0);
        assert_eq!(found("accountCount:<1"), ["no.accounts"]);
        assert_eq!(found("name:jo?n"), ["john.smith"]);
        assert_eq!(found("name.exact:S*"), ["Smith", "Smith-Jones"]);
        assert_eq!(found("_exists_:attributes.projects"), ["amelie.roux", "john.smith"]);
        assert_eq!(found("attributes.projects:*"), ["amelie.roux", "john.smith"]);
        assert_eq!(found("attributes.nothing:*"), [""; 0]);
        assert_eq!(found("attributes.projects.exact:Zephyr"), ["amelie.roux"]);
        assert_eq!(found("name:jhon~"), ["john.smith"]);
        assert_eq!(found("manager.name:amelie AND name:smith").len(), 4);
        assert_eq!(found("manager.displayName:\"amélie roux\" AND attributes.uid.exact:\"AND\""), ["AND"]);
        assert_eq!(found("zephyr"), ["amelie.roux"]);
    }

    #[test]
    fn clauses_without_a_word_are_dropped() {
        assert_eq!(found("name:\"...\""), [""; 0]);
        assert_eq!(found("name:\"...\" AND name:roux"), ["amelie.roux"]);
    }

    #[test]
    fn too_many_clauses_are_an_error() {
        let of = |number: usize| (0..number).map(|n| format!("name.exact:\"{n}\"")).collect::<Vec<_>>().join(" OR ");
        let mut index = Index::new(&generate(14));
        assert!(index.find(&parse(&of(MOST_CLAUSES)).expect("it parses")).is_ok());
        assert!(index.find(&parse(&of(MOST_CLAUSES + 1)).expect("it parses")).is_err());
        assert!(index.find(&parse("created:[now-7d TO now]").expect("it parses")).is_err());
    }

    #[test]
    fn search_sees_a_change_after_the_lag() {
        let mut index = Index::new(&generate(2));
        let query = parse("*").expect("it parses");
        index.will_see(Change::Put(Box::new(Identity::new("new"))), Duration::from_secs(60));
        assert_eq!(index.find(&query).map(|found| found.len()), Ok(2));
        let mut index = Index::new(&generate(2));
        index.will_see(Change::Put(Box::new(Identity::new("new"))), Duration::ZERO);
        index.will_see(Change::Remove(generate(1)[0].id.clone()), Duration::ZERO);
        assert_eq!(index.find(&query).map(|found| found.len()), Ok(2));
        assert_eq!(index.find(&parse("name:new").expect("it parses")).map(|found| found.len()), Ok(1));
    }
}
