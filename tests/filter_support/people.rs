//! Random people who look alike, and filters on what they have; the same ones for the same seed.

use pssailpointcc_sandbox::Identity;
use serde_json::{Value, json};

use super::random::{Random, quoted};

/// How many people a population has, and how many of them search does not see.
const PEOPLE: usize = 12;
const UNCORRELATED: usize = 2;

/// The attributes that filters of `/cc` can name in every tenant, and some of these people.
pub(crate) const ATTRIBUTES: [&str; 21] = [
    "id",
    "name",
    "uid",
    "displayName",
    "email",
    "firstname",
    "lastname",
    "correlated",
    "protected",
    "inactive",
    "manager",
    "manager.id",
    "manager.name",
    "manager.displayName",
    "department",
    "location",
    "employeeNumber",
    "level",
    "startDate",
    "links.name",
    "nothing",
];

/// What of a condition nobody but the service can judge, besides `containsAll`.
const UNKNOWABLE: [&str; 5] = [
    ".isEmpty()",
    " == name",
    " == manager.name",
    " == Rule.Type.BuildMap",
    ".collectionCondition(\"name == \\\"x\\\"\")",
];

/// Whether a filter of [`filter`] asks for something that the service alone knows.
pub(crate) fn has_unknowable(filter: &str) -> bool {
    UNKNOWABLE.iter().chain(&[".containsAll"]).any(|part| filter.contains(part))
}

/// People whose ids are always the same ones. The first is the manager of most of them.
pub(crate) fn people(random: &mut Random) -> Vec<Identity> {
    let few = [(); 4].map(|()| random.value());
    let few: Vec<&str> = few.iter().map(String::as_str).collect();
    let mut people: Vec<Identity> = (0..PEOPLE)
        .map(|number| {
            let mut person = Identity::new(random.one_of(&few));
            person.id = format!("2c91{number:028x}");
            person.inactive = random.below(4) == 0;
            person.protected = random.below(8) == 0;
            for attribute in ATTRIBUTES[2..7].iter().chain(&ATTRIBUTES[14..19]) {
                match value(random, attribute, &few) {
                    None => drop(person.attributes.remove(*attribute)),
                    Some(value) => person = person.with(attribute, value),
                }
            }
            person
        })
        .collect();
    let boss = people[0].id.clone();
    people.iter_mut().skip(4).for_each(|person| person.manager = Some(boss.clone()));
    (0..UNCORRELATED).for_each(|nth| people[1 + nth * 5 + random.below(5)].correlated = false);
    people
}

/// What somebody has for an attribute, if anything.
fn value(random: &mut Random, attribute: &str, few: &[&str]) -> Option<Value> {
    match random.below(16) {
        0 => return None,
        1 => return Some(Value::Null),
        2 => return Some("".into()),
        3 => return Some(json!([random.value(), random.one_of(few)])),
        4 if random.below(4) == 0 => return Some(json!([])),
        _ => {}
    }
    Some(match attribute {
        "level" => random.below(5).into(),
        "startDate" => format!("2026-0{}-01", 1 + random.below(9)).into(),
        "employeeNumber" => format!("{:05}", random.below(12)).into(),
        _ if random.below(3) == 0 => random.value().into(),
        _ => random.one_of(few).into(),
    })
}

/// A filter that means some of them, more often than not, nested at most `depth` deep.
pub(crate) fn filter(random: &mut Random, people: &[Identity], attributes: &[&str], depth: usize) -> String {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0..=4 => condition(random, people, attributes),
        5 => format!("!({})", filter(random, people, attributes, depth - 1)),
        choice => {
            let parts: Vec<String> = (0..2 + random.below(2))
                .map(|_| format!("({})", filter(random, people, attributes, depth - 1)))
                .collect();
            parts.join(if choice == 6 { " && " } else { " || " })
        }
    }
}

fn condition(random: &mut Random, people: &[Identity], attributes: &[&str]) -> String {
    let attribute = random.one_of(attributes);
    let ignores_case = random.below(3) == 0;
    let (i, suffix) = if ignores_case { ("i", "IgnoreCase") } else { ("", "") };
    let literal = literal(random, people, attribute);
    match random.below(14) {
        0..=4 => format!("{attribute} {i}== {literal}"),
        5 => format!("{attribute} {i}!= {literal}"),
        6 => format!("{attribute} {i}{} {literal}", random.one_of(&["<", ">", "<=", ">="])),
        7 | 8 => {
            let literals: Vec<String> =
                (0..1 + random.below(3)).map(|_| self::literal(random, people, attribute)).collect();
            format!("{attribute}.in{suffix}({{{}}})", literals.join(", "))
        }
        9 => format!("{attribute}.isNull()"),
        10 => format!("{attribute}.notNull()"),
        11 | 12 => {
            let text = own(random, people, attribute);
            let method = random.one_of(&["startsWith", "endsWith", "contains"]);
            format!("{attribute}.{method}{suffix}({})", quoted(&part(random, &text)))
        }
        _ if random.below(4) == 0 => format!("{attribute}.containsAll{suffix}({{{literal}}})"),
        _ => format!("{attribute}{}", random.one_of(&UNKNOWABLE)),
    }
}

/// A value that somebody has, or one that looks like it.
fn literal(random: &mut Random, people: &[Identity], attribute: &str) -> String {
    match (random.below(16), attribute) {
        (0, _) => "null".to_owned(),
        (1, _) | (_, "inactive" | "protected" | "correlated") => random.one_of(&["true", "false"]).to_owned(),
        (2, _) => "3".to_owned(),
        (_, "level") => random.below(5).to_string(),
        _ => quoted(&own(random, people, attribute)),
    }
}

fn own(random: &mut Random, people: &[Identity], attribute: &str) -> String {
    let person = &people[random.below(people.len())];
    let own = match attribute {
        "id" => person.id.clone(),
        "name" => person.name.clone(),
        "manager" | "manager.id" => people[0].id.clone(),
        "manager.name" => people[0].name.clone(),
        "manager.displayName" => people[0].display_name().to_owned(),
        _ => person.text(attribute.strip_prefix("attributes.").unwrap_or(attribute)).to_owned(),
    };
    match random.below(12) {
        0 => own.to_uppercase(),
        1 => own.to_lowercase(),
        2 => format!("{own} "),
        3 => random.value(),
        _ => own,
    }
}

/// A piece of a text, or something like it.
fn part(random: &mut Random, text: &str) -> String {
    let characters: Vec<char> = text.chars().take(200).collect();
    let start = random.below(characters.len() + 1);
    let start = if random.below(2) == 0 { 0 } else { start };
    let length = 1 + random.below(12);
    let mut part: String = characters.into_iter().skip(start).take(length).collect();
    match random.below(8) {
        0 => part = part.replacen(|character: char| character.is_alphanumeric(), "_", 1),
        1 => part.push('%'),
        _ => {}
    }
    part
}
