//! Identities as the service shows them: documents of search, and members of `GET /identities`.

use serde_json::{Map, Value, json};

use crate::people::{Identity, mix};

/// What a document of search has.
const MEMBERS: [&str; 34] = [
    "_type",
    "_version",
    "id",
    "name",
    "displayName",
    "firstName",
    "lastName",
    "email",
    "created",
    "modified",
    "phone",
    "inactive",
    "protected",
    "status",
    "employeeNumber",
    "manager",
    "isManager",
    "identityProfile",
    "source",
    "attributes",
    "disabled",
    "locked",
    "processingState",
    "accounts",
    "accountCount",
    "apps",
    "appCount",
    "access",
    "accessCount",
    "entitlementCount",
    "roleCount",
    "accessProfileCount",
    "tags",
    "tagsCount",
];

/// The one member that is null, not absent, where it is empty: by the specification it is always there.
const NULL_WHERE_EMPTY: &str = "processingState";

/// A document of search.
pub(crate) fn of_search(person: &Identity, manager: Option<&Identity>) -> Value {
    cut(person, manager, &[])
}

/// Of a document of search only what `includes` names, all where it is empty. A name may have dots. What nobody asked for
/// is not made: a page has ten thousand documents.
pub(crate) fn cut(person: &Identity, manager: Option<&Identity>, includes: &[String]) -> Value {
    let is_wanted = |path: &[&str]| {
        let leads_there = |include: &String| include.split('.').zip(path).all(|(one, other)| one == *other);
        includes.is_empty() || includes.iter().any(leads_there)
    };
    let member = |name: &&str| match *name {
        "attributes" => person
            .all_attributes()
            .filter(|(attribute, _)| is_wanted(&["attributes", attribute]))
            .map(|(attribute, value)| (attribute.to_owned(), value))
            .collect::<Map<_, _>>()
            .into(),
        other => member(person, manager, other),
    };
    let names = MEMBERS.iter().filter(|name| is_wanted(&[name]));
    let members = names.map(|name| ((*name).to_owned(), member(name)));
    let document: Map<String, Value> =
        members.filter(|(name, value)| !value.is_null() || name == NULL_WHERE_EMPTY).collect();
    filtered(document.into(), includes)
}

fn member(person: &Identity, manager: Option<&Identity>, name: &str) -> Value {
    let attribute = |name: &str| person.attribute(name).unwrap_or_default();
    match name {
        "_type" => "identity".into(),
        "_version" => "v7".into(),
        "id" => person.id.as_str().into(),
        "name" => person.name.as_str().into(),
        "displayName" => person.display_name().into(),
        "firstName" => attribute("firstname"),
        "lastName" => attribute("lastname"),
        "email" | "phone" | "employeeNumber" => attribute(name),
        "created" | "modified" => created(person).into(),
        "inactive" => person.inactive.into(),
        "protected" => person.protected.into(),
        "status" => attribute("cloudStatus"),
        "processingState" => person.processing_state.as_deref().into(),
        "disabled" | "locked" => false.into(),
        "manager" => {
            let of = |manager: &Identity| json!({ "id": manager.id, "name": manager.name, "displayName": manager.display_name() });
            manager.map(of).into()
        }
        "isManager" => false.into(),
        "identityProfile" => profile(),
        "source" => source(),
        "accountCount" => person.accounts.into(),
        "accounts" => accounts(person).into(),
        "apps" | "access" | "tags" => json!([]),
        "appCount" | "accessCount" | "entitlementCount" | "roleCount" | "accessProfileCount" | "tagsCount" => 0.into(),
        _ => Value::Null,
    }
}

