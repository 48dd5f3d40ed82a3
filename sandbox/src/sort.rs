//! The order of documents.

use std::cmp::Ordering;

use crate::document;
use crate::people::Identity;

/// What a document is sorted by: the first value of each field.
pub(crate) struct SortKey(pub(crate) Vec<Option<String>>);

impl SortKey {
    pub(crate) fn of(person: &Identity, fields: &[String]) -> Self {
        let value =
            |field: &String| document::values(person, None, field.trim_start_matches(['-', '+'])).into_iter().next();
        Self(fields.iter().map(value).collect())
    }

    pub(crate) fn compare(&self, other: &Self, fields: &[String]) -> Ordering {
        let mut values = fields.iter().zip(self.0.iter().zip(&other.0));
        let unequal = values.find_map(|(field, (one, other))| {
            let order = match (one, other) {
                (Some(one), Some(other)) if field.starts_with('-') => other.cmp(one),
                (Some(one), Some(other)) => one.cmp(other),
                (one, other) => one.is_none().cmp(&other.is_none()),
            };
            order.is_ne().then_some(order)
        });
        unequal.unwrap_or(Ordering::Equal)
    }
}
