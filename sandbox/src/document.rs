//! Identities as the service shows them: documents of search, and members of `GET /identities`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::people::{Identity, mix};

/// A document of search.
pub(crate) fn of_search(person: &Identity, manager: Option<&Identity>) -> Value {
    json!({
        "_type": "identity",
        "_version": "v7",
        "id": person.id,
        "name": person.name,
        "displayName": person.display_name(),
        "firstName": person.attributes.get("firstname"),
        "lastName": person.attributes.get("lastname"),
        "email": person.attributes.get("email"),
        "created": created(person),
        "modified": created(person),
        "phone": person.attributes.get("phone"),
        "inactive": person.inactive,
        "protected": person.protected,
        "status": "UNREGISTERED",
        "employeeNumber": person.attributes.get("employeeNumber"),
        "manager": manager.map(|manager| json!({
            "id": manager.id, "name": manager.name, "displayName": manager.display_name(),
        })),
        "isManager": false,
        "identityProfile": profile(),
        "source": { "id": "2c91800000000000000000000000500c", "name": "Employees" },
        "attributes": person.attributes,
        "accountCount": person.accounts,
        "accessCount": 0,
        "accounts": accounts(person),
        "apps": [],
        "tags": [],
    })
}

/// A member of `GET /identities`.
pub(crate) fn of_list(person: &Identity, manager: Option<&Identity>) -> Value {
    json!({
        "id": person.id,
        "name": person.display_name(),
        "alias": person.name,
        "emailAddress": person.attributes.get("email"),
        "created": created(person),
        "modified": created(person),
        "processingState": person.processing_state,
        "identityStatus": "UNREGISTERED",
        "managerRef": manager.map(|manager| json!({ "type": "IDENTITY", "id": manager.id, "name": manager.display_name() })),
        "isManager": false,
        "lastRefresh": person.last_refresh,
        "attributes": person.attributes,
        "lifecycleState": Value::Null,
    })
}

/// The fields that a query without a field looks into.
pub(crate) fn fields(people: &[Identity]) -> BTreeSet<String> {
    let attributes: BTreeSet<&String> = people.iter().flat_map(|person| person.attributes.keys()).collect();
    let attributes = attributes.into_iter().map(|name| format!("attributes.{name}"));
    ["id", "name", "employeeNumber"].map(str::to_owned).into_iter().chain(attributes).collect()
}

/// What a field holds, as texts.
pub(crate) fn values(person: &Identity, manager: Option<&Identity>, field: &str) -> Vec<String> {
    if let Some(attribute) = field.strip_prefix("attributes.") {
        return person.attributes.get(attribute).map(texts).unwrap_or_default();
    }
    if let Some(member) = field.strip_prefix("manager.") {
        return match (member, manager) {
            ("id", _) => person.manager.iter().cloned().collect(),
            ("name", Some(manager)) => vec![manager.name.clone()],
            ("displayName", Some(manager)) => vec![manager.display_name().to_owned()],
            _ => Vec::new(),
        };
    }
    let attribute = |name: &str| person.attributes.get(name).map(texts).unwrap_or_default();
    match field {
        "id" => vec![person.id.clone()],
        "name" => vec![person.name.clone()],
        "displayName" | "email" | "phone" | "employeeNumber" => attribute(field),
        "firstName" => attribute("firstname"),
        "lastName" => attribute("lastname"),
        "created" | "modified" => vec![created(person)],
        "inactive" => vec![person.inactive.to_string()],
        "protected" => vec![person.protected.to_string()],
        "status" => vec!["UNREGISTERED".to_owned()],
        "isManager" => vec!["false".to_owned()],
        "accountCount" => vec![person.accounts.to_string()],
        "accessCount" => vec!["0".to_owned()],
        "identityProfile.name" | "source.name" => vec!["Employees".to_owned()],
        _ => Vec::new(),
    }
}

/// Whether a field holds points in time, which are compared as they are written.
pub(crate) fn is_date(field: &str) -> bool {
    ["created", "modified"].contains(&field)
}

/// Whether a field holds numbers. Identity attributes never do.
pub(crate) fn is_number(field: &str) -> bool {
    ["accountCount", "accessCount"].contains(&field)
}

/// Leaves of a document only what `includes` names (all where it is empty), without what `excludes` names. A name may
/// have dots.
pub(crate) fn filtered(document: Value, includes: &[String], excludes: &[String]) -> Value {
    let mut left = if includes.is_empty() { document.clone() } else { Value::Object(Map::new()) };
    for path in includes {
        copy(&document, &mut left, &mut path.split('.').peekable());
    }
    for path in excludes {
        let (parent, name) = path.rsplit_once('.').map_or(("", path.as_str()), |(parent, name)| (parent, name));
        let parent =
            parent.split('.').filter(|name| !name.is_empty()).try_fold(&mut left, |value, name| value.get_mut(name));
        if let Some(Value::Object(members)) = parent {
            members.remove(name);
        }
    }
    left
}

fn copy<'a>(from: &Value, to: &mut Value, path: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) {
    let Some(name) = path.next() else { return };
    let Some(value) = from.get(name) else { return };
    if path.peek().is_none() {
        to[name] = value.clone();
    } else {
        if !to[name].is_object() {
            to[name] = json!({});
        }
        copy(value, &mut to[name], path);
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(members) => members.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}

/// A day that is always the same for the same person.
fn created(person: &Identity) -> String {
    let number =
        mix(person.id.bytes().fold(0, |number: u64, byte| number.wrapping_mul(31).wrapping_add(u64::from(byte))));
    format!("{}-{:02}-{:02}T08:00:00.000Z", 2020 + number % 5, 1 + number / 5 % 12, 1 + number / 60 % 28)
}

fn profile() -> Value {
    json!({ "id": "2c91800000000000000000000000a001", "name": "Employees" })
}

fn accounts(person: &Identity) -> Vec<Value> {
    (0..person.accounts)
        .map(|number| json!({ "id": format!("{}-{number}", person.id), "name": person.name, "accountId": person.name }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_to_what_was_asked_for() {
        let document = json!({ "id": "1", "name": "n", "attributes": { "uid": "u", "city": "c" } });
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let cut = |includes: &[&str], excludes: &[&str]| filtered(document.clone(), &names(includes), &names(excludes));
        assert_eq!(cut(&["id", "attributes.uid", "x.y"], &[]), json!({ "id": "1", "attributes": { "uid": "u" } }));
        assert_eq!(cut(&["attributes"], &["attributes.city"]), json!({ "attributes": { "uid": "u" } }));
        assert_eq!(cut(&[], &["attributes", "name", "a.b"]), json!({ "id": "1" }));
        assert_eq!(cut(&[], &[]), document);
    }
}
