//! What a filter means, for one document after the other, as the table in `filter::eval` has it.

mod filter_support;

use filter_support::random::Random;
use pssailpointcc::filter;
use pssailpointcc::filter::eval::{KnownAttributes, Verdict, judge, judge_knowing};
use serde_json::{Value, json};

fn amelie() -> Value {
    json!({
        "id": "2c9180", "name": "amelie.roux", "displayName": "Amelie Roux", "firstName": "Amelie", "lastName": "Roux",
        "email": "amelie.roux@example.com", "inactive": false, "isManager": true, "accessCount": 12, "phone": "",
        "created": "2026-01-01T00:00:00Z",
        "manager": { "id": "2c9181", "name": "bob.stone", "displayName": "Bob Stone" },
        "attributes": {
            "uid": "amelie.roux", "firstname": "Amelie", "department": "R&D", "location": null, "startDate": "2026-03-05",
            "badge": "00120", "title": "Straße 100%", "empty": "", "groups": ["A", "B"], "none": [], "costCenter": "42",
            "email": "amelie.roux@example.com", "level": 7, "big": 9007199254740993_i64, "half": 0.5, "flag": "true"
        }
    })
}

#[test]
fn verdicts_are_those_of_the_table() {
    let table = [
        // The same text, and others.
        (r#"uid == "amelie.roux""#, Verdict::Yes),
        (r#"name == "amelie.roux""#, Verdict::Yes),
        (r#"uid == "bob.stone""#, Verdict::No),
        (r#"uid == "amelie""#, Verdict::No),
        (r#"uid != "bob.stone""#, Verdict::Yes),
        (r#"uid != "amelie.roux""#, Verdict::No),
        (r#"!(uid == "bob.stone")"#, Verdict::Yes),
        // Case, and blanks at the end.
        (r#"uid == "Amelie.Roux""#, Verdict::Unknown),
        (r#"uid != "Amelie.Roux""#, Verdict::Unknown),
        (r#"uid == "amelie.roux ""#, Verdict::Unknown),
        (r#"uid == " amelie.roux""#, Verdict::No),
        (r#"uid i== "Amelie.ROUX""#, Verdict::Yes),
        (r#"uid i!= "Amelie.ROUX""#, Verdict::No),
        (r#"title i== "STRASSE 100%""#, Verdict::Unknown),
        (r#"uid.in({"x", "AMELIE.ROUX"})"#, Verdict::Unknown),
        (r#"uid.inIgnoreCase({"x", "AMELIE.ROUX"})"#, Verdict::Yes),
        // Lists.
        (r#"uid.in({"x", "amelie.roux"})"#, Verdict::Yes),
        (r#"uid.in({"x", "y"})"#, Verdict::No),
        (r#"uid.in({"x", 5})"#, Verdict::Unknown),
        (r#"location.in({"x", null})"#, Verdict::Unknown),
        // Parts of texts.
        (r#"uid.startsWith("amelie")"#, Verdict::Yes),
        (r#"uid.endsWith("roux")"#, Verdict::Yes),
        (r#"uid.contains("e.r")"#, Verdict::Yes),
        (r#"uid.startsWith("bob")"#, Verdict::No),
        (r#"!(uid.startsWith("bob"))"#, Verdict::Yes),
        (r#"uid.startsWith("Amelie")"#, Verdict::Unknown),
        (r#"uid.startsWithIgnoreCase("Amelie")"#, Verdict::Yes),
        (r#"title.endsWith("100%")"#, Verdict::Yes),
        (r#"uid.contains("_e")"#, Verdict::Unknown),
        (r#"!(uid.contains("_e"))"#, Verdict::Unknown),
        (r#"uid.contains("%")"#, Verdict::Unknown),
        (r#"uid.startsWith("A%.roux")"#, Verdict::Unknown),
        (r#"uid.endsWith("e_roux")"#, Verdict::Unknown),
        (r#"uid.startsWith("_e")"#, Verdict::No),
        (r#"uid.endsWith("%e")"#, Verdict::No),
        (r#"!(uid.contains("z%"))"#, Verdict::Yes),
        // Order.
        (r#"startDate > "2026-01-31""#, Verdict::Yes),
        (r#"startDate < "2026-01-31T00:00:00Z""#, Verdict::No),
        (r#"startDate >= "2026-03-05""#, Verdict::Yes),
        (r#"startDate > "5.3.2026""#, Verdict::Unknown),
        (r#"badge > "00119""#, Verdict::Yes),
        (r#"badge > "9""#, Verdict::Unknown),
        (r#"costCenter < "-43""#, Verdict::Unknown),
        (r#"uid < "b""#, Verdict::Unknown),
        // Types.
        (r#"inactive == false"#, Verdict::Yes),
        (r#"inactive == true"#, Verdict::No),
        (r#"inactive != true"#, Verdict::Yes),
        (r#"inactive == "false""#, Verdict::Unknown),
        (r#"flag == true"#, Verdict::Unknown),
        (r#"accessCount == 12"#, Verdict::Yes),
        (r#"accessCount > 5"#, Verdict::Yes),
        (r#"accessCount == "12""#, Verdict::Unknown),
        (r#"badge == 120"#, Verdict::Unknown),
        (r#"big == 9007199254740992"#, Verdict::No),
        (r#"half < 1"#, Verdict::Unknown),
        // No value.
        (r#"nothing == "x""#, Verdict::No),
        (r#"!(nothing == "x")"#, Verdict::Unknown),
        (r#"nothing != "x""#, Verdict::Unknown),
        (r#"nothing.isNull()"#, Verdict::Unknown),
        (r#"nothing.notNull()"#, Verdict::Unknown),
        (r#"location == "x""#, Verdict::No),
        (r#"location.isNull()"#, Verdict::Yes),
        (r#"location.notNull()"#, Verdict::No),
        (r#"location == null"#, Verdict::Unknown),
        (r#"empty == "x""#, Verdict::No),
        (r#"empty == """#, Verdict::Unknown),
        (r#"empty.isNull()"#, Verdict::Unknown),
        (r#"empty < "x""#, Verdict::Unknown),
        (r#"empty > "x""#, Verdict::No),
        (r#"nothing < "x""#, Verdict::No),
        (r#"empty.startsWith("")"#, Verdict::Unknown),
        (r#"uid == """#, Verdict::No),
        (r#"!(uid == "")"#, Verdict::Unknown),
        (r#"uid == null"#, Verdict::Unknown),
        (r#"uid != null"#, Verdict::Unknown),
        (r#"uid.isNull()"#, Verdict::No),
        (r#"uid.notNull()"#, Verdict::Yes),
        (r#"uid.isEmpty()"#, Verdict::Unknown),
        // Several values.
        (r#"groups == "A""#, Verdict::Unknown),
        (r#"groups.containsAll({"A"})"#, Verdict::Unknown),
        (r#"groups.notNull()"#, Verdict::Yes),
        (r#"none.isNull()"#, Verdict::Unknown),
        (r#"manager == "bob.stone""#, Verdict::Unknown),
        (r#"manager.notNull()"#, Verdict::Yes),
        // Where it stands.
        (r#"manager.name == "bob.stone""#, Verdict::Yes),
        (r#"attributes.department == "R&D""#, Verdict::Yes),
        (r#"department == "R&D""#, Verdict::Yes),
        (r#"email == "amelie.roux@example.com""#, Verdict::Yes),
        (r#"firstname == "Amelie""#, Verdict::Yes),
        (r#"lastname == "Roux""#, Verdict::Yes),
        (r#"costcenter == "42""#, Verdict::Unknown),
        (r#"links.name == "x""#, Verdict::Unknown),
        (r#"correlated == true"#, Verdict::Unknown),
        (r#"a.b.c == "x""#, Verdict::Unknown),
        (r#"created > "2025-01-01T00:00:00Z""#, Verdict::Unknown),
        // The service alone.
        (r#"uid == name"#, Verdict::Unknown),
        (r#"uid == Rule.Type.BuildMap"#, Verdict::Unknown),
        (r#"id.join(Link.identity)"#, Verdict::Unknown),
        (r#"links.collectionCondition("a == \"b\"")"#, Verdict::Unknown),
        // Joined.
        (r#"uid == "amelie.roux" && uid == name"#, Verdict::Unknown),
        (r#"uid == "bob.stone" && uid == name"#, Verdict::No),
        (r#"uid == name && uid == "bob.stone""#, Verdict::No),
        (r#"uid == name || uid == "amelie.roux""#, Verdict::Yes),
        (r#"uid == "amelie.roux" || uid == name"#, Verdict::Yes),
        (r#"uid == "bob.stone" || uid == name"#, Verdict::Unknown),
        (r#"!(uid == name)"#, Verdict::Unknown),
        (r#"!(nothing == "x" && uid == "bob.stone")"#, Verdict::Yes),
        (r#"!(nothing == "x" || uid == "bob.stone")"#, Verdict::Unknown),
    ];
    for (text, expected) in table {
        let filter = filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(judge(&filter, &amelie()), expected, "{text}");
    }
}

#[test]
fn two_places_that_differ_are_unknown() {
    let document = json!({ "email": "a@example.com", "attributes": { "email": "b@example.com" } });
    let filter = filter::parse(r#"email == "a@example.com""#).expect("a filter");
    assert_eq!(judge(&filter, &document), Verdict::Unknown);
}

#[test]
fn what_is_no_document_matches_nothing_for_certain() {
    for document in [json!(null), json!([]), json!("amelie.roux"), json!({}), json!({ "attributes": [] })] {
        for text in [r#"uid == "x""#, r#"!(uid == "x")"#, r#"uid != "x""#, "uid.isNull()", "uid.notNull()"] {
            let filter = filter::parse(text).expect("a filter");
            assert_ne!(judge(&filter, &document), Verdict::Yes, "{text} on {document}");
        }
    }
}

#[test]
fn a_filter_and_its_negation_never_both_hold() {
    let mut random = Random::new(4);
    for _ in 0..20_000 {
        let text = random.filter(2);
        let filter = filter::parse(&text).expect("a filter");
        let negated = filter::parse(&format!("!({text})")).expect("a filter");
        let document = random.document();
        let both = (judge(&filter, &document), judge(&negated, &document));
        let agree = matches!(
            both,
            (Verdict::Yes, Verdict::No)
                | (Verdict::No, Verdict::Yes | Verdict::Unknown)
                | (Verdict::Unknown, Verdict::Unknown)
        );
        assert!(agree, "{text}\n{document}\n{both:?}");
    }
}

#[test]
fn what_a_document_leaves_out_is_null_where_others_have_it() {
    let document = json!({
        "id": "1", "name": "a", "lastName": "", "manager": null, "identityProfile": { "id": "2" },
        "attributes": { "uid": "a", "Location": "Paris", "level": "3", "email": "a@example.com" },
    });
    let all = [
        "manager",
        "manager.name",
        "identityProfile.name",
        "source",
        "email",
        "firstname",
        "lastname",
        "department",
        "location",
        "level",
        "attributes.department",
        "links.name",
    ];
    let known: KnownAttributes = all.iter().map(|name| (*name).to_owned()).collect();
    for (text, knowing, otherwise) in [
        ("source.isNull()", Verdict::Yes, Verdict::Unknown),
        ("source.notNull()", Verdict::No, Verdict::Unknown),
        ("!(source.isNull())", Verdict::No, Verdict::Unknown),
        ("manager.isNull()", Verdict::Yes, Verdict::Yes),
        ("manager.name.isNull()", Verdict::Yes, Verdict::Unknown),
        ("identityProfile.name.isNull()", Verdict::Yes, Verdict::Unknown),
        ("department.isNull()", Verdict::Yes, Verdict::Unknown),
        ("attributes.department.isNull()", Verdict::Yes, Verdict::Unknown),
        ("firstname.isNull()", Verdict::Yes, Verdict::Unknown),
        // In one of its two places.
        ("email.isNull()", Verdict::No, Verdict::No),
        // An empty text, another spelling, a place that no document has, an attribute that nobody has.
        ("lastname.isNull()", Verdict::Unknown, Verdict::Unknown),
        ("location.isNull()", Verdict::Unknown, Verdict::Unknown),
        ("links.name.isNull()", Verdict::Unknown, Verdict::Unknown),
        ("nothing.isNull()", Verdict::Unknown, Verdict::Unknown),
        // Only these two methods ask for null.
        ("department == null", Verdict::Unknown, Verdict::Unknown),
        ("department != \"x\"", Verdict::Unknown, Verdict::Unknown),
        ("!(department == \"x\")", Verdict::Unknown, Verdict::Unknown),
        ("department.isEmpty()", Verdict::Unknown, Verdict::Unknown),
    ] {
        let filter = filter::parse(text).expect("a filter");
        let verdicts = (judge_knowing(&filter, &document, &known), judge(&filter, &document));
        assert_eq!(verdicts, (knowing, otherwise), "{text}");
    }
}
