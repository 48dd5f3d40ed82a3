//! `POST /search/v1` and `POST /search/v1/count`.

use std::time::Instant;

use serde_json::Value;

use crate::answer::Answer;
use crate::document;
use crate::query;
use crate::tenant::{Ask, Tenant};

/// What a page has unless the request says more.
const USUAL_LIMIT: usize = 250;
/// The most that one page can have.
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
        if ask.parameter("offset").is_some() {
            return Err("offset is not known here: use searchAfter".to_owned());
        }
        let (found, body) = self.found(&ask.body)?;
        let after = match texts(&body, "/searchAfter")?.as_slice() {
            [] => 0,
            [id] if texts(&body, "/sort")? == ["id"] => self.index.count_up_to(&found, id),
            _ => return Err("searchAfter must have one value, and sort be [\"id\"]".to_owned()),
        };
        let includes = texts(&body, "/queryResultFilter/includes")?;
        let people = self.index.people();
        let page = found[after..].iter().take(limit).map(|at| &people[*at]);
        if self.settings.removes_after.is_some() {
            let now = Instant::now();
            self.found.extend(page.clone().map(|person| (person.id.clone(), now)));
        }
        let page: Vec<Value> = page.map(|person| document::cut(person, self.manager(person), &includes)).collect();
        Ok(list_answer(ask, page, found.len()))
    }

    /// Whom a search body finds, in the order of their ids, and the body.
    fn found(&mut self, body: &[u8]) -> Result<(Vec<usize>, Value), String> {
        const MEMBERS: [&str; 5] = ["indices", "query", "sort", "searchAfter", "queryResultFilter"];
        let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
        let members = body.as_object().ok_or("the body must be an object")?;
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("{unknown} is not known here"));
        }
        if texts(&body, "/indices")? != ["identities"] {
            return Err("indices must be [\"identities\"]: the sandbox has no other index".to_owned());
        }
        if texts(&body, "/sort")?.iter().any(|field| field != "id") {
            return Err("sort must be [\"id\"]: the sandbox has no other order".to_owned());
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

/// A list of texts in the body, at a JSON pointer; empty where there is none.
fn texts(body: &Value, pointer: &str) -> Result<Vec<String>, String> {
    let members = match body.pointer(pointer) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array(),
    };
    let texts = members.and_then(|members| members.iter().map(|member| member.as_str().map(str::to_owned)).collect());
    texts.ok_or_else(|| format!("{pointer} must be a list of texts"))
}

/// The list's answer, with its total where that was asked for.
pub(crate) fn list_answer(ask: &Ask, page: Vec<Value>, total: usize) -> Answer {
    let answer = Answer::json(200, &Value::Array(page));
    match ask.parameter("count").as_deref() {
        Some("true") => answer.with("x-total-count", total.to_string()),
        _ => answer,
    }
}
