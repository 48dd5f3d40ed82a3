//! Control over HTTP, for tests that are not written in Rust: `/sandbox/…`. Needs no token; control requests are not
//! logged, not limited, and not hit by faults.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::fault::Fault;
use crate::log::Log;
use crate::people::Identity;
use crate::server::Shared;
use crate::tasks::TaskEnd;
use crate::tenant::Settings;

pub(crate) fn answer(shared: &Shared, method: &str, path: &str, body: &[u8]) -> Answer {
    if (method, path) == ("GET", "/sandbox/log") {
        return log(&shared.tenant().log);
    }
    match try_answer(shared, method, path, body) {
        Ok(body) => Answer::json(200, &body),
        Err((status, text)) => Answer::json(status, &json!({ "error": text })),
    }
}

fn try_answer(shared: &Shared, method: &str, path: &str, body: &[u8]) -> Result<Value, (u16, String)> {
    let body =
        || serde_json::from_slice::<Value>(body).map_err(|error| (400, format!("the body is not JSON: {error}")));
    match (method, path) {
        ("DELETE", "/sandbox/log") => {
            shared.tenant().log.clear();
            Ok(json!({}))
        }
        ("GET", "/sandbox/arrivals") => Ok(json!(shared.tenant().log.arrival_counts())),
        ("GET", "/sandbox/refreshes") => Ok(json!(shared.tenant().log.refresh_counts())),
        ("GET", "/sandbox/faults") => Ok(shared.tenant().faults.left().map(Fault::to_json).collect()),
        ("POST", "/sandbox/faults") => {
            let faults: Result<Vec<Fault>, String> = one_or_more(body()?).iter().map(Fault::from_json).collect();
            let faults = faults.map_err(|why| (400, why))?;
            let number = faults.len();
            faults.into_iter().for_each(|fault| shared.set_fault(fault));
            Ok(json!({ "set": number }))
        }
        ("DELETE", "/sandbox/faults") => {
            shared.clear_faults();
            Ok(json!({}))
        }
        ("GET", "/sandbox/identities") => {
            let mut tenant = shared.tenant();
            tenant.settle();
            Ok(tenant.people.iter().map(identity).collect())
        }
        ("POST", "/sandbox/identities") => {
            let people = one_or_more(body()?).iter().map(read_identity).collect::<Result<Vec<Identity>, String>>();
            let people = people.map_err(|why| (400, why))?;
            let mut tenant = shared.tenant();
            let ids = people.iter().map(|person| person.id.as_str()).collect();
            people.into_iter().for_each(|person| tenant.put(person));
            Ok(ids)
        }
        ("DELETE", path) if path.starts_with("/sandbox/identities/") => {
            let id = path.trim_start_matches("/sandbox/identities/");
            let removed = shared.tenant().remove(|person| person.name == id || person.id == id);
            Ok(json!({ "removed": removed.len() }))
        }
        ("POST", "/sandbox/tasks") => {
            let ends = one_or_more(body()?).iter().map(TaskEnd::from_json).collect::<Result<Vec<TaskEnd>, String>>();
            let mut tenant = shared.tenant();
            ends.map_err(|why| (400, why))?.into_iter().for_each(|end| tenant.tasks.script(end));
            Ok(json!({}))
        }
        ("GET", "/sandbox/settings") => Ok(settings(&shared.tenant().settings)),
        ("POST", "/sandbox/settings") => {
            let body = body()?;
            let members = body.as_object().ok_or_else(|| (400, "the settings are an object".to_owned()))?;
            let mut tenant = shared.tenant();
            let mut changed = tenant.settings.clone();
            set(&mut changed, members).map_err(|why| (400, why))?;
            tenant.settings = changed;
            Ok(settings(&tenant.settings))
        }
        ("POST", "/sandbox/expire-tokens") => {
            shared.tenant().auth.expire();
            Ok(json!({}))
        }
        _ => Err((404, format!("there is no {method} {path}"))),
    }
}

/// The log as a list. If requests were dropped it is no success, because nobody is to take the rest for all: 507, with their
/// number and the rest.
fn log(log: &Log) -> Answer {
    // One after the other: all of them as a value would take several times the log's memory.
    let mut list = String::from("[");
    for record in log.kept() {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&record.arrival().to_json().to_string());
    }
    list.push(']');
    let dropped = log.dropped();
    if dropped == 0 {
        return Answer::bytes(200, "application/json", list.into_bytes());
    }
    let error =
        format!("the log has dropped its oldest {dropped} requests; clear it more often, or ask for the counts");
    let body = format!("{{\"error\":{},\"dropped\":{dropped},\"log\":{list}}}", json!(error));
    Answer::bytes(507, "application/json", body.into_bytes())
}

