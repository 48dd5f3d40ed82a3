//! Search's index: what Elasticsearch makes of the documents, and whom a query finds in it.
//!
//! Texts are analysed: split into words at whatever is neither letter nor digit (so `john.smith` is two words), an
//! ideograph or an emoji a word of its own, lower case. `field.exact` is the whole value as it is. Uncorrelated
//! identities are not in it. It follows the tenant after the lag that is set.
//!
//! Made for a hundred thousand documents: they stand in the order of their ids, and a field's words are kept from when
//! they are first asked for until the next change.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::document;
use crate::people::Identity;
use crate::query::Query;

/// More clauses than this are too many for one query.
pub(crate) const MOST_CLAUSES: usize = 800;

#[derive(Debug, Default)]
pub(crate) struct Index {
    /// In the order of their ids.
    people: Vec<Identity>,
    fields: HashMap<String, Field>,
    changes: VecDeque<(Instant, Change)>,
}

/// A change of the tenant that search does not see yet.
#[derive(Debug)]
pub(crate) enum Change {
    Put(Box<Identity>),
    Remove(String),
    /// The end of a refresh of the identity with this id.
    ProcessingState(String, Option<String>),
}

/// One field of all documents, made when it is first asked for. Positions rise.
#[derive(Debug, Default)]
struct Field {
    /// By word, which documents have it.
    words: HashMap<String, Vec<usize>>,
    /// By whole value.
    values: HashMap<String, Vec<usize>>,
    /// Those that have a value.
    holders: Vec<usize>,
}

impl Index {
    pub(crate) fn new(people: &[Identity]) -> Self {
        let mut people: Vec<Identity> = people.iter().filter(|person| person.correlated).cloned().collect();
        people.sort_by(|one, other| one.id.cmp(&other.id));
        Self { people, ..Self::default() }
    }

    /// Will see a change after so long.
    pub(crate) fn will_see(&mut self, change: Change, lag: Duration) {
        self.changes.push_back((Instant::now() + lag, change));
    }

    /// The documents' people, by position.
    pub(crate) fn people(&self) -> &[Identity] {
        &self.people
    }

    /// Whom a query finds, as positions in the order of their ids.
    ///
    /// # Errors
    ///
    /// Where it has too many clauses.
    pub(crate) fn find(&mut self, query: &Query) -> Result<Vec<usize>, String> {
        self.catch_up();
        let clauses = query.clauses();
        if clauses > MOST_CLAUSES {
            return Err(format!("the query has {clauses} clauses; {MOST_CLAUSES} are the most"));
        }
        Ok(self.matches(query).unwrap_or_default())
    }

    /// How many of the documents found have this id or a lower one.
    pub(crate) fn count_up_to(&self, found: &[usize], id: &str) -> usize {
        found.partition_point(|at| self.people[*at].id.as_str() <= id)
    }

    fn catch_up(&mut self) {
        let now = Instant::now();
        while self.changes.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, change)) = self.changes.pop_front() else { return };
            let (id, person) = match change {
                Change::ProcessingState(id, state) => {
                    self.fields.remove("processingState");
                    if let Ok(at) = position(&self.people, &id) {
                        self.people[at].processing_state = state;
                    }
                    continue;
                }
                Change::Put(person) => (person.id.clone(), person.correlated.then_some(*person)),
                Change::Remove(id) => (id, None),
            };
            self.fields.clear();
            match (position(&self.people, &id), person) {
                (Ok(at), Some(person)) => self.people[at] = person,
                (Ok(at), None) => drop(self.people.remove(at)),
                (Err(at), Some(person)) => self.people.insert(at, person),
                (Err(_), None) => {}
            }
        }
    }

    /// Whom it matches; nothing where its text has no word, so that Elasticsearch drops the clause.
    fn matches(&mut self, query: &Query) -> Option<Vec<usize>> {
        let everybody = 0..self.people.len();
        match query {
            Query::Everybody => Some(everybody.collect()),
            Query::Not(inner) => {
                let found = self.matches(inner)?;
                Some(everybody.filter(|at| found.binary_search(at).is_err()).collect())
            }
            Query::All(parts) => parts.iter().filter_map(|part| self.matches(part)).reduce(|mut found, other| {
                found.retain(|at| other.binary_search(at).is_ok());
                found
            }),
            Query::Any(parts) => {
                let found: Vec<Vec<usize>> = parts.iter().filter_map(|part| self.matches(part)).collect();
                let mut any = found.concat();
                any.sort_unstable();
                any.dedup();
                (!found.is_empty()).then_some(any)
            }
            // An object exists where a member of it does.
            Query::Exists(field) => Some(match field.as_str() {
                "manager" => self.field("manager.id").holders.clone(),
                "identityProfile" | "source" => self.field("source.name").holders.clone(),
                field => self.field(field).holders.clone(),
            }),
            Query::Phrase { field, text } => match field.strip_suffix(".exact") {
                Some(field) => Some(self.field(field).values.get(text).cloned().unwrap_or_default()),
                None => self.phrase(field, &words(text)),
            },
        }
    }

    fn phrase(&mut self, name: &str, wanted: &[String]) -> Option<Vec<usize>> {
        let field = self.field(name);
        let mut lists: Vec<&[usize]> =
            wanted.iter().map(|word| field.words.get(word).map_or(&[][..], Vec::as_slice)).collect();
        // From the rarest word: every address has a `com`.
        lists.sort_by_key(|list| list.len());
        let (rarest, others) = lists.split_first()?;
        let has_all = |at: &&usize| others.iter().all(|list| list.binary_search(at).is_ok());
        let mut found: Vec<usize> = rarest.iter().filter(has_all).copied().collect();
        let has_phrase = |value: &String| words(value).windows(wanted.len()).any(|run| run == wanted);
        found.retain(|at| wanted.len() < 2 || values(&self.people, *at, name).iter().any(has_phrase));
        Some(found)
    }

    fn field(&mut self, name: &str) -> &Field {
        if !self.fields.contains_key(name) {
            let mut field = Field::default();
            for at in 0..self.people.len() {
                let values = values(&self.people, at, name);
                field.holders.extend((!values.is_empty()).then_some(at));
                for value in values {
                    words(&value).into_iter().for_each(|word| add(&mut field.words, word, at));
                    add(&mut field.values, value, at);
                }
            }
            self.fields.insert(name.to_owned(), field);
        }
        &self.fields[name]
    }
}

