//! The tables of tests/data on the sandbox: hostile and mistaken requests refresh nobody, legitimate filters whom they mean.

mod filter_support;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use filter_support::tables::{ACCEPTED, lines, refused};
use pssailpointcc::ffi;
use pssailpointcc::filter::{self, Expr, Literal, Operand, Operator, Test};
use pssailpointcc_sandbox::{Endpoint, Identity, Sandbox, Scope};
use serde_json::{Value, json};
use support::{call, configuration, refresh};

const HOSTILE: &str = include_str!("data/requests-hostile.txt");

#[test]
fn hostile_and_mistaken_requests_refresh_nobody() {
    let sandbox = Sandbox::start();
    let given = configuration(sandbox.url());
    let mut failures = Vec::new();
    let mut sent = 0;
    let mut send = |code: &str, text: &str| {
        let answer = call(ffi::cc_refresh_identities, text);
        if answer["error"]["code"] != code || answer["error"]["sent"] != "no" {
            failures.push(format!("{code} was to come for {text}\n  {answer}"));
        }
        sent += 1;
    };
    for line in lines(HOSTILE) {
        let (code, text) = line.split_once(' ').expect("a code, a blank, a request");
        send(code, &configured(text, &given));
    }
    for case in refused() {
        send("invalid_filter", &json!({ "filter": case.text, "configuration": given }).to_string());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(sent >= 400, "the tables have shrunk to {sent}");
    assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 0);
    assert_eq!(sandbox.identities().iter().map(|person| person.refreshes).sum::<u64>(), 0);
    assert_eq!(sandbox.identities().len(), 100, "nobody was deleted");
}

/// A request's text with the configuration in it, where it is an object at all.
fn configured(text: &str, configuration: &Value) -> String {
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some("") => format!("{{\"configuration\":{configuration}}}"),
        Some(members) => format!("{{{members},\"configuration\":{configuration}}}"),
        None => text.to_owned(),
    }
}

#[test]
fn without_the_checks_the_same_requests_would_refresh_everybody() {
    // So that the test above cannot pass because the sandbox is too kind.
    let sandbox = Sandbox::start();
    let mut everybody = 0;
    for line in
        lines(HOSTILE).filter(|line| line.starts_with("no_match ") || line.starts_with("preflight_unavailable "))
    {
        let (_, text) = line.split_once(' ').expect("a code, a blank, a request");
        let request: Value = serde_json::from_str(text).expect("these are JSON");
        everybody += usize::from(sandbox.judge(request["filter"].as_str().expect("text")).is_err());
    }
    assert!(everybody > 80, "{everybody}");
}

#[test]
fn legitimate_filters_touch_whom_they_mean_or_nobody() {
    let filters: Vec<&str> = lines(ACCEPTED).collect();
    assert!(filters.len() >= 150, "the table has shrunk to {}", filters.len());
    let witnesses = filters.iter().enumerate().map(|(number, text)| witness(number, text));
    let sandbox = Sandbox::builder().people(50).start();
    witnesses.for_each(|person| sandbox.put_identity(person));
    let given = configuration(sandbox.url());
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for text in filters {
        let meant = sandbox.judge(text);
        let before = sandbox.refreshes().len();
        let answer = refresh(&json!({ "filter": text, "configuration": given }));
        let arrived = sandbox.refreshes().split_off(before);
        let end = answer["error"]["code"].as_str().unwrap_or("refreshed").to_owned();
        *ends.entry(end.clone()).or_default() += 1;
        match end.as_str() {
            "refreshed" => {
                let meant = meant.unwrap_or_else(|why| panic!("{text} was let pass: {why}"));
                assert_eq!(arrived.len(), 1, "{text}");
                assert_eq!(arrived[0].scope, Scope::Chosen, "{text}: {}", arrived[0].reason);
                assert_eq!(names(&arrived[0].names), names(&meant), "{text}");
                let matched = number(&answer["matched"]);
                let counted = meant.iter().filter(|name| *name != "legacy.account").count() as u64;
                assert!(matched <= counted, "{text}: {answer}, but {counted}");
                if answer["matchedExactly"] == true {
                    assert_eq!(matched, counted, "{text}: {answer}");
                }
            }
            // Nobody at all, or one whom search does not know.
            "no_match" => {
                assert!(meant.is_err() || meant == Ok(vec!["legacy.account".to_owned()]), "{text}: {meant:?}")
            }
            "would_refresh_all" => assert!(meant.is_ok_and(|meant| meant.len() > 150), "{text}"),
            "preflight_unavailable" => {}
            other => panic!("{text}: {other}: {answer}"),
        }
        assert!(end == "refreshed" || arrived.is_empty(), "{text}");
    }
    assert!(ends["refreshed"] >= 90, "too many are refused: {ends:?}");
}

/// Somebody who has what a filter asks for, as far as it asks for texts.
fn witness(number: usize, text: &str) -> Identity {
    let parsed = filter::parse(text).expect("a filter of the accepted table");
    let mut person = Identity::new(&format!("witness.{number}"));
    give(&mut person, parsed.expr());
    person
}

fn give(person: &mut Identity, expr: &Expr) {
    let (attribute, test) = match expr {
        Expr::And(parts) => return parts.iter().for_each(|part| give(person, part)),
        Expr::Or(parts) => return give(person, &parts[0]),
        Expr::Not(_) => return,
        Expr::Condition { attribute, test } => (attribute.as_str(), test),
    };
    let value = match test {
        Test::Compare { operator: Operator::Equal, value: Operand::Literal(literal), .. } => literal_text(literal),
        Test::In { values, .. } => literal_text(&values[0]),
        Test::Like { text, .. } => Some(text.clone()),
        Test::Compare { value: Operand::Literal(_), .. } => Some("2026-06-01".to_owned()),
        _ => None,
    };
    let Some(value) = value.filter(|value| !value.is_empty()) else { return };
    match attribute {
        "name" => person.name = value,
        "inactive" => person.inactive = value == "true",
        _ if attribute.contains('.') => {}
        _ => {
            person.attributes.insert(attribute.to_owned(), value.into());
        }
    }
}

fn literal_text(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Text(text) | Literal::Number(text) => Some(text.clone()),
        Literal::Bool(value) => Some(value.to_string()),
        Literal::Null | Literal::Constant(_) => None,
    }
}

fn names(names: &[String]) -> BTreeSet<&str> {
    names.iter().map(String::as_str).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}
