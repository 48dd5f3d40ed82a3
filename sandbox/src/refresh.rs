//! `POST /cc/api/system/refreshIdentities`, with its hazards: a body that cannot be read, a filter that does not
//! parse and a filter without a match refresh everybody.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::filter;
use crate::log::{Refresh, Scope};
use crate::route::Endpoint;
use crate::tasks;
use crate::tenant::{Ask, Tenant};
use crate::time;

/// What the body requests.
struct Wanted {
    filter: Option<String>,
    arguments: Value,
    /// The identities to refresh, by position; or why everybody is refreshed.
    matches: Result<Vec<usize>, String>,
}

impl Tenant {
    pub(crate) fn refresh(&mut self, ask: &Ask) -> Answer {
        let wanted = self.wanted(ask);
        let (scope, reason, positions) = match wanted.matches {
            _ if self.people.is_empty() => (Scope::Nobody, "the tenant has no identities".to_owned(), Vec::new()),
            Err(reason) => (Scope::Everybody, reason, (0..self.people.len()).collect()),
            Ok(positions) => {
                (Scope::Chosen, format!("filter {}", wanted.filter.as_deref().unwrap_or_default()), positions)
            }
        };
        let ids: Vec<String> = positions.iter().map(|&at| self.people[at].id.clone()).collect();
        let names = positions.iter().map(|&at| self.people[at].name.clone()).collect();
        for &at in &positions {
            self.people[at].refreshes += 1;
        }
        let now = self.clock.now();
        let task = self.tasks.start(&tasks::REFRESH, ids.clone(), now, self.settings.task_duration);
        let deleted = if is_true(&wanted.arguments["pruneIdentities"]) { self.prune(&ids) } else { Vec::new() };
        let refresh = Refresh {
            arrival: ask.number,
            by: Endpoint::Refresh,
            scope,
            reason,
            filter: wanted.filter,
            ids,
            names,
            unknown: Vec::new(),
            arguments: wanted.arguments,
            deleted,
            task: task.clone(),
        };
        self.log.add_refresh(&refresh);
        Answer::json(
            200,
            &json!({ "id": task, "type": "TASK_RESULT", "name": "Refresh Identities", "launched": time::iso(now), "status": "QUEUED" }),
        )
    }

    fn wanted(&self, ask: &Ask) -> Wanted {
        let everybody = |filter: Option<String>, arguments: Value, why: &str| Wanted {
            filter,
            arguments,
            matches: Err(why.to_owned()),
        };
        if !ask.content_type().eq_ignore_ascii_case("application/json") {
            let why = format!("the content type `{}` is not JSON, so the body is not read", ask.content_type());
            return everybody(None, Value::Null, &why);
        }
        let Ok(Value::Object(mut body)) = serde_json::from_slice(&ask.body) else {
            return everybody(None, Value::Null, "the body is not a JSON object");
        };
        let arguments = body.remove("refreshArgs").unwrap_or_default();
        let filter = match body.remove("filter") {
            None | Some(Value::Null) => return everybody(None, arguments, "there is no filter"),
            Some(Value::String(filter)) => filter,
            Some(_) => return everybody(None, arguments, "the filter is not a text"),
        };
        let matches = self.matching(&filter);
        Wanted { filter: Some(filter), arguments, matches }
    }

    /// The identities that a filter matches, by position; or why it refreshes everybody.
    pub(crate) fn matching(&self, filter: &str) -> Result<Vec<usize>, String> {
        if filter.trim().is_empty() {
            return Err("the filter is blank".to_owned());
        }
        let parsed = filter::parse(filter).map_err(|why| format!("the filter does not parse: {why}: {filter}"))?;
        if let Some(hidden) = parsed.properties().into_iter().find(|name| !self.is_searchable(name)) {
            return Err(format!("`{hidden}` is not a searchable attribute: {filter}"));
        }
        let parsed = parsed.gathered();
        let people = self.people.iter().enumerate();
        let positions: Vec<usize> = people
            .filter(|(_, person)| parsed.matches(&|name| self.people.property(person, name)))
            .map(|(at, _)| at)
            .collect();
        if positions.is_empty() { Err(format!("the filter matches nobody: {filter}")) } else { Ok(positions) }
    }

    /// Deletes those of these identities that have no accounts, and returns their user names.
    fn prune(&mut self, ids: &[String]) -> Vec<String> {
        let ids: HashSet<&String> = ids.iter().collect();
        let deleted = self.remove(|person| person.accounts == 0 && ids.contains(&person.id));
        deleted.into_iter().map(|person| person.name).collect()
    }
}

/// Whether an argument is `true`, or the string `"true"` or `"True"`.
fn is_true(argument: &Value) -> bool {
    argument.as_bool().unwrap_or_else(|| argument.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")))
}