fn position(people: &[Identity], id: &str) -> Result<usize, usize> {
    people.binary_search_by(|person| person.id.as_str().cmp(id))
}

/// What a field of one of the documents holds.
fn values(people: &[Identity], at: usize, field: &str) -> Vec<String> {
    let manager = people[at].manager.as_ref().filter(|_| field.starts_with("manager."));
    let manager = manager.and_then(|id| position(people, id).ok()).map(|at| &people[at]);
    document::values(&people[at], manager, field)
}

fn add(terms: &mut HashMap<String, Vec<usize>>, term: String, at: usize) {
    let positions = terms.entry(term).or_default();
    if positions.last() != Some(&at) {
        positions.push(at);
    }
}

/// The words of a text, as it is indexed and as it is asked for.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    for character in text.chars() {
        let is_mark = ('\u{300}'..='\u{36f}').contains(&character);
        if is_word_alone(character) {
            words.extend([character.to_string(), String::new()]);
        } else if character.is_alphanumeric() || is_mark {
            words.last_mut().expect("there is always one").push(character);
        } else {
            words.push(String::new());
        }
    }
    words.iter().filter(|word| !word.is_empty()).map(|word| word.to_lowercase()).collect()
}

/// Ideographs, hiragana, symbols and emoji.
fn is_word_alone(character: char) -> bool {
    matches!(u32::from(character), 0x2600..=0x27bf | 0x3040..=0x309f | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x1f000..=0x2ffff)
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
        let mut names: Vec<String> = found.into_iter().map(|at| index.people()[at].name.clone()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn analysed_texts_are_found_whatever_their_case_and_too_many_of_them() {
        let smiths = ["Smith", "Smith-Jones", "john.smith", "smith"];
        assert_eq!(found("name:\"smith\""), smiths);
        assert_eq!(found("name:\"SMITH\""), smiths);
        assert_eq!(found("name.exact:\"smith\""), ["smith"]);
        assert_eq!(found("name:\"smith jones\""), ["Smith-Jones"]);
        assert_eq!(found("name:\"jones smith\""), [""; 0]);
        assert_eq!(found("attributes.department:\"sales\""), smiths);
        assert_eq!(found("attributes.department.exact:\"Sales\""), smiths[2..]);
        assert_eq!(found("attributes.uid:\"john.smith\""), ["john.smith"]);
        assert_eq!(found("attributes.email:\"nobody@example.com\""), [""; 0]);
        assert_eq!(found("attributes.projects.exact:\"Zephyr\""), ["amelie.roux"]);
        assert_eq!(found("manager.name:\"amelie\" AND name:\"smith\"").len(), 4);
        assert_eq!(found("manager.displayName:\"amélie roux\" AND attributes.uid.exact:\"AND\""), ["AND"]);
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
        assert_eq!(found("NOT name:\"smith\"").len(), 9);
        assert_eq!(found("NOT *"), [""; 0]);
    }

    #[test]
    fn existence_is_asked_of_fields_and_of_objects() {
        assert_eq!(found("_exists_:attributes.projects"), ["amelie.roux", "john.smith"]);
        assert_eq!(found("_exists_:attributes.nothing"), [""; 0]);
        assert_eq!(found("(* AND NOT _exists_:manager)"), ["amelie.roux"]);
        assert_eq!(found("_exists_:source").len(), 13);
    }

    #[test]
    fn clauses_without_a_word_are_dropped() {
        assert_eq!(found("name:\"...\""), [""; 0]);
        assert_eq!(found("name:\"...\" AND name:\"roux\""), ["amelie.roux"]);
        assert_eq!(found("name:\"...\" OR name:\"roux\""), ["amelie.roux"]);
    }

    #[test]
    fn too_many_clauses_are_an_error() {
        let of = |number: usize| (0..number).map(|n| format!("name.exact:\"{n}\"")).collect::<Vec<_>>().join(" OR ");
        let mut index = Index::new(&generate(14));
        assert!(index.find(&parse(&of(MOST_CLAUSES)).expect("it parses")).is_ok());
        assert!(index.find(&parse(&of(MOST_CLAUSES + 1)).expect("it parses")).is_err());
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
        assert_eq!(index.find(&parse("name:\"new\"").expect("it parses")).map(|found| found.len()), Ok(1));
    }
}
