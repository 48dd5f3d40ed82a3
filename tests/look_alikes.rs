//! People whose names look alike, to search, to a query or to a filter: each way touches the one who is meant, alone.

mod support;

use pssailpointcc_sandbox::{Identity, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

/// The names of everybody who was refreshed, by call.
fn refreshed(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.refreshes().into_iter().map(|refresh| refresh.names).collect()
}

/// People who look alike to search, to a query or to a filter, each with a name of their own.
fn look_alikes() -> Vec<String> {
    let blank = "word ".repeat(6_600) + "end";
    let solid = "x".repeat(32 << 10);
    let names = [
        "smith",
        "Smith",
        "SMITH",
        "Smith-Jones",
        "smith-jones",
        "john.smith",
        "smith.john",
        "john smith",
        "smith ",
        "smith  x",
        "mary ann lee",
        "mary-ann lee",
        "pat \"the hat\" o'neil",
        "pat the hat o'neil",
        "\"",
        "\"\"",
        "\\",
        "\\\\",
        "a\\",
        "a\\\"",
        "CORP\\dana",
        "CORP\\\\dana",
        "rock&roll",
        "rock&&roll",
        "rock roll",
        "star*light",
        "star?light",
        "star*",
        "s?ith",
        "*",
        "?",
        "**",
        "AND",
        "OR",
        "NOT",
        "and",
        "a AND b",
        "a OR b",
        "uid:smith",
        "attributes.uid:*",
        "(smith)",
        "[a TO z]",
        "{a}",
        "/smith/",
        "smith~",
        "smith^2",
        "+smith",
        "-smith",
        "!smith",
        "a && b",
        "a || b",
        "uid == \"smith\"",
        "100%",
        "a_b",
        "${name}",
        "$(name)",
        "%USERNAME%",
        "Zoë",
        "Zoe",
        "Zoe\u{308}",
        "ZOË",
        "müller",
        "mueller",
        "straße",
        "strasse",
        "İstanbul",
        "istanbul",
        "山田太郎",
        "山田 太郎",
        "山田",
        "🙂",
        "🙂🙂",
        "👩‍👩‍👧",
        "\u{feff}smith",
        "smith\u{200b}",
        "a\tb",
        "a\nb",
        "a\u{1}b",
        "null",
        "true",
        "0",
        "00",
        "-1",
        "1e3",
        "the",
        "of the",
        "é",
        "Ω",
        "Москва",
        "москва",
        "שלום",
        "سلام",
        "😀 smith",
        ",",
        ";",
        "a,b",
        "a;b",
        "<a>",
        "a=b",
        "#",
        "'",
        "''",
        "`",
    ];
    names.into_iter().map(str::to_owned).chain([blank.clone() + "s", blank, solid.clone() + "y", solid]).collect()
}

#[test]
fn people_who_look_alike_are_told_apart_by_name_and_by_filter() {
    let names = look_alikes();
    let people: Vec<Identity> = names.iter().map(|name| Identity::new(name)).collect();
    let sandbox = Sandbox::builder().identities(people).start();
    let request = |names: Value| json!({ "identities": names, "configuration": configuration(sandbox.url()) });
    let request_for =
        |name: &str, backend: &str| with(request(json!([name])), &json!({ "options": { "backend": backend } }));
    let refused = |request: &Value, code: &str| {
        let before = sandbox.refreshes().len();
        assert_eq!(refresh(request)["error"]["code"], code, "{request}");
        assert_eq!(sandbox.refreshes().len(), before, "{request}");
    };
    let mut calls = 0;
    let mut touches_alone = |request: &Value, name: &str| {
        let answer = refresh(request);
        let shown: String = name.chars().take(40).collect();
        assert_eq!((&answer["ok"], &answer["matched"]), (&json!(true), &json!(1)), "{shown:?}: {answer:.999}");
        calls += 1;
        assert_eq!(sandbox.refreshes().len(), calls);
        assert_eq!(refreshed(&sandbox).pop(), Some(vec![name.to_owned()]), "{shown:?}");
    };
    for name in &names {
        touches_alone(&request_for(name, "process"), name);
        let filter = format!("uid == \"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
        let by_filter = |backend: &str| json!({ "filter": filter, "options": { "backend": backend }, "configuration": configuration(sandbox.url()) });
        if name.contains(char::is_control) {
            // Such a filter is not sent, by name neither.
            refused(&by_filter("process"), "invalid_filter");
            refused(&request_for(name, "cc"), "unsupported_argument");
            continue;
        }
        touches_alone(&by_filter("process"), name);
        touches_alone(&request_for(name, "cc"), name);
        touches_alone(&by_filter("cc"), name);
    }
    // All of them at once, and as many who are not there.
    sandbox.clear_log();
    // What copying has left before a name that somebody has is no other name.
    let is_stranger = |name: &String| !names.iter().any(|known| known == name.trim_start_matches('\u{feff}'));
    let strangers: Vec<String> = names.iter().map(|name| format!("{name}~")).filter(is_stranger).collect();
    let mixed: Vec<&String> = names.iter().zip(&strangers).flat_map(|(name, stranger)| [name, stranger]).collect();
    let answer = refresh(&request(json!(mixed)));
    assert_eq!(answer["ok"], true, "{:.300}", answer.to_string());
    let all: Vec<String> = refreshed(&sandbox).concat();
    let unmatched: Vec<&str> =
        answer["unmatched"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(all.len() + unmatched.len(), mixed.len());
    assert!(
        all.iter().all(|name| names.contains(name)) && unmatched.iter().all(|name| strangers.iter().any(|s| s == name))
    );
}
