//! `GET /identities/v1` and `GET /identity-attributes/v1`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::collection::{Condition, Field};
use crate::document;
use crate::people::Identity;
use crate::search::list_answer;
use crate::tenant::{Ask, Tenant};

/// What `filters` accepts.
const FIELDS: &[Field] = &[
    ("id", &["eq", "in"]),
    ("name", &["eq", "sw"]),
    ("alias", &["eq", "sw"]),
    ("firstname", &["eq", "sw"]),
    ("lastname", &["eq", "sw"]),
    ("email", &["eq", "sw"]),
    ("cloudStatus", &["eq"]),
    ("processingState", &["eq"]),
    ("correlated", &["eq"]),
    ("protected", &["eq"]),
];

impl Tenant {
    /// `filters` ignores case, so that it finds several identities whose names differ by case alone.
    pub(crate) fn identities(&self, ask: &Ask) -> Answer {
        self.identity_page(ask).unwrap_or_else(|why| Answer::error(400, &why))
    }

    fn identity_page(&self, ask: &Ask) -> Result<Answer, String> {
        let (limit, offset) = ask.limit_and_offset()?;
        let all = match ask.parameter("defaultFilter").as_deref() {
            None | Some("CORRELATED_ONLY") => false,
            Some("NONE") => true,
            Some(other) => return Err(format!("defaultFilter must be CORRELATED_ONLY or NONE, not {other}")),
        };
        let conditions = ask.filters(FIELDS)?;
        let by_id = conditions.iter().find(|condition| condition.field == "id");
        let people: Vec<&Identity> = match by_id {
            None => self.people.iter().collect(),
            // In the order of the tenant, each identity once.
            Some(condition) => {
                let positions = condition.values.iter().flat_map(|id| self.people.positions(id));
                positions.collect::<BTreeSet<_>>().into_iter().map(|at| &self.people[*at]).collect()
            }
        };
        let found: Vec<&Identity> = people
            .into_iter()
            .filter(|person| all || person.correlated)
            .filter(|person| conditions.iter().all(|condition| is_met(condition, person)))
            .collect();
        let total = found.len();
        let page = found.into_iter().skip(offset).take(limit);
        let page = page.map(|person| document::of_list(person, self.manager(person))).collect();
        Ok(list_answer(ask, page, total))
    }

    /// Lists `system` attributes only with `includeSystem=true`, `silent` ones only with `includeSilent=true`;
    /// `searchableOnly=true` lists only searchable ones.
    ///
    /// A system attribute has no source and cannot be configured, by the specification, whose examples show that `uid` is
    /// a standard one and none of these. Which are silent is not documented; no member of the answer tells it.
    pub(crate) fn identity_attributes(&self, ask: &Ask) -> Answer {
        const STANDARD: [&str; 7] =
            ["uid", "displayName", "email", "firstname", "lastname", "manager", "cloudLifecycleState"];
        const SYSTEM: [&str; 7] = ["id", "name", "correlated", "protected", "inactive", "cloudStatus", "identityState"];
        const SILENT: [&str; 1] = ["internalCloudStatus"];
        let is_asked = |name: &str| ask.parameter(name).as_deref() == Some("true");
        let mut names: BTreeSet<&str> = self.people.attributes().iter().map(String::as_str).collect();
        names.extend(STANDARD);
        for (parameter, hidden) in [("includeSystem", &SYSTEM[..]), ("includeSilent", &SILENT)] {
            if is_asked(parameter) {
                names.extend(hidden);
            } else {
                names.retain(|name| !hidden.contains(name));
            }
        }
        let attribute = |name: &str| {
            let is_list =
                self.people.iter().find_map(|person| person.attributes.get(name)).is_some_and(Value::is_array);
            let has_source = !SYSTEM.contains(&name) && !SILENT.contains(&name);
            let source = || json!({ "type": "accountAttribute", "properties": { "sourceName": "Employees", "attributeName": name } });
            json!({
                "standard": STANDARD.contains(&name), "type": if name == "manager" { "identity" } else { "string" },
                "multi": is_list, "searchable": self.is_searchable(name), "system": SYSTEM.contains(&name),
                "sources": has_source.then(source).into_iter().collect::<Vec<_>>(), "name": name, "displayName": name,
            })
        };
        let attributes: Vec<Value> = names
            .into_iter()
            .map(attribute)
            .filter(|attribute| !is_asked("searchableOnly") || attribute["searchable"] == true)
            .collect();
        let total = attributes.len();
        list_answer(ask, attributes, total)
    }
}

fn is_met(condition: &Condition, person: &Identity) -> bool {
    let truth = |truth| if truth { "true" } else { "false" };
    condition.holds(match condition.field.as_str() {
        "id" => Some(&person.id),
        "name" => Some(person.display_name()),
        "alias" => Some(&person.name),
        "correlated" => Some(truth(person.correlated)),
        "protected" => Some(truth(person.protected)),
        "processingState" => person.processing_state.as_deref(),
        "cloudStatus" => return condition.holds(person.attribute("cloudStatus").as_ref().and_then(Value::as_str)),
        attribute => Some(person.text(attribute)),
    })
}
