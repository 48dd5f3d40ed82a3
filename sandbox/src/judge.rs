//! The sandbox's judgement without its server: for tests on many random filters and people.

use serde_json::Value;

use crate::certainty;
use crate::document;
use crate::filter;
use crate::index::Index;
use crate::people::Identity;
use crate::population::Population;
use crate::query;

/// People, and whom filters and queries mean among them.
#[derive(Debug)]
pub struct Judge {
    people: Population,
    index: Index,
}

impl Judge {
    /// A judge of these people. Where an id stands twice, the later one counts.
    pub fn new(people: Vec<Identity>) -> Self {
        let people = Population::from(people);
        Self { index: Index::new(&people), people }
    }

    /// The people, by position.
    pub fn people(&self) -> &[Identity] {
        &self.people
    }

    /// Whom a `/cc` filter means, as positions; nobody is an answer too, and every attribute is searchable.
    ///
    /// # Errors
    ///
    /// Where the filter does not parse: what was expected, and where.
    pub fn filter(&self, filter: &str) -> Result<Vec<usize>, String> {
        let filter = filter::parse(filter)?.gathered();
        let people = self.people.iter().enumerate();
        let meant = people.filter(|(_, person)| filter.matches(&|name| self.people.property(person, name)));
        Ok(meant.map(|(at, _)| at).collect())
    }

    /// Whom of those in search a filter means whatever the service does where nothing is documented, as positions.
    ///
    /// # Errors
    ///
    /// Where the filter does not parse: what was expected, and where.
    pub fn certain(&self, filter: &str) -> Result<Vec<usize>, String> {
        let filter = filter::parse(filter)?;
        let in_search = |person: &&Identity| person.correlated;
        let is_known = |attribute: &str| {
            let has = |person: &Identity, field: &String| {
                let manager = self.people.manager(person).filter(in_search);
                !document::values(person, manager, field).is_empty()
            };
            let fields = certainty::fields(attribute);
            self.people.iter().filter(in_search).any(|person| fields.iter().any(|field| has(person, field)))
        };
        let is_meant =
            |person: &Identity| filter.certainly_matches(person, self.people.manager(person), &is_known) == Some(true);
        let people = self.people.iter().enumerate().filter(|(_, person)| person.correlated && is_meant(person));
        Ok(people.map(|(at, _)| at).collect())
    }

    /// Whom a search query finds, as positions.
    ///
    /// # Errors
    ///
    /// Where the query does not parse, or has too many clauses.
    pub fn search(&mut self, query: &str) -> Result<Vec<usize>, String> {
        let found = self.index.find(&query::parse(query)?)?;
        let ids = found.into_iter().map(|at| self.index.people()[at].id.as_str());
        let mut positions: Vec<usize> = ids.filter_map(|id| self.people.position(id)).collect();
        positions.sort_unstable();
        Ok(positions)
    }

    /// The search document of the person at a position, if there is one.
    pub fn document(&self, position: usize) -> Option<Value> {
        let person = self.people.get(position)?;
        Some(document::of_search(person, self.people.manager(person)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::generate;

    #[test]
    fn it_judges_as_the_server_does() {
        let mut judge = Judge::new(generate(20));
        assert_eq!(judge.filter("uid == \"smith\""), Ok(vec![2]));
        assert_eq!(judge.filter("costCenter == \"nothing\""), Ok(vec![]));
        assert!(judge.filter("uid = \"smith\"").is_err());
        // Whether texts that differ in case are the same, is not documented.
        assert_eq!(judge.filter("uid != \"SMITH\""), Ok((0..20).collect()));
        let certain = judge.certain("uid != \"SMITH\"").expect("a filter");
        assert!([2, 3].iter().all(|at| !certain.contains(at)) && certain.contains(&1), "{certain:?}");
        assert_eq!(judge.search("name:\"smith\""), Ok(vec![1, 2, 3, 4]));
        assert!(judge.search("name:smith").is_err());
        assert_eq!(judge.document(2).map(|document| document["name"].clone()), Some("smith".into()));
    }
}
