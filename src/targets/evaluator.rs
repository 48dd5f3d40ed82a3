//! Evaluates documents of search, which leave out what is empty: where somebody in the tenant has a value of an
//! attribute, a document without it says that it is null.

use serde_json::Value;

use crate::error::Result;
use crate::filter::Filter;
use crate::filter::eval::{Judge, KnownAttributes, Verdict};
use crate::filter::query::having;
use crate::service::{self, Call};

/// Evaluates documents with one filter.
#[derive(Debug)]
pub(crate) struct Evaluator<'f> {
    filter: &'f Filter,
    judge: Judge<'f>,
    /// Looked up when a document needs it. Not kept for other calls: the last value of an attribute may go.
    known: Option<KnownAttributes>,
}

impl<'f> Evaluator<'f> {
    pub(crate) fn new(filter: &'f Filter) -> Self {
        Self { filter, judge: Judge::new(filter), known: None }
    }

    /// Fails if the call is cancelled, or has no more time.
    pub(crate) fn judge(&mut self, call: &Call<'_>, document: &Value) -> Result<Verdict> {
        let verdict = self.verdict(call, document, &KnownAttributes::default())?;
        // Knowledge decides what is unknown, and changes nothing else.
        if verdict != Verdict::Unknown {
            return Ok(verdict);
        }
        if self.known.is_none() {
            self.known = Some(known_attributes(call, self.filter)?);
        }
        match &self.known {
            Some(known) => self.verdict(call, document, known),
            None => Ok(verdict),
        }
    }

    fn verdict(&self, call: &Call<'_>, document: &Value, known: &KnownAttributes) -> Result<Verdict> {
        match self.judge.judge_unless(document, known, &|| call.must_stop()) {
            Some(verdict) => Ok(verdict),
            None => call.check().map(|()| Verdict::Unknown),
        }
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
