//! `POST /search/v1` and `POST /search/v1/count`.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::document;
use crate::query;
use crate::sort::SortKey;
use crate::tenant::{Ask, Tenant};

/// What a page has unless the request says more.
const USUAL_LIMIT: usize = 250;
/// The most that one page, or its offset, can have.
const MOST: usize = 10_000;

impl Tenant {
    pub(crate) fn count(&mut self, ask: &Ask) -> Answer {
        match self.found(&ask.body) {
            Ok((found, _)) => Answer::empty(204).with("x-total-count", found.len().to_string()),
            Err(why) => Answer::error(400, &why),
        }
    }

    pub(crate) fn search(&mut self, ask: &Ask) -> Answer {
        self.page(ask).unwrap_or_else(|why| Answer::error(400, &why))
    }

    fn page(&mut self, ask: &Ask) -> Result<Answer, String> {
        let limit = ask.number("limit", MOST)?.unwrap_or(USUAL_LIMIT);
        let offset = ask.number("offset", usize::MAX)?.unwrap_or(0);
        if offset.saturating_add(limit) > MOST {
            return Err(format!("offset and limit together are at most {MOST}: use searchAfter"));
        }
        let (mut found, body) = self.found(&ask.body)?;
        let total = found.len();
        let sort = names(&body, "sort")?;
        if !sort.is_empty() {
            found = self.index.sort(found, &sort);
            if let Some(after) = search_after(&body, &sort)? {
                let is_before =
                    |at: &usize| SortKey::of(&self.index.people()[*at], &sort).compare(&after, &sort).is_le();
                found.drain(..found.partition_point(is_before));
            }
        } else if !body["searchAfter"].is_null() {
            return Err("searchAfter needs a sort".to_owned());
        }
        let (includes, excludes) = (&body["queryResultFilter"]["includes"], &body["queryResultFilter"]["excludes"]);
        let (includes, excludes) = (list(includes, "includes")?, list(excludes, "excludes")?);
        let people = self.index.people();
        let page: Value = found
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|at| document::cut(&people[at], self.manager(&people[at]), &includes, &excludes))
            .collect();
        let answer = Answer::json(200, &page);
        Ok(match ask.parameter("count").as_deref() {
            Some("true") => answer.with("x-total-count", total.to_string()),
            _ => answer,
        })
    }

    /// Whom a search body finds, and the body.
    fn found(&mut self, body: &[u8]) -> Result<(Vec<usize>, Value), String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
        let indices = names(&body, "indices")?;
        if !indices.iter().any(|index| index == "identities" || index == "*") {
            return Err("indices must have identities: the sandbox has no other index".to_owned());
        }
        match body["queryType"].as_str() {
            None | Some("SAILPOINT") => {}
            Some(other) => return Err(format!("the query type {other} is not known here")),
        }
        let text = body["query"]["query"].as_str().ok_or("query.query must be a text")?;
        let query = query::parse(text).map_err(|why| format!("Failed to parse query: {why}"))?;
        Ok((self.index.find(&query)?, body))
    }
}

impl Ask {
    /// A parameter of the query that is a number.
    pub(crate) fn number(&self, name: &str, most: usize) -> Result<Option<usize>, String> {
        match self.parameter(name) {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(number) if number <= most => Ok(Some(number)),
                _ => Err(format!("{name} must be a number up to {most}, not {text}")),
            },
        }
    }
}

fn names(body: &Value, member: &str) -> Result<Vec<String>, String> {
    list(&body[member], member)
}

fn list(value: &Value, member: &str) -> Result<Vec<String>, String> {
    let not_a_list = || format!("{member} must be a list of texts");
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(members) => {
            members.iter().map(|member| member.as_str().map(str::to_owned).ok_or_else(not_a_list)).collect()
        }
        _ => Err(not_a_list()),
    }
}

fn search_after(body: &Value, sort: &[String]) -> Result<Option<SortKey>, String> {
    let after = match &body["searchAfter"] {
        Value::Null => return Ok(None),
        Value::Array(after) if after.len() == sort.len() => after,
        _ => return Err("searchAfter must have a value for each member of sort".to_owned()),
    };
    if !sort.iter().any(|field| field.trim_start_matches(['-', '+']) == "id") {
        return Err("with searchAfter, sort must include id".to_owned());
    }
    Ok(Some(SortKey(after.iter().map(|value| value.as_str().map(str::to_owned)).collect())))
}

/// The list's answer, with its total where that was asked for.
pub(crate) fn list_answer(ask: &Ask, page: Vec<Value>, total: usize) -> Answer {
    let answer = Answer::json(200, &json!(page));
    match ask.parameter("count").as_deref() {
        Some("true") => answer.with("x-total-count", total.to_string()),
        _ => answer,
    }
}
