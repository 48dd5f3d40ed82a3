//! `GET /identities/v1` and `GET /identity-attributes/v1`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::document;
use crate::people::Identity;
use crate::search::list_answer;
use crate::tenant::{Ask, Tenant};

/// What a page has at most, and unless the request says less.
const MOST: usize = 250;

impl Tenant {
    /// `filters` compares without case, so that it finds too many where names differ by that alone.
    pub(crate) fn identities(&self, ask: &Ask) -> Answer {
        match self.identity_page(ask) {
            Ok(answer) => answer,
            Err(why) => Answer::error(400, &why),
        }
    }

    fn identity_page(&self, ask: &Ask) -> Result<Answer, String> {
        let limit = ask.number("limit", MOST)?.unwrap_or(MOST);
        let offset = ask.number("offset", usize::MAX)?.unwrap_or(0);
        let all = match ask.parameter("defaultFilter").as_deref() {
            None | Some("CORRELATED_ONLY") => false,
            Some("NONE") => true,
            Some(other) => return Err(format!("defaultFilter must be CORRELATED_ONLY or NONE, not {other}")),
        };
        let conditions = conditions(&ask.parameter("filters").unwrap_or_default())?;
        let by_id = conditions.iter().find(|condition| condition.name == "id");
        let people: Vec<&Identity> = match by_id {
            None => self.people.iter().collect(),
            // The tenant's order, each person once.
            Some(condition) => {
                let positions = condition.values.iter().flat_map(|id| self.people.positions(id));
                positions.collect::<BTreeSet<_>>().into_iter().map(|at| &self.people[*at]).collect()
            }
        };
        let found: Vec<&Identity> = people
            .into_iter()
            .filter(|person| all || person.correlated)
            .filter(|person| conditions.iter().all(|one| one.holds(person)))
            .collect();
        let total = found.len();
        let page = found.into_iter().skip(offset).take(limit);
        let page = page.map(|person| document::of_list(person, self.manager(person))).collect();
        Ok(list_answer(ask, page, total))
    }

    /// `system` attributes are left out unless `includeSystem=true`; `searchableOnly=true` leaves only those.
    pub(crate) fn identity_attributes(&self, ask: &Ask) -> Answer {
        const STANDARD: [&str; 6] = ["uid", "displayName", "email", "firstname", "lastname", "manager"];
        const SYSTEM: [&str; 5] = ["id", "name", "correlated", "protected", "inactive"];
        let is_asked = |name: &str| ask.parameter(name).as_deref() == Some("true");
        let mut names: BTreeSet<&str> = self.people.attributes().iter().map(String::as_str).collect();
        names.extend(STANDARD);
        if is_asked("includeSystem") {
            names.extend(SYSTEM);
        }
        let attribute = |name: &str| {
            let is_list =
                self.people.iter().find_map(|person| person.attributes.get(name)).is_some_and(Value::is_array);
            json!({
                "standard": STANDARD.contains(&name), "type": if name == "manager" { "identity" } else { "string" },
                "multi": is_list, "searchable": self.is_searchable(name), "system": SYSTEM.contains(&name),
                "sources": [], "name": name, "displayName": name,
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

struct Condition {
    name: String,
    prefix: bool,
    /// In lower case.
    values: Vec<String>,
}

impl Condition {
    fn holds(&self, person: &Identity) -> bool {
        let own = match self.name.as_str() {
            "id" => person.id.as_str(),
            "name" => person.display_name(),
            "alias" => person.name.as_str(),
            "correlated" => return self.is(person.correlated),
            "protected" => return self.is(person.protected),
            "processingState" => person.processing_state.as_deref().unwrap_or_default(),
            "cloudStatus" => "UNREGISTERED",
            attribute => person.text(attribute),
        };
        let own = own.to_lowercase();
        self.values.iter().any(|value| match self.prefix {
            true => own.starts_with(value),
            false => own == *value,
        })
    }

    fn is(&self, truth: bool) -> bool {
        self.values[0].eq_ignore_ascii_case(&truth.to_string())
    }
}

/// `id eq "x" and email sw "y"`, `id in ("a", "b")`.
fn conditions(text: &str) -> Result<Vec<Condition>, String> {
    let mut words = words(text)?.into_iter().peekable();
    let mut conditions = Vec::new();
    let mut next = |what: &str| words.next().ok_or_else(|| format!("filters: {what} was expected at the end"));
    while let Ok(name) = next("a name") {
        let operator = next("an operator")?;
        let operators: &[&str] = match name.as_str() {
            "id" => &["eq", "in"],
            "name" | "alias" | "firstname" | "lastname" | "email" => &["eq", "sw"],
            "cloudStatus" | "processingState" | "correlated" | "protected" => &["eq"],
            _ => return Err(format!("filters: {name} cannot be filtered by")),
        };
        if !operators.contains(&operator.as_str()) {
            return Err(format!("filters: {name} takes {}, not {operator}", operators.join(" or ")));
        }
        let mut values = vec![next("a value")?];
        if operator == "in" {
            if values.pop().as_deref() != Some("(") {
                return Err("filters: `(` was expected after in".to_owned());
            }
            loop {
                values.push(value(&next("a value")?)?);
                match next("`,` or `)`")?.as_str() {
                    "," => {}
                    ")" => break,
                    other => return Err(format!("filters: `,` or `)` was expected, not {other}")),
                }
            }
        } else {
            values = vec![value(&values[0])?];
        }
        let values = values.into_iter().map(|value| value.to_lowercase()).collect();
        conditions.push(Condition { name, prefix: operator == "sw", values });
        match next("and") {
            Ok(and) if and.eq_ignore_ascii_case("and") => {}
            Ok(other) => return Err(format!("filters: and was expected, not {other}")),
            Err(_) => return Ok(conditions),
        }
    }
    if conditions.is_empty() { Ok(conditions) } else { Err("filters: a condition was expected after and".to_owned()) }
}

/// A value without its quotes; a truth needs none.
fn value(word: &str) -> Result<String, String> {
    match word.strip_prefix('"') {
        Some(text) => Ok(text.to_owned()),
        None if ["true", "false"].contains(&word.to_ascii_lowercase().as_str()) => Ok(word.to_owned()),
        None => Err(format!("filters: a value in double quotes was expected, not {word}")),
    }
}

/// Words, signs, and texts in quotes (with the opening quote, to tell them apart, and their escapes undone).
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let mut word = String::from('"');
                loop {
                    match characters.next().ok_or("filters: a closing quote was expected")? {
                        '"' => break,
                        '\\' => word.extend(characters.next()),
                        other => word.push(other),
                    }
                }
                words.push(word);
            }
            '(' | ')' | ',' => words.push(character.to_string()),
            blank if blank.is_whitespace() => {}
            other => {
                let mut word = String::from(other);
                while let Some(more) = characters.next_if(|next| !next.is_whitespace() && !"\"(),".contains(*next)) {
                    word.push(more);
                }
                words.push(word);
            }
        }
    }
    Ok(words)
}
