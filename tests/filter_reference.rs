//! What the library makes of a filter, held against another's judgement: the sandbox's, which shares no line with it.

mod filter_support;

use filter_support::random::{Random, quoted};
use pssailpointcc::filter;
use pssailpointcc::filter::eval::{Verdict, judge};
use pssailpointcc::filter::query::search_query;
use pssailpointcc_sandbox::{Identity, Judge};
use serde_json::{Value, json};

/// What filters of `/cc` can name in every tenant, and some attributes of this one.
const ATTRIBUTES: [&str; 18] = [
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
    "startDate",
];

#[test]
fn whoever_is_meant_is_found_and_not_judged_no_and_whoever_is_judged_yes_is_meant() {
    let mut random = Random::new(11);
    let (mut meant, mut certain) = (0, 0);
    for _ in 0..80 {
        let mut judge_of_sandbox = Judge::new(people(&mut random));
        let documents: Vec<Value> =
            (0..judge_of_sandbox.people().len()).filter_map(|at| judge_of_sandbox.document(at)).collect();
        for _ in 0..150 {
            let text = filter_of(&mut random, &judge_of_sandbox, 2);
            let filter = filter::parse(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
            let query = search_query(&filter).text;
            let reference = judge_of_sandbox.filter(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
            let found = judge_of_sandbox.search(&query).unwrap_or_else(|why| panic!("{text}: {query}: {why}"));
            for (at, document) in documents.iter().enumerate() {
                let verdict = judge(&filter, document);
                let is_meant = reference.contains(&at);
                let about = || format!("{text:?}\n{query}\n{document}\n{verdict:?}, meant: {is_meant}");
                assert!(!is_meant || verdict != Verdict::No, "meant, and judged no: {}", about());
                assert!(!is_meant || found.contains(&at), "meant, and not found: {}", about());
                assert!(is_meant || verdict != Verdict::Yes, "judged yes, and not meant: {}", about());
                assert!(verdict != Verdict::Yes || found.contains(&at), "judged yes, and not found: {}", about());
                meant += usize::from(is_meant);
                certain += usize::from(verdict == Verdict::Yes);
            }
        }
    }
    assert!(meant > 10_000 && certain * 3 > meant, "too few to say anything: {meant} meant, {certain} judged yes");
}

/// People who look alike.
fn people(random: &mut Random) -> Vec<Identity> {
    let mut people: Vec<Identity> = (0..12)
        .map(|number| {
            let mut person = Identity::new(&random.value());
            person.id = format!("{number:032x}");
            person.inactive = random.below(4) == 0;
            person.protected = random.below(8) == 0;
            for name in
                ["uid", "displayName", "email", "firstname", "lastname", "department", "location", "employeeNumber"]
            {
                match random.below(12) {
                    0 => drop(person.attributes.remove(name)),
                    1 => person = person.with(name, ""),
                    2 => person = person.with(name, json!([random.value(), random.value()])),
                    3 => person = person.with(name, Value::Null),
                    _ => person = person.with(name, random.value()),
                }
            }
            person.with("startDate", format!("2026-0{}-01", 1 + random.below(9)))
        })
        .collect();
    let boss = people[0].id.clone();
    people.iter_mut().skip(4).for_each(|person| person.manager = Some(boss.clone()));
    people
}

fn filter_of(random: &mut Random, judge: &Judge, depth: usize) -> String {
    match random.below(if depth == 0 { 4 } else { 7 }) {
        0..=3 => condition(random, judge),
        4 => format!("!({})", filter_of(random, judge, depth - 1)),
        choice => {
            let connective = if choice == 5 { " && " } else { " || " };
            let parts: Vec<String> =
                (0..2 + random.below(2)).map(|_| format!("({})", filter_of(random, judge, depth - 1))).collect();
            parts.join(connective)
        }
    }
}

/// A condition on what somebody has, more often than not.
fn condition(random: &mut Random, judge: &Judge) -> String {
    let attribute = random.one_of(&ATTRIBUTES);
    let person = &judge.people()[random.below(judge.people().len())];
    let own = match attribute {
        "id" => person.id.clone(),
        "name" => person.name.clone(),
        "manager" | "manager.id" => judge.people()[0].id.clone(),
        "manager.name" => judge.people()[0].name.clone(),
        "manager.displayName" => judge.people()[0].display_name().to_owned(),
        _ => person.text(attribute).to_owned(),
    };
    let value = if random.below(4) == 0 { random.value() } else { own };
    let i = random.one_of(&["", "", "i"]);
    let ignore_case = random.one_of(&["", "", "IgnoreCase"]);
    let literal = match random.below(10) {
        0 => random.one_of(&["true", "false", "null", "100"]).to_owned(),
        _ if ["correlated", "protected", "inactive"].contains(&attribute) => {
            random.one_of(&["true", "false"]).to_owned()
        }
        _ => quoted(&value),
    };
    let text = quoted(&value.chars().take(1 + random.below(12)).collect::<String>());
    match random.below(12) {
        0..=4 => format!("{attribute} {i}== {literal}"),
        5 => format!("{attribute} {i}!= {literal}"),
        6 => format!("{attribute} {}{} {literal}", i, random.one_of(&["<", ">", "<=", ">="])),
        7 => format!("{attribute}.in{ignore_case}({{{literal}, {}}})", quoted(&random.value())),
        8 => format!("{attribute}.{}()", random.one_of(&["isNull", "notNull", "isEmpty"])),
        9 => format!("{attribute}.containsAll{ignore_case}({{{literal}}})"),
        10 => format!("{attribute}.{}{ignore_case}({text})", random.one_of(&["startsWith", "contains"])),
        _ => format!("{attribute} == {}", random.one_of(&["name", "uid", "Rule.Type.BuildMap"])),
    }
}
