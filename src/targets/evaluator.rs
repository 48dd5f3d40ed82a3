//! Evaluates documents of search, which leave out what is empty: where somebody in the tenant has a value of an
//! attribute, a document without it says that it is null.

use serde_json::Value;

use crate::error::Result;
use crate::filter::Filter;
use crate::filter::eval::{KnownAttributes, Verdict, judge, judge_knowing};
use crate::filter::query::having;
use crate::service::{self, Call};

/// Evaluates documents with one filter.
#[derive(Debug, Default)]
pub(crate) struct Evaluator {
    /// Looked up when a document needs it. Not kept for other calls: the last value of an attribute may go.
    known: Option<KnownAttributes>,
}

impl Evaluator {
    pub(crate) fn judge(&mut self, call: &Call<'_>, filter: &Filter, document: &Value) -> Result<Verdict> {
        let verdict = judge(filter, document);
        // Knowledge decides what is unknown, and changes nothing else.
        if verdict != Verdict::Unknown {
            return Ok(verdict);
        }
        let known = match &self.known {
            Some(known) => known,
            None => self.known.insert(known_attributes(call, filter)?),
        };
        Ok(judge_knowing(filter, document, known))
    }
}

/// The attributes that the filter tests for null, and of which somebody has a value.
fn known_attributes(call: &Call<'_>, filter: &Filter) -> Result<KnownAttributes> {
    let mut known = Vec::new();
    for attribute in filter.tested_for_null() {
        let Some(query) = having(&attribute) else { continue };
        if service::count(call, &query)? > 0 {
            known.push(attribute);
        }
    }
    Ok(known.into_iter().collect())
}
