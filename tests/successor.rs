//! What the successor of `/cc` makes of a request's arguments: which calls, and what it refuses.

mod support;

use pssailpointcc_sandbox::{Endpoint, Fault, Sandbox};
use serde_json::{Value, json};
use support::{arrived, configuration, configured, refresh, refused, says, with};

/// A refresh by the successor, with these options too.
fn by_process(sandbox: &Sandbox, filter: &str, options: Value) -> Value {
    let options = with(options, &json!({ "backend": "process" }));
    json!({ "filter": filter, "options": options, "configuration": configuration(sandbox.url()) })
}

/// For which nothing but the attributes is to be synchronized.
fn attributes_alone() -> Value {
    json!({
        "correlateEntitlements": false, "promoteAttributes": false, "refreshManagerStatus": "false", "provision": false,
        "synchronizeAttributes": true,
    })
}

#[test]
fn arguments_that_the_successor_cannot_honour_are_refused_unless_that_is_allowed() {
    let sandbox = Sandbox::start();
    let arguments = json!({
        "correlateEntitlements": true, "refreshManagerStatus": false, "Provision": "False", "pruneIdentities": "true", "refreshLinks": "false",
    });
    let request =
        |options| with(by_process(&sandbox, r#"uid == "smith""#, options), &json!({ "refreshArgs": arguments }));
    let error = refused(&sandbox, &request(json!({})), "unsupported_argument");
    for part in [
        "refreshManagerStatus is false",
        "provision is false",
        "pruneIdentities is set",
        "refreshLinks is not an argument",
    ] {
        says(&error, part);
    }
    says(&error, "options.allowBroader");
    assert!(!error["message"].as_str().expect("text").contains("correlateEntitlements"), "{error}");
    assert!(sandbox.log().is_empty(), "nothing is asked for what cannot be sent");

    let allowed = configured(request(json!({})), &json!({ "allowBroader": true }));
    for request in [request(json!({ "allowBroader": true })), allowed.clone()] {
        let answer = refresh(&request);
        assert_eq!(answer["ok"], true, "{answer}");
        let warnings = answer["warnings"].as_array().expect("a list");
        assert_eq!(warnings.len(), 5, "{answer}");
        assert!(warnings[4].to_string().contains("promoteAttributes"), "it was not mentioned: {answer}");
    }
    let strict = with(allowed, &json!({ "options": { "backend": "process", "allowBroader": false } }));
    refused(&sandbox, &strict, "unsupported_argument");
    for arguments in
        [json!({ "pruneIdentities": false, "synchronizeAttributes": "False", "provision": null }), json!({})]
    {
        let request = with(by_process(&sandbox, r#"uid == "smith""#, json!({})), &json!({ "refreshArgs": arguments }));
        let answer = refresh(&request);
        let warnings = answer["warnings"].as_array().expect("a list");
        assert_eq!((&answer["ok"], warnings.len()), (&json!(true), 1), "{answer}");
        assert!(warnings[0].to_string().contains("provision"), "{answer}");
    }
    assert_eq!(arrived(&sandbox, Endpoint::Synchronize), 0);
}

#[test]
fn attributes_are_synchronized_by_calls_of_their_own() {
    let sandbox = Sandbox::start();
    let filter = r#"uid.in({"smith", "Smith", "amelie.roux"})"#;
    let all = json!({ "synchronizeAttributes": "true" });
    let answer = refresh(&with(by_process(&sandbox, filter, json!({})), &json!({ "refreshArgs": all })));
    let kinds: Vec<_> = sandbox.refreshes().iter().map(|refresh| refresh.by).collect();
    use Endpoint::{Process, Synchronize};
    assert_eq!(kinds, [Process, Synchronize, Synchronize, Synchronize], "{answer:#}");
    let calls = answer["calls"].as_array().expect("a list");
    assert!(calls.iter().all(|call| call["outcome"] == "accepted"), "{answer}");
    assert_eq!(
        (&calls[1]["call"], &calls[1]["identities"][0]),
        (&json!("synchronize-attributes"), &calls[0]["identities"][0])
    );
    for arrival in sandbox.arrivals(Synchronize) {
        assert_eq!(arrival.header("x-sailpoint-experimental"), Some("true"));
    }

    let sandbox = Sandbox::start();
    let answer = refresh(&with(by_process(&sandbox, filter, json!({})), &json!({ "refreshArgs": attributes_alone() })));
    assert_eq!((arrived(&sandbox, Process), arrived(&sandbox, Synchronize)), (0, 3), "{answer}");
    assert_eq!((&answer["ok"], &answer["warnings"]), (&json!(true), &Value::Null), "exactly as asked");
    assert_eq!(answer["calls"].as_array().map(Vec::len), Some(3));

    // Nobody whose refresh was not taken is synchronized.
    sandbox.clear_log();
    sandbox.fault(Fault::on(Process).status(400));
    let answer = refresh(&with(by_process(&sandbox, filter, json!({})), &json!({ "refreshArgs": all })));
    assert_eq!((&answer["error"]["code"], arrived(&sandbox, Synchronize)), (&json!("http_status"), 0), "{answer}");
    // Those who may refresh may not always synchronize.
    let helpdesk = json!({ "clientId": "helpdesk-client", "clientSecret": "helpdesk-secret" });
    let request = with(by_process(&sandbox, r#"name == "smith""#, json!({})), &json!({ "refreshArgs": all }));
    let answer = refresh(&configured(request, &helpdesk));
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["sent"]),
        (&json!("partial_failure"), &json!("yes")),
        "{answer}"
    );
    says(&answer["error"], "ORG_ADMIN");
    assert_eq!(
        (&answer["calls"][0]["outcome"], &answer["calls"][1]["outcome"]),
        (&json!("accepted"), &json!("rejected"))
    );
}

#[test]
fn somebody_who_was_just_synchronized_is_waited_for() {
    let sandbox = Sandbox::builder().synchronize_interval(std::time::Duration::from_millis(300)).start();
    let arguments = json!({ "synchronizeAttributes": true });
    let request = with(by_process(&sandbox, r#"uid == "smith""#, json!({})), &json!({ "refreshArgs": arguments }));
    assert_eq!(refresh(&request)["ok"], true);
    let answer = refresh(&request);
    assert_eq!(answer["ok"], true, "{answer}");
    assert!(sandbox.refreshes().iter().filter(|refresh| refresh.by == Endpoint::Synchronize).count() == 2);
}

#[test]
fn an_argument_that_stands_twice_in_different_case_is_refused() {
    let sandbox = Sandbox::start();
    for arguments in [
        json!({ "provision": true, "Provision": false }),
        json!({ "PROVISION": "false", "provision": "true" }),
        with(attributes_alone(), &json!({ "Provision": true })),
    ] {
        for backend in ["process", "cc"] {
            let options = json!({ "options": { "backend": backend }, "refreshArgs": arguments });
            let request = with(by_process(&sandbox, r#"uid == "smith""#, json!({})), &options);
            says(&refused(&sandbox, &request, "invalid_argument"), "provision twice");
        }
    }
    assert!(sandbox.log().is_empty());
}

#[test]
fn an_id_that_no_address_can_hold_is_unmatched() {
    let sandbox = Sandbox::start();
    let smith = sandbox.identities().into_iter().find(|person| person.name == "smith").expect("smith").id;
    let request = json!({
        "identities": ["..", smith, "."], "identityAttribute": "id", "refreshArgs": attributes_alone(),
        "configuration": configuration(sandbox.url()),
    });
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["unmatched"]), (&json!(true), &json!(["..", "."])), "{answer}");
    let paths: Vec<String> = sandbox.log().into_iter().map(|arrival| arrival.path).collect();
    assert_eq!(paths[..2], ["/oauth/token", "/search/v1"]);
    assert_eq!(paths[2..], [format!("/identities/v1/{smith}/synchronize-attributes")]);
}
