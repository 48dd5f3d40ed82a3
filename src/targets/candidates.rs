//! The identities that a filter may match, as pages of documents. Search finds at least all that match.
//!
//! Every document is evaluated with the filter afterwards ([`crate::filter::eval`]); a search result alone is never a
//! match.

use std::borrow::Cow;

use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::filter::query::{any_of, search_query};
use crate::filter::{Expr, Filter, Literal, Operand, Operator, Test};
use crate::hint::WayOut;
use crate::service::{self, Call, ListFilter, Page, PendingCall};

/// The size of the first page, which is usually the only one.
pub(crate) const FIRST_PAGE: u64 = 250;

/// From this number on, search may give only a lower bound.
const EXACT_TOTAL_LIMIT: u64 = 10_000;

/// The candidates of a filter, in the order of their ids.
#[derive(Debug)]
pub(crate) struct Candidates<'c> {
    call: &'c Call<'c>,
    query: String,
    fields: Vec<Cow<'static, str>>,
    /// The filter for `GET /identities`, for users who may not search.
    list_filter: Option<ListFilter>,
    /// Whether these are the candidates of a caller's filter, and not of names.
    is_filter: bool,
    position: PagePosition,
    limit: u64,
    /// From the last page.
    total: Option<u64>,
    /// From a separate count.
    counted: Option<u64>,
    seen: u64,
    has_ended: bool,
    /// The first page, if it was requested before.
    begun: Option<Result<PendingCall<'c>>>,
}

/// The start of the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PagePosition {
    /// In search, after this id; `None` at the beginning.
    Search(Option<String>),
    /// The offset in the list.
    List(u64),
}

impl<'c> Candidates<'c> {
    /// Sends nothing before the first page is read.
    pub(crate) fn new(call: &'c Call<'c>, filter: &Filter, first_limit: u64) -> Self {
        let list_filter = list_filter(filter);
        let candidates = Self::of(call, search_query(filter).text, &filter.names(), list_filter, first_limit);
        Self { is_filter: true, ..candidates }
    }

    /// The identities that may have one of these values; at most 350 values.
    pub(crate) fn with_values(call: &'c Call<'c>, attribute: &str, values: &[&str]) -> Self {
        // Search finds more than one identity for a value.
        let first_limit = (values.len() as u64 * 2).clamp(FIRST_PAGE, 2_500);
        Self::of(call, any_of(attribute, values), &[attribute], None, first_limit)
    }

    /// Those who have one of these ids, with the filter's attributes.
    pub(crate) fn among(call: &'c Call<'c>, filter: &Filter, ids: &[&str]) -> Self {
        Self::of(call, any_of("id", ids), &filter.names(), list_filter(filter), FIRST_PAGE)
    }

    /// The same for one value by the list, for users who may not search; `None` if the list does not support it.
    pub(crate) fn in_list(call: &'c Call<'c>, attribute: &str, value: &str) -> Option<Self> {
        let list_filter = Some(ListFilter::equal(attribute, value)?);
        let candidates = Self::of(call, String::new(), &[attribute], list_filter, FIRST_PAGE);
        Some(candidates.from(PagePosition::List(0)))
    }

    fn of(
        call: &'c Call<'c>,
        query: String,
        attributes: &[&str],
        list_filter: Option<ListFilter>,
        first_limit: u64,
    ) -> Self {
        Self {
            call,
            query,
            fields: fields(attributes),
            list_filter,
            is_filter: false,
            position: PagePosition::Search(None),
            limit: first_limit,
            total: None,
            counted: None,
            seen: 0,
            has_ended: false,
            begun: None,
        }
    }

    /// Continues at a position.
    pub(crate) fn from(mut self, position: PagePosition) -> Self {
        self.position = position;
        self
    }

    /// Requests the first page without waiting for it.
    pub(crate) fn begin(&mut self) {
        let begun = service::begin_search(self.call, &self.query, &self.fields, None, self.limit);
        self.begun = Some(begun.map(PendingCall::launched));
    }

