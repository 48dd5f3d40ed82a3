//! Whom a filter may mean: documents of identities, page by page, of which search knows at least all that match.
//!
//! Every document is judged by the filter's own meaning afterwards ([`crate::filter::eval`]); what search says is
//! never taken for a match.

use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::filter::query::{any_of, search_query};
use crate::filter::{Expr, Filter, Literal, Operand, Operator, Test};
use crate::service::{self, Call, ListFilter, Page, PendingCall};

/// The first page: with most filters it is the only one.
pub(crate) const FIRST_PAGE: u64 = 250;

/// From this number on, search may only say "at least".
const CERTAIN_TOTAL: u64 = 10_000;

/// The documents that a filter has to be held against, in the order of their ids.
#[derive(Debug)]
pub(crate) struct Candidates<'c> {
    call: &'c Call<'c>,
    query: String,
    fields: Vec<String>,
    /// The question to `GET /identities`, for whoever may not search.
    list_filter: Option<ListFilter>,
    place: Place,
    limit: u64,
    /// As the last page said it.
    total: Option<u64>,
    /// As it was counted, where no page could be relied on.
    counted: Option<u64>,
    seen: u64,
    has_ended: bool,
    /// The first page, where it was asked for already.
    begun: Option<Result<PendingCall<'c>>>,
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In search, after this id; at the beginning.
    Search(Option<String>),
    /// In the list, after so many.
    List(u64),
}

impl<'c> Candidates<'c> {
    /// Nothing is asked for before the first page.
    pub(crate) fn new(call: &'c Call<'c>, filter: &Filter, first_limit: u64) -> Self {
        Self::of(call, search_query(filter).text, &filter.attributes(), list_filter(filter), first_limit)
    }

    /// Everybody who may have one of these values; at most 350 values.
    pub(crate) fn named(call: &'c Call<'c>, attribute: &str, values: &[&str]) -> Self {
        // Search finds more than one person for a value.
        let first_limit = (values.len() as u64 * 2).clamp(FIRST_PAGE, 2_500);
        Self::of(call, any_of(attribute, values), &[attribute.to_owned()], None, first_limit)
    }

    /// The same of one value by the list, for whoever may not search; `None` where the list cannot answer it.
    pub(crate) fn listed(call: &'c Call<'c>, attribute: &str, value: &str) -> Option<Self> {
        let list_filter = Some(ListFilter::equal(attribute, value)?);
        let candidates = Self::of(call, String::new(), &[attribute.to_owned()], list_filter, FIRST_PAGE);
        Some(candidates.from(Place::List(0)))
    }

    fn of(
        call: &'c Call<'c>,
        query: String,
        attributes: &[String],
        list_filter: Option<ListFilter>,
        first_limit: u64,
    ) -> Self {
        Self {
            call,
            query,
            fields: fields(attributes),
            list_filter,
            place: Place::Search(None),
            limit: first_limit,
            total: None,
            counted: None,
            seen: 0,
            has_ended: false,
            begun: None,
        }
    }

