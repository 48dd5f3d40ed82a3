//! What a filter says about itself: warnings, attributes, and the parts that only the service can judge.

use pssailpointcc::filter::{self, Filter};

#[test]
fn what_is_seldom_meant_brings_these_warnings() {
    let table = [
        (r#"name == """#, "hardly anybody"),
        (r#"name == """#, "name.isNull() asks for it"),
        (r#"name != null"#, "nearly everybody"),
        (r#"name != "x""#, "nearly everybody"),
        (r#"name.notNull()"#, "nearly everybody"),
        (r#"!(name.isNull())"#, "nearly everybody"),
        (r#"!(uid == "x")"#, "nearly everybody"),
        (r#"uid.isNull()"#, "hardly anybody"),
        (r#"uid.contains("")"#, "every text contains the empty one"),
        (r#"uid.startsWith("")"#, "every text begins with the empty one"),
        (r#"uid.endsWith("")"#, "every text ends with the empty one"),
        (r#"uid == "x" || email.notNull()"#, "nearly everybody"),
        (r#"a == "x" || a != "x""#, "one of these holds for everybody"),
        (r#"a.isNull() || a.notNull()"#, "one of these holds for everybody"),
        (r#"(a == "x" && b == "y") || !(a == "x" && b == "y")"#, "one of these holds for everybody"),
        (r#"a == "x" && b == "y" && a != "x""#, "never hold together"),
        (r#"a < "x" && a >= "x""#, "never hold together"),
        (r#"uid == "a" && uid == "b""#, "uid.in({...}) finds those who have either"),
        (r#"uid == " x""#, "has blanks at its beginning or end"),
        (r#"uid.in({"a", "b "})"#, r#""b " has blanks"#),
        ("uid == \"a\u{200b}\"", "characters that nobody sees"),
        (r#"uid == "$name""#, "$name, which looks like a variable"),
        (r#"uid == "x-${name}""#, "${name}, which looks like a variable"),
        (r#"uid == "{0}""#, "{0}, which looks like a variable"),
        (r#"uid == "%USERNAME%""#, "%USERNAME%, which looks like a variable"),
        (r#"uid == "<uid>""#, "<uid>, which looks like a variable"),
        (r#"uid == "smith*""#, "a wildcard, which is a plain character"),
        (r#"uid == "%smith""#, "a wildcard, which is a plain character"),
        (r#"uid == 00120"#, r#"identity attributes are texts, and "00120" is one"#),
        (
            r#"uid == amelie"#,
            r#"another attribute, because the right side has no quotes; if a text is meant: uid == "amelie""#,
        ),
        (r#"uid == Amelie.Roux"#, "a constant, because the right side has no quotes"),
        (r#"uid < null"#, "nothing is greater or less than null"),
        (r#"manager == null"#, "manager.isNull() is"),
        (r#"manager != null"#, "manager.notNull() is"),
    ];
    for (text, part) in table {
        let warnings = parsed(text).warnings();
        assert!(warnings.iter().any(|warning| warning.contains(part)), "{text}\n{warnings:#?}");
    }
}

#[test]
fn ordinary_filters_bring_none() {
    for text in [
        r#"uid == "amelie.roux""#,
        r#"department == "Sales" && email.notNull()"#,
        r#"department == "Sales" && !(location == "Paris")"#,
        r#"department.in({"Sales", "R&D"})"#,
        r#"title == "100 % sure, 50 % not""#,
        r#"price == "$5""#,
        r#"uid == "a" || uid == "b""#,
        r#"inactive == false"#,
        r#"manager.isNull()"#,
        r#"a == "x" || (b == "x" && a != "x")"#,
    ] {
        assert_eq!(parsed(text).warnings(), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn warnings_are_no_more_than_twenty_short_lines() {
    let many: Vec<String> =
        (0..5_000).map(|number| format!("a{number} == \" $x\u{200b}{}\"", "x".repeat(number))).collect();
    let warnings = parsed(&many.join(" && ")).warnings();
    assert_eq!(warnings.len(), 20);
    let short = |warning: &String| warning.len() < 500 && !warning.contains('\n');
    assert!(warnings.iter().all(short), "{warnings:#?}");

    let name = "a".repeat(100_000);
    for test in ["== null", "!= null", "== \"\"", "== 5", "== b", "< null"] {
        let warnings = parsed(&format!("{name} {test}")).warnings();
        assert!(!warnings.is_empty() && warnings.iter().all(short), "{test}");
    }
    let warnings = parsed(&format!("uid == \"${name}\"")).warnings();
    assert!(!warnings.is_empty() && warnings.iter().all(short));
}

#[test]
fn attributes_are_named_once_in_their_order() {
    let filter = parsed(
        r#"b == "1" && (a.isNull() || b == c) && manager.name == b && links.collectionCondition("x == \"y\"") && !(a == "2")"#,
    );
    assert_eq!(filter.attributes(), ["b", "a", "c", "manager.name", "links"]);

    let names: Vec<String> = (0..40).map(|number| format!("a{number}")).collect();
    let twice: Vec<String> = names.iter().chain(&names).map(|name| format!("{name} == \"x\"")).collect();
    assert_eq!(parsed(&twice.join(" || ")).attributes(), names);
}

#[test]
fn what_the_service_alone_can_judge_is_named() {
    let filter = parsed(
        r#"uid == "x" && (uid==name || type == Rule.Type.BuildMap || links.collectionCondition("a==\"b\"") || id.join(Link.id)) && t.in({"a", X.Y})"#,
    );
    let parts = [
        "uid == name",
        "type == Rule.Type.BuildMap",
        r#"links.collectionCondition("a == \"b\"")"#,
        "id.join(Link.id)",
        r#"t.in({"a", X.Y})"#,
    ];
    assert_eq!(filter.undecidable(), parts);
}

#[test]
fn the_canonical_form_is_this() {
    for (text, canonical) in [
        (r#"  uid=="a"  "#, r#"uid == "a""#),
        (r#"((uid=="a"))"#, r#"uid == "a""#),
        (r#"uid i=="a""#, r#"uid i== "a""#),
        (r#"uid.in( {"a","b"} )"#, r#"uid.in({"a", "b"})"#),
        (r#"a=="1"&&(b=="2"&&c=="3")"#, r#"a == "1" && b == "2" && c == "3""#),
        (r#"(a=="1"||b=="2")&&!(c=="3")"#, r#"(a == "1" || b == "2") && !(c == "3")"#),
        (r#"!((a=="1"))"#, r#"!(a == "1")"#),
        (r#"a == "\"\\""#, r#"a == "\"\\""#),
        (r#"a.subquery("x",B,"y","c==\"d\"")"#, r#"a.subquery("x", B, "y", "c == \"d\"")"#),
    ] {
        assert_eq!(parsed(text).canonical(), canonical);
        assert_eq!(parsed(text).to_string(), canonical);
    }
}

fn parsed(text: &str) -> Filter {
    filter::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}