    /// The next documents, and their position; `None` at the end.
    pub(crate) fn next_page(&mut self) -> Result<Option<(PagePosition, Vec<Value>)>> {
        if self.has_ended {
            return Ok(None);
        }
        let page = self.fetch_page()?;
        let length = page.documents.len() as u64;
        self.seen += length;
        self.total = page.total;
        self.has_ended = is_last(length, self.limit, self.seen, page.total);
        // A single page may be in any order.
        if !self.has_ended || self.position != PagePosition::Search(None) {
            self.check_progress(&page)?;
        }
        self.limit = page.next_limit(self.call);
        let next = self.position_after(&page)?;
        let start = std::mem::replace(&mut self.position, next);
        Ok(Some((start, page.documents)))
    }

    /// Whether all documents were returned.
    pub(crate) fn have_ended(&self) -> bool {
        self.has_ended
    }

    /// The number of all documents.
    pub(crate) fn total(&mut self) -> Result<u64> {
        match (self.total, &self.position) {
            _ if self.has_ended => return Ok(self.seen),
            (Some(total), PagePosition::List(_)) => return Ok(total),
            (Some(total), PagePosition::Search(_)) if total < EXACT_TOTAL_LIMIT => return Ok(total),
            _ => {}
        }
        match self.counted {
            Some(counted) => Ok(counted),
            None => Ok(*self.counted.insert(service::count(self.call, &self.query)?)),
        }
    }

    /// Fails for pages that would never end: ids that do not ascend, or many more documents than were announced.
    fn check_progress(&mut self, page: &Page) -> Result<()> {
        if let PagePosition::Search(after) = &self.position {
            let ids = after.as_deref().into_iter().chain(page.documents.iter().filter_map(id));
            if !ids.is_sorted_by(|one, other| one < other) {
                return Err(endless(
                    "Search returned identities that are not in the order of their ids, or some of them twice.",
                ));
            }
        }
        if self.has_ended {
            return Ok(());
        }
        let announced = match self.total.filter(|total| *total < EXACT_TOTAL_LIMIT) {
            Some(total) => total,
            None if self.seen <= EXACT_TOTAL_LIMIT => return Ok(()),
            None => self.exact_total()?,
        };
        if self.seen <= with_newcomers(announced) {
            return Ok(());
        }
        Err(endless(&format!(
            "Search announced {announced} identities, and has returned {} without an end.",
            self.seen
        )))
    }

    /// The number of all documents by a separate count, made again when more were returned.
    fn exact_total(&mut self) -> Result<u64> {
        if let Some(counted) = self.counted.filter(|counted| self.seen <= with_newcomers(*counted)) {
            return Ok(counted);
        }
        if matches!(self.position, PagePosition::List(_)) {
            return Ok(self.total.unwrap_or(EXACT_TOTAL_LIMIT));
        }
        Ok(*self.counted.insert(service::count(self.call, &self.query)?))
    }

    fn fetch_page(&mut self) -> Result<Page> {
        let after = match &self.position {
            PagePosition::Search(after) => after.as_deref(),
            PagePosition::List(offset) => return self.fetch_list_page(*offset),
        };
        let answer = match self.begun.take() {
            Some(begun) => begun.and_then(|begun| service::finish_search(self.call, begun)),
            None => service::search(self.call, &self.query, &self.fields, after, self.limit),
        };
        match answer {
            Ok(page) if self.lacks_attributes(&page) => {
                self.fields.retain(|field| !field.starts_with("attributes."));
                self.fields.push(Cow::Borrowed("attributes"));
                service::search(self.call, &self.query, &self.fields, after, self.limit)
            }
            Err(error) if error.is_forbidden_endpoint() && self.list_filter.is_some() => {
                self.position = PagePosition::List(0);
                self.fetch_list_page(0)
            }
            Err(error) if error.is_forbidden_endpoint() && self.is_filter && service::may_list(self.call) => {
                Err(error.way(WayOut::OtherFilter))
            }
            found => found,
        }
    }

