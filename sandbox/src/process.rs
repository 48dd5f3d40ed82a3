//! The successors of `/cc`: `POST /identities/v1/process` and `POST /identities/v1/{id}/synchronize-attributes`.

use std::time::Instant;

use serde_json::{Value, json};

use crate::answer::{Answer, usual_text};
use crate::log::{Refresh, Scope};
use crate::route::Endpoint;
use crate::tasks;
use crate::tenant::{Ask, Tenant};

/// The most ids of one request.
const MOST: usize = 250;

impl Tenant {
    /// Never a full refresh: takes 1 to 250 ids, and ignores unknown ones.
    pub(crate) fn process(&mut self, ask: &Ask) -> Answer {
        if let Some(refusal) = experimental(ask) {
            return refusal;
        }
        let ids = match identity_ids(&ask.body) {
            Ok(ids) => ids,
            Err(why) => return Answer::error(400, &why),
        };
        let (known, unknown): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| self.people.position(id).is_some());
        let names = known.iter().filter_map(|id| self.touch(id)).collect();
        let task = self.tasks.start(&tasks::PROCESS, known.clone(), self.clock.now(), self.settings.task_duration);
        let refresh = Refresh {
            arrival: ask.number,
            by: Endpoint::Process,
            scope: if known.is_empty() { Scope::Nobody } else { Scope::Chosen },
            reason: "by their ids".to_owned(),
            filter: None,
            ids: known,
            names,
            unknown,
            arguments: Value::Null,
            deleted: Vec::new(),
            task: task.clone(),
        };
        self.log.add_refresh(&refresh);
        Answer::json(202, &json!({ "type": "TASK_RESULT", "id": task, "name": Value::Null }))
    }

    /// Refuses an identity that comes again too soon: 429 with Retry-After, which is not documented.
    pub(crate) fn synchronize(&mut self, ask: &Ask) -> Answer {
        if let Some(refusal) = experimental(ask) {
            return refusal;
        }
        let id = &ask.route.id;
        let Some(at) = self.people.position(id) else { return Answer::error(404, usual_text(404)) };
        let now = Instant::now();
        let interval = self.settings.synchronize_interval;
        if let Some(last) = self.synchronized.get(id)
            && now.duration_since(*last) < interval
        {
            let wait = interval.saturating_sub(now.duration_since(*last)).as_secs() + 1;
            return Answer::error(429, "").with("retry-after", wait.to_string());
        }
        self.synchronized.insert(id.clone(), now);
        let task =
            self.tasks.start(&tasks::SYNCHRONIZE, vec![id.clone()], self.clock.now(), self.settings.task_duration);
        self.people[at].refreshes += 1;
        let refresh = Refresh {
            arrival: ask.number,
            by: Endpoint::Synchronize,
            scope: Scope::Chosen,
            reason: "attributes only, by id".to_owned(),
            filter: None,
            ids: vec![id.clone()],
            names: vec![self.people[at].name.clone()],
            unknown: Vec::new(),
            arguments: Value::Null,
            deleted: Vec::new(),
            task: task.clone(),
        };
        self.log.add_refresh(&refresh);
        let data = json!({ "identityId": id }).to_string();
        let payload = json!({ "type": "SYNCHRONIZE_IDENTITY_ATTRIBUTES", "dataJson": data });
        Answer::json(202, &json!({ "id": task, "status": "QUEUED", "payload": payload }))
    }

    /// Counts a refresh of an identity, and returns its user name.
    fn touch(&mut self, id: &str) -> Option<String> {
        let at = self.people.position(id)?;
        self.people[at].refreshes += 1;
        Some(self.people[at].name.clone())
    }
}

fn experimental(ask: &Ask) -> Option<Answer> {
    let is_there = ask.header("x-sailpoint-experimental").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    (!is_there).then(|| Answer::json(400, &json!({ "error": "Experimental Header is missing or invalid." })))
}

fn identity_ids(body: &[u8]) -> Result<Vec<String>, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let ids = body["identityIds"].as_array().ok_or("identityIds must be a list")?;
    if !(1..=MOST).contains(&ids.len()) {
        return Err(format!("identityIds must have 1 to {MOST} ids, not {}", ids.len()));
    }
    let ids = ids.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    ids.ok_or_else(|| "identityIds must be a list of texts".to_owned())
}
