//! The search query of a filter finds everyone whom the filter means, and no value gets out of its quotes.

mod filter_support;

use filter_support::query::{finds, read, values};
use filter_support::random::{Random, VALUES, quoted};
use pssailpointcc::filter::eval::{Verdict, judge};
use pssailpointcc::filter::query::{any_of, search_query};
use pssailpointcc::filter::{self, Filter};
use serde_json::Value;

#[test]
fn filters_become_these_queries() {
    let cases = [
        (r#"uid == "amelie.roux""#, r#"attributes.uid:"amelie.roux""#),
        (r#"uid i== "amelie.roux""#, r#"attributes.uid:"amelie.roux""#),
        (r#"name == "amelie""#, r#"name:"amelie""#),
        (r#"email == "a@b.c""#, r#"email:"a@b.c" OR attributes.email:"a@b.c""#),
        (r#"lastname == "O\"B\\C""#, r#"attributes.lastname:"O\"B\\C" OR lastName:"O\"B\\C""#),
        (r#"manager.name == "bob""#, r#"manager.name:"bob""#),
        (r#"manager == "2c9180""#, "*"),
        (r#"uid == "a1" || manager == "2c9180""#, "*"),
        (r#"source.startsWith("H")"#, "*"),
        (r#"attributes.department == "Sales""#, r#"attributes.department:"Sales""#),
        (r#"inactive == false"#, r#"inactive:"false""#),
        (r#"department.in({"Sales", "HR"})"#, r#"attributes.department:"Sales" OR attributes.department:"HR""#),
        (r#"groups.containsAll({"Sales", "HR"})"#, r#"attributes.groups:"Sales" AND attributes.groups:"HR""#),
        (r#"title.startsWith("Head of S")"#, r#"attributes.title:"Head of""#),
        (r#"title.endsWith("d of Sales")"#, r#"attributes.title:" of Sales""#),
        (r#"title.contains("d of S")"#, r#"_exists_:attributes.title"#),
        (r#"title.startsWith("He")"#, r#"_exists_:attributes.title"#),
        (r#"title.startsWith("100% of ")"#, r#"_exists_:attributes.title"#),
        (r#"title.startsWith("")"#, "*"),
        (r#"uid == "a1" || correlated == true"#, "*"),
        (r#"department == "&""#, "_exists_:attributes.department"),
        (r#"department == "The""#, "_exists_:attributes.department"),
        (r#"department == """#, "*"),
        (r#"department == null"#, "*"),
        (r#"department != "Sales""#, "*"),
        (r#"startDate > "2026-01-01""#, "_exists_:attributes.startDate"),
        (r#"level == 5"#, "_exists_:attributes.level"),
        (r#"manager.notNull()"#, "_exists_:manager"),
        (r#"!(manager.isNull())"#, "_exists_:manager"),
        (r#"manager.isNull()"#, "(* AND NOT _exists_:manager)"),
        (r#"email.isNull()"#, "*"),
        (r#"manager.isEmpty()"#, "*"),
        (r#"uid == name"#, "*"),
        (r#"links.name == "x""#, "*"),
        (r#"id.join(Link.identity)"#, "*"),
        (r#"!(uid == "a1")"#, "*"),
        (r#"!(!(uid == "a1"))"#, r#"attributes.uid:"a1""#),
        (r#"uid == "a1" && department != "Sales""#, r#"attributes.uid:"a1""#),
        (r#"uid == "a1" || department != "Sales""#, "*"),
        (
            r#"(uid == "a1" || uid == "b1") && inactive == false"#,
            r#"(attributes.uid:"a1" OR attributes.uid:"b1") AND inactive:"false""#,
        ),
    ];
    for (text, expected) in cases {
        let query = search_query(&parsed(text));
        assert_eq!(query.text, expected, "{text}");
        assert_eq!(query.narrows, expected != "*", "{text}");
    }
}

#[test]
fn no_value_gets_out_of_its_quotes() {
    for value in VALUES.iter().map(|value| (*value).to_owned()).chain(random_values(20_000)) {
        let text = search_query(&parsed(&format!("uid == {}", quoted(&value)))).text;
        let query = read(&text).unwrap_or_else(|error| panic!("{value:?} became {text}: {error}"));
        let inside = values(&query);
        assert!(inside.iter().all(|inside| value.starts_with(inside)), "{value:?} became {text}");

        let text = any_of("uid", &[&value, "amelie.roux", &value]);
        let query = read(&text).unwrap_or_else(|error| panic!("{value:?} became {text}: {error}"));
        assert_eq!(values(&query).len(), 3, "{value:?} became {text}");
        assert_eq!(values(&query)[1], "amelie.roux");
    }
}

#[test]
fn no_name_gets_out_of_its_field() {
    for name in ["a b", "a:*", "*", "uid\"", "a OR *", "x) OR (*", "é", "", "_exists_", "a\\", "links.name"] {
        let text = any_of(name, &["x"]);
        let query = read(&text).unwrap_or_else(|error| panic!("{name:?} became {text}: {error}"));
        assert_eq!(values(&query), ["x"], "{name:?} became {text}");
    }
    assert_eq!(any_of("uid", &["a1", "b1"]), r#"attributes.uid:"a1" OR attributes.uid:"b1""#);
    assert_eq!(any_of("uid", &["&"]), r#"attributes.uid.exact:"&""#);
    assert_eq!(any_of("uid", &[]), "NOT *");
}

#[test]
fn a_search_finds_everyone_whom_the_filter_means() {
    let mut random = Random::new(1);
    let mut meant = 0;
    let mut narrowed = 0;
    for _ in 0..4_000 {
        let text = random.filter(2);
        let filter = parsed(&text);
        let written = search_query(&filter);
        let query = read(&written.text).unwrap_or_else(|error| panic!("{text}\nbecame {}\n{error}", written.text));
        narrowed += usize::from(written.narrows);
        for _ in 0..30 {
            let document = random.document();
            if judge(&filter, &document) == Verdict::Yes {
                meant += 1;
                assert!(finds(&query, &document), "{text}\nmeans\n{document}\nand is not found by\n{}", written.text);
            }
        }
    }
    assert!(meant > 10_000 && narrowed > 1_000, "too few to say anything: {meant}, {narrowed}");
}

#[test]
fn names_that_are_resolved_are_found() {
    let mut random = Random::new(2);
    for value in random_values(5_000) {
        let query = read(&any_of("uid", &["nobody", &value])).expect("a query of ours");
        let document: Value = serde_json::json!({ "attributes": { "uid": value } });
        assert!(finds(&query, &document), "{value:?}");
        let other = random.document();
        let other_uid = other.pointer("/attributes/uid").and_then(Value::as_str);
        if other_uid == Some(value.as_str()) {
            assert!(finds(&query, &other), "{value:?}");
        }
    }
}

#[test]
fn a_query_of_too_many_values_does_not_narrow() {
    let list = |count: usize| {
        let values: Vec<String> = (0..count).map(|number| format!("\"u{number}\"")).collect();
        search_query(&parsed(&format!("uid.in({{{}}})", values.join(", "))))
    };
    assert!(list(700).narrows);
    assert!(!list(701).narrows);
    let both = format!("inactive == false && uid.in({{{}}})", vec!["\"u1\""; 700].join(", "));
    assert_eq!(search_query(&parsed(&both)).text, r#"inactive:"false""#);
}

fn random_values(count: usize) -> impl Iterator<Item = String> {
    let mut random = Random::new(3);
    (0..count).map(move |_| random.value())
}

fn parsed(text: &str) -> Filter {
    filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}