    /// Whether single attributes were requested and no document has any. That nested members can be requested is not
    /// documented.
    fn lacks_attributes(&self, page: &Page) -> bool {
        self.fields.iter().any(|field| field.starts_with("attributes."))
            && !page.documents.is_empty()
            && !page.documents.iter().any(|document| document.get("attributes").is_some_and(Value::is_object))
    }

    fn fetch_list_page(&mut self, offset: u64) -> Result<Page> {
        // A list is only used for a filter that it supports.
        let filter = self.list_filter.as_ref().ok_or_else(foreign_cursor)?;
        self.limit = service::LARGEST_LIST_PAGE;
        service::list(self.call, filter, offset)
    }

    fn position_after(&self, page: &Page) -> Result<PagePosition> {
        let last = match (&self.position, page.documents.last()) {
            (PagePosition::List(offset), _) => return Ok(PagePosition::List(offset + page.documents.len() as u64)),
            (position, None) => return Ok(position.clone()),
            (PagePosition::Search(_), Some(last)) => id(last),
        };
        match (&self.position, last) {
            (PagePosition::Search(before), Some(last)) if before.as_deref() != Some(last) => {
                Ok(PagePosition::Search(Some(last.to_owned())))
            }
            // The same page again, or one without an id to continue from: the loop would never end.
            _ => {
                Err(Error::new(Code::InvalidResponse, "Search returned documents without ids, or the same page twice."))
            }
        }
    }
}

/// How many documents may come where so many were announced: people come and go between pages.
fn with_newcomers(announced: u64) -> u64 {
    announced + announced / 10 + FIRST_PAGE
}

fn endless(message: &str) -> Error {
    Error::new(Code::InvalidResponse, message)
        .hint("Nothing was sent. Does baseUrl lead to the service itself, and not to something in front of it?")
}

/// Whether a page of `length` documents, at most `limit`, is the last one. `seen`: the documents of all pages so far.
/// `total`: the number of all documents, from the page.
fn is_last(length: u64, limit: u64, seen: u64, total: Option<u64>) -> bool {
    // Identities come and go between pages, so that only the first page can be known to be complete by its number.
    let is_first = seen == length;
    let is_known_to_be_all = is_first && total.is_some_and(|total| total == seen && total < EXACT_TOTAL_LIMIT);
    // A page that is not full is the last one, unless the service uses smaller pages than requested.
    let is_full = length >= limit;
    length == 0 || is_known_to_be_all || !is_full && total.is_none_or(|total| seen >= total)
}

/// A document's id, if it has one.
pub(crate) fn id(document: &Value) -> Option<&str> {
    document.get("id")?.as_str().filter(|id| !id.trim().is_empty())
}

/// The error of a list position for a filter that no list supports.
pub(crate) fn foreign_cursor() -> Error {
    Error::invalid_argument("after comes from another filter's answer.")
        .hint("Give the same filter with the `after` of its own last answer, or leave after out to start again.")
}

/// The members that an evaluation needs. More do no harm.
fn fields(attributes: &[&str]) -> Vec<Cow<'static, str>> {
    let mut fields = Vec::with_capacity(5 + 2 * attributes.len());
    fields.extend(["id", "name", "displayName", "firstName", "lastName"].map(Cow::Borrowed));
    for attribute in attributes {
        if !attribute.starts_with("attributes.") {
            fields.push(["attributes.", attribute].concat().into());
        }
        match attribute.split_once('.') {
            // The whole object: that nested members can be requested is not documented.
            Some((object, _)) if object != "attributes" => fields.push(object.to_owned().into()),
            _ => fields.push((*attribute).to_owned().into()),
        }
    }
    fields
}

/// The filter for `GET /identities`, if this filter compares one attribute with one text.
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
    fn a_page_is_the_last_one_if_nothing_can_follow() {
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