    /// The same, from a place in the middle.
    pub(crate) fn from(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Asks for the first page, and does not wait for it.
    pub(crate) fn begin(&mut self) {
        self.begun = Some(service::begin_search(self.call, &self.query, &self.fields, None, self.limit));
    }

    /// The next documents, and where they began; `None` after the last ones.
    pub(crate) fn next_page(&mut self) -> Result<Option<(Place, Vec<Value>)>> {
        if self.has_ended {
            return Ok(None);
        }
        let page = self.ask()?;
        let length = page.documents.len() as u64;
        self.seen += length;
        self.total = page.total;
        self.has_ended = is_last(length, self.limit, self.seen, page.total);
        self.limit = page.next_limit(self.call);
        let next = self.place_after(&page)?;
        let began = std::mem::replace(&mut self.place, next);
        Ok(Some((began, page.documents)))
    }

    /// Whether every document has been given out.
    pub(crate) fn have_ended(&self) -> bool {
        self.has_ended
    }

    /// How many documents there are in all.
    pub(crate) fn total(&mut self) -> Result<u64> {
        match (self.total, &self.place) {
            _ if self.has_ended => return Ok(self.seen),
            (Some(total), Place::List(_)) => return Ok(total),
            (Some(total), Place::Search(_)) if total < CERTAIN_TOTAL => return Ok(total),
            _ => {}
        }
        match self.counted {
            Some(counted) => Ok(counted),
            None => Ok(*self.counted.insert(service::count(self.call, &self.query)?)),
        }
    }

    fn ask(&mut self) -> Result<Page> {
        let after = match &self.place {
            Place::Search(after) => after.as_deref(),
            Place::List(offset) => return self.ask_list(*offset),
        };
        let answer = match self.begun.take() {
            Some(begun) => begun.and_then(|begun| service::finish_search(self.call, begun)),
            None => service::search(self.call, &self.query, &self.fields, after, self.limit),
        };
        match answer {
            Ok(page) if self.lacks_attributes(&page) => {
                self.fields.retain(|field| !field.starts_with("attributes."));
                self.fields.push("attributes".to_owned());
                service::search(self.call, &self.query, &self.fields, after, self.limit)
            }
            Err(error) if error.details().code == Code::Forbidden && self.list_filter.is_some() => {
                self.place = Place::List(0);
                self.ask_list(0)
            }
            found => found,
        }
    }

    /// Whether single attributes were asked for, and no document has any: that members of members can be asked for is
    /// not documented.
    fn lacks_attributes(&self, page: &Page) -> bool {
        self.fields.iter().any(|field| field.starts_with("attributes."))
            && !page.documents.is_empty()
            && !page.documents.iter().any(|document| document.get("attributes").is_some_and(Value::is_object))
    }

    fn ask_list(&mut self, offset: u64) -> Result<Page> {
        // A list is only ever begun, or gone on with, for a filter that it can answer.
        let filter = self.list_filter.as_ref().ok_or_else(foreign_place)?;
        self.limit = service::LARGEST_LIST_PAGE;
        service::list(self.call, filter, offset)
    }

    fn place_after(&self, page: &Page) -> Result<Place> {
        let last = match (&self.place, page.documents.last()) {
            (Place::List(offset), _) => return Ok(Place::List(offset + page.documents.len() as u64)),
            (place, None) => return Ok(place.clone()),
            (Place::Search(_), Some(last)) => id(last),
        };
        match (&self.place, last) {
            (Place::Search(before), Some(last)) if before.as_deref() != Some(last) => {
                Ok(Place::Search(Some(last.to_owned())))
            }
            // The same page again, or one that cannot be gone on from: asking on would never end.
            _ => Err(Error::new(Code::InvalidResponse, "Search gave documents without ids, or the same page twice.")),
        }
    }
}

/// Whether a page of `length` documents, of at most `limit`, is the last one; `seen` are those of all pages so far, `total`
/// is what the page says there are in all.
fn is_last(length: u64, limit: u64, seen: u64, total: Option<u64>) -> bool {
    // People come and go between two pages, so that only the first one can be known to be all by its number.
    let is_first = seen == length;
    let is_known_to_be_all = is_first && total.is_some_and(|total| total == seen && total < CERTAIN_TOTAL);
    // A page that is not full is the last one, unless the service gives smaller ones than it was asked for.
    let is_full = length >= limit;
    length == 0 || is_known_to_be_all || !is_full && total.is_none_or(|total| seen >= total)
}

/// A document's id, where it has one.
pub(crate) fn id(document: &Value) -> Option<&str> {
    document.get("id")?.as_str().filter(|id| !id.trim().is_empty())
}

/// The error of a place in a list for a filter that no list answers.
pub(crate) fn foreign_place() -> Error {
    Error::invalid_argument("after comes from another filter's answer.")
        .hint("Give the same filter with the `after` of its own last answer, or leave after out to begin anew.")
}

/// What a document must have so that it can be judged. More than that does no harm.
fn fields(attributes: &[String]) -> Vec<String> {
    let mut fields: Vec<String> =
        ["id", "name", "displayName", "firstName", "lastName"].map(str::to_owned).into_iter().collect();
    for attribute in attributes {
        if !attribute.starts_with("attributes.") {
            fields.push(format!("attributes.{attribute}"));
        }
        fields.push(attribute.clone());
    }
    fields
}

/// The question that `GET /identities` can answer: one attribute equals one text.
fn list_filter(filter: &Filter) -> Option<ListFilter> {
    match filter.expr() {
        Expr::Condition {
            attribute,
            test:
                Test::Compare {
                    operator: Operator::Equal,
                    ignore_case: false,
                    value: Operand::Literal(Literal::Text(value)),
                },
        } => ListFilter::equal(attribute, value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_last_one_where_nobody_can_be_behind_it() {
        for (length, limit, seen, total, expected) in [
            (0, 250, 0, Some(1_000), true),
            (20, 250, 20, Some(20), true),
            (20, 250, 20, None, true),
            // Smaller pages than were asked for.
            (100, 250, 100, Some(300), false),
            // A first page that is full, and all or not.
            (250, 250, 250, Some(250), true),
            (250, 250, 250, Some(251), false),
            (250, 250, 250, None, false),
            // Fewer than were seen: that number is no number.
            (250, 250, 250, Some(3), false),
            (10_000, 10_000, 10_000, Some(10_000), false),
            // Later ones: somebody may have come, somebody have gone.
            (250, 250, 500, Some(500), false),
            (20, 250, 270, Some(270), true),
            (20, 250, 270, Some(269), true),
            (20, 250, 270, Some(300), false),
        ] {
            assert_eq!(is_last(length, limit, seen, total), expected, "{length} of {limit}, {seen} of {total:?}");
        }
    }
}