/// The members of a list, or a single value.
fn one_or_more(body: Value) -> Vec<Value> {
    match body {
        Value::Array(all) => all,
        one => vec![one],
    }
}

/// An identity as [`identity`] writes it; only `name` is required.
fn read_identity(value: &Value) -> Result<Identity, String> {
    let text = |member: &str| value[member].as_str().map(str::to_owned);
    let truth = |member: &str, otherwise| value[member].as_bool().unwrap_or(otherwise);
    let mut person = Identity::new(&text("name").ok_or("an identity has a `name`, which is a text")?);
    person.id = text("id").unwrap_or(person.id);
    if let Some(attributes) = value["attributes"].as_object() {
        person.attributes.extend(attributes.clone());
    }
    if let Some(name) = text("displayName") {
        person = person.with("displayName", name);
    }
    person.correlated = truth("correlated", true);
    person.protected = truth("protected", false);
    person.inactive = truth("inactive", false);
    person.accounts = value["accounts"].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(1);
    person.manager = text("manager");
    Ok(person)
}

fn identity(person: &Identity) -> Value {
    json!({
        "id": person.id, "name": person.name, "displayName": person.display_name(), "attributes": *person.attributes,
        "correlated": person.correlated, "protected": person.protected, "inactive": person.inactive,
        "accounts": person.accounts, "manager": person.manager, "lastRefresh": person.last_refresh,
        "processingState": person.processing_state, "refreshes": person.refreshes,
    })
}

fn settings(settings: &Settings) -> Value {
    json!({
        "rateLimit": settings.rate_limit, "rateWindowMs": ms(settings.rate_window),
        "expiresIn": settings.token_lifetime.as_secs(), "retired": settings.retired,
        "keepAliveMs": ms(settings.keep_alive), "searchLagMs": ms(settings.search_lag),
        "taskMs": ms(settings.task_duration), "synchronizeMs": ms(settings.synchronize_interval), "notSearchable": settings.not_searchable,
        "missingVersions": settings.missing_versions, "missingStatus": settings.missing_status,
    })
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn set(settings: &mut Settings, members: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in members {
        let number = || value.as_u64().ok_or_else(|| format!("`{name}` is a whole number, 0 or more"));
        match name.as_str() {
            "rateLimit" => settings.rate_limit = usize::try_from(number()?).map_err(|error| error.to_string())?,
            "rateWindowMs" => settings.rate_window = Duration::from_millis(number()?),
            "expiresIn" => settings.token_lifetime = Duration::from_secs(number()?),
            "keepAliveMs" => settings.keep_alive = Duration::from_millis(number()?),
            "searchLagMs" => settings.search_lag = Duration::from_millis(number()?),
            "taskMs" => settings.task_duration = Duration::from_millis(number()?),
            "synchronizeMs" => settings.synchronize_interval = Duration::from_millis(number()?),
            "retired" => {
                settings.retired = match (value, value.as_u64()) {
                    (Value::Null, _) => None,
                    (_, Some(status @ (401 | 404 | 405 | 410))) => u16::try_from(status).ok(),
                    _ => return Err("`retired` is 404, 405, 410, 401 or null".to_owned()),
                }
            }
            "notSearchable" => settings.not_searchable = texts(name, value)?,
            "missingVersions" => settings.missing_versions = texts(name, value)?,
            "missingStatus" => {
                settings.missing_status = match number()? {
                    401 => 401,
                    404 => 404,
                    _ => return Err("`missingStatus` is 404 or 401".to_owned()),
                }
            }
            _ => {
                return Err(format!("`{name}` is no setting; GET /sandbox/settings shows them all"));
            }
        }
    }
    Ok(())
}

fn texts(name: &str, value: &Value) -> Result<Vec<String>, String> {
    let texts = value.as_array().and_then(|texts| texts.iter().map(|text| Some(text.as_str()?.to_owned())).collect());
    texts.ok_or_else(|| format!("`{name}` is a list of texts"))
}
