//! refreshArgs: which names and values are taken, what is sent, and what is said about it.

mod support;

use pssailpointcc_sandbox::{Endpoint, Sandbox};
use serde_json::{Value, json};
use support::{Operation, arrived, configuration, refresh, refused, says, with};

/// The ways by which a refresh is asked for, as parts of a request.
fn ways() -> [Value; 4] {
    let filter = json!(r#"uid == "amelie.roux""#);
    [
        json!({ "filter": filter, "options": { "backend": "cc" } }),
        json!({ "filter": filter, "options": { "backend": "process" } }),
        json!({ "identities": ["amelie.roux"], "options": { "backend": "cc" } }),
        json!({ "identities": ["amelie.roux"], "options": { "backend": "process" } }),
    ]
}

fn request(sandbox: &Sandbox, way: &Value, arguments: Value) -> Value {
    with(json!({ "refreshArgs": arguments, "configuration": configuration(sandbox.url()) }), way)
}

fn warnings(answer: &Value) -> Vec<String> {
    let warnings = answer["warnings"].as_array().cloned().unwrap_or_default();
    warnings.iter().map(|warning| warning.as_str().expect("text").to_owned()).collect()
}

#[test]
fn documented_names_are_sent_in_their_documented_case() {
    let sandbox = Sandbox::start();
    for way in ways() {
        let arguments = json!({
            "PromoteAttributes": "True", "CORRELATEENTITLEMENTS": true, "refreshmanagerstatus": true, "provision": true,
        });
        let answer = refresh(&request(&sandbox, &way, arguments));
        assert_eq!((&answer["ok"], warnings(&answer).len()), (&json!(true), 0), "{way}: {answer:#}");
    }
    let bodies = sandbox.arrivals(Endpoint::Refresh);
    assert_eq!(bodies.len(), 2);
    for body in bodies {
        let arguments = r#""refreshArgs":{"promoteAttributes":"True","correlateEntitlements":true,"refreshManagerStatus":true,"provision":true}"#;
        let arguments: Value = serde_json::from_str(&format!("{{{arguments}}}")).expect("JSON");
        let sent: Value = serde_json::from_str(&body.text()).expect("JSON");
        assert_eq!(sent["refreshArgs"], arguments["refreshArgs"]);
    }
}

#[test]
fn a_value_that_is_no_boolean_is_refused_before_anything_is_asked() {
    let sandbox = Sandbox::start();
    for way in ways() {
        for value in [json!("yes"), json!(1), json!(0), json!(""), json!("truee"), json!([]), json!({ "a": true })] {
            let error =
                refused(&sandbox, &request(&sandbox, &way, json!({ "PromoteAttributes": value })), "invalid_argument");
            says(&error, "refreshArgs.promoteAttributes must be true or false");
        }
    }
    assert!(sandbox.log().is_empty());
    let other = json!({ "refreshLinks": "yes", "x": 1 });
    assert_eq!(refresh(&request(&sandbox, &ways()[0], other))["ok"], true, "others pass as they are");
}

#[test]
fn a_name_that_is_nearly_a_documented_one_is_a_warning_with_that_name() {
    let sandbox = Sandbox::start();
    for (name, meant) in
        [("Provsion", "provision"), ("promoteAtributes", "promoteAttributes"), ("prune_identities", "pruneIdentities")]
    {
        for way in [0, 2].map(|way| ways()[way].clone()) {
            let answer = refresh(&request(&sandbox, &way, json!({ name: true })));
            let warnings = warnings(&answer);
            assert_eq!((&answer["ok"], warnings.len()), (&json!(true), 1), "{way}: {answer:#}");
            assert!(warnings[0].contains(name) && warnings[0].contains(&format!("was {meant} meant?")), "{warnings:?}");
            let sent = sandbox.arrivals(Endpoint::Refresh).pop().expect("a refresh").text();
            assert!(sent.contains(&format!("\"{name}\":true")), "as it is: {sent}");
        }
        // The successor takes no such name.
        let error = refused(&sandbox, &request(&sandbox, &ways()[3], json!({ name: true })), "unsupported_argument");
        says(&error, &format!("was {meant} meant?"));
    }
    assert_eq!(
        warnings(&refresh(&request(&sandbox, &ways()[0], json!({ "refreshLinks": true })))),
        Vec::<String>::new()
    );
}

#[test]
fn what_the_successor_does_unmentioned_is_said_once_a_run() {
    let sandbox = Sandbox::start();
    let promote = || json!({ "promoteAttributes": true });
    let is_told = |answer: &Value| {
        let warnings = warnings(answer);
        assert_eq!((&answer["ok"], warnings.len()), (&json!(true), 1), "{answer:#}");
        for name in ["correlateEntitlements", "refreshManagerStatus", "provision"] {
            assert!(warnings[0].contains(name), "{warnings:?}");
        }
        assert!(!warnings[0].contains("promoteAttributes"), "{warnings:?}");
    };
    is_told(&refresh(&request(&sandbox, &ways()[1], promote())));
    is_told(&refresh(&request(&sandbox, &ways()[3], promote())));
    assert_eq!(warnings(&refresh(&request(&sandbox, &ways()[0], promote()))), Vec::<String>::new(), "/cc obeys");
    // Nothing was mentioned at all.
    let answer = refresh(&with(request(&sandbox, &ways()[3], json!({})), &json!({ "refreshArgs": null })));
    assert!(warnings(&answer)[0].contains("promoteAttributes"), "{answer:#}");

    // A stream of several batches: once, with the first.
    let part = json!({ "stream": true, "options": { "backend": "process" } });
    let stream = request(&sandbox, &part, promote());
    let operation = Operation::start("cc_refresh_identities", &stream);
    operation.send(&json!({ "identities": ["amelie.roux"] }));
    operation.send(&json!({ "identities": ["john.smith"], "end": true }));
    let (batches, done) = operation.rest();
    is_told(&batches[0]);
    let later: Vec<String> = batches[1..].iter().chain([&done]).flat_map(warnings).collect();
    assert_eq!(later, Vec::<String>::new());
    // Without a name nothing is done.
    let operation = Operation::start("cc_refresh_identities", &stream);
    operation.send(&json!({ "end": true }));
    assert_eq!(warnings(&operation.rest().1), Vec::<String>::new());

    // After the fallback from /cc.
    let retired = Sandbox::builder().retired(404).start();
    let filter = json!({ "filter": ways()[0]["filter"] });
    let answer = refresh(&request(&retired, &filter, promote()));
    assert_eq!(answer["backend"], "process");
    is_told(&answer);
    // What was said to be false is refused, and nobody is refreshed.
    let refused_before = arrived(&retired, Endpoint::Process);
    refused(&retired, &request(&retired, &filter, json!({ "provision": "False" })), "unsupported_argument");
    assert_eq!(arrived(&retired, Endpoint::Process), refused_before);
}
