//! Finds the identities that a refresh with a filter would touch, page by page.

use serde::Serialize;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::filter::eval::Verdict;
use crate::json::Object;
use crate::report::Person;
use crate::request;
use crate::service::{Call, LARGEST_SEARCH_PAGE, Service};
use crate::targets::candidates::{Candidates, PagePosition, foreign_cursor};
use crate::targets::evaluator::Evaluator;
use crate::targets::preconditions;

/// The answer of `cc_find_identities`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    base_url: String,
    /// The number of matches.
    total: u64,
    /// The number of identities that only the service can evaluate.
    undecided: u64,
    identities: Vec<Person>,
    /// The value of `after` for the next call; null on the last page.
    after: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

struct FindRequest<'a> {
    filter: Filter,
    limit: usize,
    after: Option<Cursor>,
    configuration: Option<&'a str>,
}

/// The end of a page, and the counts of the first page: the text of `after`.
#[derive(Debug, PartialEq, Eq)]
struct Cursor {
    /// A hash of the filter that the cursor belongs to.
    filter: u64,
    total: u64,
    undecided: u64,
    position: PagePosition,
}

/// The default page size; it also limits the first page, so that callers who want a few identities do not load more.
const DEFAULT_LIMIT: u64 = 250;

pub(crate) fn find(text: &str, control: &Control) -> Result<Found> {
    let request = FindRequest::parse(text)?;
    preconditions::decidable(&request.filter)?;
    let service = Service::of_call(request.configuration)?;
    let call = Call::new(&service, None, control);
    let candidates = Candidates::new(&call, &request.filter, (request.limit as u64 + 1).clamp(DEFAULT_LIMIT, 2_500));
    let (candidates, counted) = match &request.after {
        Some(cursor) => (candidates.from(cursor.position.clone()), Some((cursor.total, cursor.undecided))),
        None => (candidates, None),
    };
    let page = Page::read(&call, candidates, &request, counted.is_none())?;
    let (total, undecided) = counted.unwrap_or((page.matched, page.undecided));
    let hash = hash(&request.filter);
    let cursor = page.next.map(|position| Cursor { filter: hash, total, undecided, position }.to_text());
    Ok(Found {
        base_url: service.base_url().as_str().to_owned(),
        total,
        undecided,
        identities: page.people,
        after: cursor,
        warnings: call.metadata.warnings(&service),
    })
}

impl<'a> FindRequest<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let mut object = Object::parse(text, "The request")?;
        let filter = object.text("filter")?;
        let limit = object.integer("limit", "identities", 1..=LARGEST_SEARCH_PAGE)?.unwrap_or(DEFAULT_LIMIT);
        let after = object.text("after")?;
        let configuration = object.take("configuration").map(serde_json::value::RawValue::get);
        object.client()?;
        object.finish()?;
        let filter = request::filter(&filter.ok_or_else(request::missing_filter)?)?;
        let after = after.map(|text| Cursor::parse(&text)).transpose()?;
        if after.as_ref().is_some_and(|cursor| cursor.filter != hash(&filter)) {
            return Err(foreign_cursor());
        }
        // `limit` is at most 10,000.
        Ok(Self { filter, limit: limit as usize, after, configuration })
    }
}

/// The people of one page, and the counts.
struct Page {
    people: Vec<Person>,
    matched: u64,
    undecided: u64,
    /// The start of the next page, if there is one.
    next: Option<PagePosition>,
}

impl Page {
    /// Reads the candidates: all of them if they are to be counted.
    fn read(call: &Call<'_>, mut candidates: Candidates<'_>, request: &FindRequest<'_>, count: bool) -> Result<Self> {
        let mut evaluator = Evaluator::new(&request.filter);
        let mut page = Self { people: Vec::new(), matched: 0, undecided: 0, next: None };
        let mut end = None;
        while let Some((start, documents)) = candidates.next_page()? {
            for (index, document) in documents.iter().enumerate() {
                match evaluator.judge(call, document)? {
                    Verdict::Yes => page.matched += 1,
                    Verdict::Unknown => page.undecided += 1,
                    Verdict::No => {}
                }
                if page.matched <= page.people.len() as u64 {
                    continue;
                }
                if page.people.len() < request.limit {
                    page.people.push(Person::of(document));
                    end = Some(match &start {
                        PagePosition::List(offset) => PagePosition::List(offset + index as u64 + 1),
                        PagePosition::Search(_) => PagePosition::Search(document["id"].as_str().map(str::to_owned)),
                    });
                } else if page.next.is_none() {
                    page.next = end.take();
                    if !count {
                        return Ok(page);
                    }
                }
            }
        }
        Ok(page)
    }
}

impl Cursor {
    fn to_text(&self) -> String {
        let (kind, position) = match &self.position {
            PagePosition::Search(id) => ('s', id.clone().unwrap_or_default()),
            PagePosition::List(offset) => ('l', offset.to_string()),
        };
        format!("{kind}.{:016x}.{}.{}.{position}", self.filter, self.total, self.undecided)
    }

    fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            Error::invalid_argument("after is not from an answer of ⟦find⟧.")
                .hint("Give the `after` of the last answer unchanged, or leave it out to start again.")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '.');
        let kind = parts.next()?;
        let filter = u64::from_str_radix(parts.next()?, 16).ok()?;
        let (total, undecided) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let position = match (kind, parts.next()?) {
            ("s", id) if !id.is_empty() => PagePosition::Search(Some(id.to_owned())),
            ("l", offset) => PagePosition::List(offset.parse().ok()?),
            _ => return None,
        };
        Some(Self { filter, total, undecided, position })
    }
}

/// Identifies a filter (FNV-1a).
fn hash(filter: &Filter) -> u64 {
    let bytes = filter.canonical().into_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_round_trips_and_other_text_is_rejected() {
        for position in [PagePosition::Search(Some("2c91.x".to_owned())), PagePosition::List(250)] {
            let cursor = Cursor { filter: 7, total: 3, undecided: 1, position };
            assert_eq!(Cursor::read(&cursor.to_text()), Some(cursor));
        }
        for text in ["", "2c91", "s.7.3.1.", "l.7.3.1.x", "x.7.3.1.2c91", "s.g.3.1.2c91", "s.7.-3.1.2c91"] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }
}
