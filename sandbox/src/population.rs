//! The people that a tenant has, found by id.

use std::collections::{BTreeSet, HashMap};
use std::ops::{Deref, DerefMut};

use serde_json::Value;

use crate::people::Identity;

/// People in their order, each id once.
#[derive(Debug, Default)]
pub(crate) struct Population {
    people: Vec<Identity>,
    /// By id in lower case, where they stand: `GET /identities` does not know case, all else does.
    by_id: HashMap<String, Vec<usize>>,
    attributes: BTreeSet<String>,
}

impl From<Vec<Identity>> for Population {
    fn from(people: Vec<Identity>) -> Self {
        let mut population = Self::default();
        people.into_iter().for_each(|person| population.put(person));
        population
    }
}

impl Population {
    /// Where someone stands.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.positions(id).iter().copied().find(|at| self.people[*at].id == id)
    }

    /// Where those stand whose id is this, whatever its case.
    pub(crate) fn positions(&self, id: &str) -> &[usize] {
        self.by_id.get(&id.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The names of the identity attributes that somebody has, or has had.
    pub(crate) fn attributes(&self) -> &BTreeSet<String> {
        &self.attributes
    }

    /// What a `/cc` filter sees of an identity under a name; null where it has no such value.
    pub(crate) fn property(&self, person: &Identity, name: &str) -> Value {
        match name {
            "id" => person.id.as_str().into(),
            "name" => person.name.as_str().into(),
            "correlated" => person.correlated.into(),
            "protected" => person.protected.into(),
            "inactive" => person.inactive.into(),
            "manager" | "manager.id" => person.manager.as_deref().into(),
            "manager.name" => self.manager(person).map(|manager| manager.name.as_str()).into(),
            "manager.displayName" => self.manager(person).map(Identity::display_name).into(),
            _ => person.attribute(name).unwrap_or_default(),
        }
    }

    pub(crate) fn manager(&self, person: &Identity) -> Option<&Identity> {
        Some(&self.people[self.position(person.manager.as_deref()?)?])
    }

    /// Adds someone, or replaces who has the id.
    pub(crate) fn put(&mut self, person: Identity) {
        for name in person.attributes.keys() {
            if !self.attributes.contains(name) {
                self.attributes.insert(name.clone());
            }
        }
        match self.position(&person.id) {
            Some(at) => self.people[at] = person,
            None => {
                self.by_id.entry(person.id.to_lowercase()).or_default().push(self.people.len());
                self.people.push(person);
            }
        }
    }

    /// Takes away those of whom it is true.
    pub(crate) fn remove(&mut self, gone: impl Fn(&Identity) -> bool) -> Vec<Identity> {
        if !self.people.iter().any(&gone) {
            return Vec::new();
        }
        let people = std::mem::take(self);
        let (removed, left) = people.people.into_iter().partition(gone);
        *self = Self::from(left);
        removed
    }
}

impl Deref for Population {
    type Target = [Identity];

    fn deref(&self) -> &[Identity] {
        &self.people
    }
}

impl DerefMut for Population {
    fn deref_mut(&mut self) -> &mut [Identity] {
        &mut self.people
    }
}