/// A member of `GET /identities`.
pub(crate) fn of_list(person: &Identity, manager: Option<&Identity>) -> Value {
    let mut member = json!({
        "id": person.id,
        "name": person.display_name(),
        "alias": person.name,
        "emailAddress": person.attributes.get("email"),
        "created": created(person),
        "modified": created(person),
        "processingState": person.processing_state,
        "identityStatus": person.attribute("cloudStatus"),
        "managerRef": manager.map(|manager| json!({ "type": "IDENTITY", "id": manager.id, "name": manager.display_name() })),
        "isManager": false,
        "attributes": person.all_attributes().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>(),
        "lifecycleState": { "stateName": person.attribute("cloudLifecycleState"), "manuallyUpdated": false },
    });
    // By the specification it cannot be null.
    if let Some(last_refresh) = &person.last_refresh {
        member["lastRefresh"] = last_refresh.as_str().into();
    }
    member
}

/// What a field holds, as texts.
pub(crate) fn values(person: &Identity, manager: Option<&Identity>, field: &str) -> Vec<String> {
    if let Some(attribute) = field.strip_prefix("attributes.") {
        return person.attribute(attribute).as_ref().map(texts).unwrap_or_default();
    }
    if let Some(member) = field.strip_prefix("manager.") {
        return match (member, manager) {
            ("id", _) => person.manager.iter().cloned().collect(),
            ("name", Some(manager)) => vec![manager.name.clone()],
            ("displayName", Some(manager)) => vec![manager.display_name().to_owned()],
            _ => Vec::new(),
        };
    }
    let attribute = |name: &str| person.attribute(name).as_ref().map(texts).unwrap_or_default();
    match field {
        "id" => vec![person.id.clone()],
        "name" => vec![person.name.clone()],
        "displayName" | "email" | "phone" | "employeeNumber" => attribute(field),
        "firstName" => attribute("firstname"),
        "lastName" => attribute("lastname"),
        "created" | "modified" => vec![created(person)],
        "inactive" => vec![person.inactive.to_string()],
        "protected" => vec![person.protected.to_string()],
        "status" => attribute("cloudStatus"),
        "processingState" => person.processing_state.iter().cloned().collect(),
        "isManager" | "disabled" | "locked" => vec!["false".to_owned()],
        "accountCount" => vec![person.accounts.to_string()],
        "appCount" | "accessCount" | "entitlementCount" | "roleCount" | "accessProfileCount" | "tagsCount" => {
            vec!["0".to_owned()]
        }
        "identityProfile.name" | "source.name" => vec!["Employees".to_owned()],
        _ => Vec::new(),
    }
}

fn filtered(document: Value, includes: &[String]) -> Value {
    if includes.is_empty() {
        return document;
    }
    let mut left = Value::Object(Map::new());
    includes.iter().for_each(|path| copy(&document, &mut left, &mut path.split('.').peekable()));
    left
}

fn copy<'a>(from: &Value, to: &mut Value, path: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) {
    let Some(name) = path.next() else { return };
    let Some(value) = from.get(name) else { return };
    if path.peek().is_none() {
        to[name] = value.clone();
    } else if value.is_object() {
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

fn source() -> Value {
    json!({ "id": "2c91800000000000000000000000500c", "name": "Employees" })
}

fn accounts(person: &Identity) -> Vec<Value> {
    let account = |number| {
        json!({
            "id": format!("{}-{number}", person.id), "name": person.name, "accountId": person.name,
            "source": source(), "disabled": false, "locked": false,
        })
    };
    (0..person.accounts).map(account).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_cut_to_what_was_asked_for() {
        let document = json!({ "id": "1", "name": "n", "attributes": { "uid": "u", "city": "c" } });
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let cut = |includes: &[&str]| filtered(document.clone(), &names(includes));
        assert_eq!(cut(&["id", "attributes.uid", "x.y"]), json!({ "id": "1", "attributes": { "uid": "u" } }));
        assert_eq!(cut(&["attributes"]), json!({ "attributes": { "uid": "u", "city": "c" } }));
        assert_eq!(cut(&[]), document);
        // What is no object has no members to be chosen from.
        let nobody = json!({ "id": "1", "manager": null });
        assert_eq!(filtered(nobody.clone(), &names(&["manager.name", "id"])), json!({ "id": "1" }));
        assert_eq!(filtered(nobody.clone(), &names(&["manager", "manager.name", "id"])), nobody);
    }
}
