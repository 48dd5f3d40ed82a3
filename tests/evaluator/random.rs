//! Random filters for people who look alike, and those people; the same ones for the same seed.

use pssailpointcc_sandbox::Identity;
use serde_json::{Value, json};

use super::{Filter, Literal, Test};
use crate::filter_support::random::{ATTRIBUTES, Random};

/// How many people a population has, and how many of them search does not see.
pub(crate) const PEOPLE: usize = 12;
const UNCORRELATED: usize = 2;

const OF_EVERYBODY: [&str; 10] = [
    "uid",
    "displayName",
    "email",
    "firstname",
    "lastname",
    "department",
    "location",
    "employeeNumber",
    "level",
    "startDate",
];

const FURTHER: [&str; 10] = [
    "firstname",
    "lastname",
    "manager",
    "manager.id",
    "manager.displayName",
    "protected",
    "correlated",
    "level",
    "startDate",
    "nothing",
];

/// People who look alike, whose ids are always the same ones. The first is the manager of most of them.
pub(crate) fn people(random: &mut Random) -> Vec<Identity> {
    let few = [(); 4].map(|()| random.value());
    let few: Vec<&str> = few.iter().map(String::as_str).collect();
    let mut people: Vec<Identity> = (0..PEOPLE)
        .map(|number| {
            let name = random.one_of(&few);
            let mut person = Identity::new(name);
            person.id = format!("2c91{number:028x}");
            person.inactive = random.below(4) == 0;
            person.protected = random.below(8) == 0;
            for attribute in OF_EVERYBODY {
                match value(random, attribute, &few) {
                    None => drop(person.attributes.remove(attribute)),
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
pub(crate) fn filter(random: &mut Random, people: &[Identity], depth: usize) -> Filter {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0..=4 => condition(random, people),
        5 => Filter::Not(Box::new(filter(random, people, depth - 1))),
        choice => {
            let parts = (0..2 + random.below(2)).map(|_| filter(random, people, depth - 1)).collect();
            if choice == 6 { Filter::All(parts) } else { Filter::Any(parts) }
        }
    }
}

fn condition(random: &mut Random, people: &[Identity]) -> Filter {
    let attribute = if random.below(3) == 0 { random.one_of(&FURTHER) } else { random.one_of(&ATTRIBUTES) };
    let ignores_case = random.below(3) == 0;
    let test = match random.below(14) {
        0..=4 => Test::Compare("==", ignores_case, literal(random, people, attribute)),
        5 => Test::Compare("!=", ignores_case, literal(random, people, attribute)),
        6 => {
            let operator = random.below(4);
            Test::Compare(["<", ">", "<=", ">="][operator], ignores_case, literal(random, people, attribute))
        }
        7 | 8 => {
            let literals = (0..1 + random.below(3)).map(|_| literal(random, people, attribute)).collect();
            Test::In(ignores_case, literals)
        }
        9 => Test::IsNull,
        10 => Test::NotNull,
        11 | 12 => {
            let method = random.below(3);
            let text = own(random, people, attribute);
            let part = part(random, &text);
            Test::Part(["startsWith", "endsWith", "contains"][method], ignores_case, part)
        }
        _ => Test::Unknowable(match random.below(4) {
            0 => ".isEmpty()".to_owned(),
            1 => format!(".containsAll({{{}}})", literal(random, people, attribute)),
            2 => format!(" == {}", random.one_of(&["name", "manager.name", "Rule.Type.BuildMap"])),
            _ => ".collectionCondition(\"name == \\\"x\\\"\")".to_owned(),
        }),
    };
    Filter::Is(attribute, test)
}

/// A value that somebody has, or one that looks like it.
fn literal(random: &mut Random, people: &[Identity], attribute: &str) -> Literal {
    match random.below(16) {
        0 => return Literal::Null,
        1 => return Literal::Truth(random.below(2) == 0),
        2 => return Literal::Digits(3),
        _ => {}
    }
    match attribute {
        "inactive" | "protected" | "correlated" => Literal::Truth(random.below(2) == 0),
        "level" => Literal::Digits(u32::try_from(random.below(5)).expect("few")),
        _ => Literal::Text(own(random, people, attribute)),
    }
}

fn own(random: &mut Random, people: &[Identity], attribute: &str) -> String {
    let person = &people[random.below(people.len())];
    let own = match attribute {
        "id" => person.id.clone(),
        "name" => person.name.clone(),
        "manager.id" => people[0].id.clone(),
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
