//! People by name by `/cc`, one call each: nobody is sent who was not confirmed, and who may be meant as well is told.

mod support;

use std::time::Duration;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

fn request(sandbox: &Sandbox, attribute: &str, identities: Value) -> Value {
    json!({
        "identities": identities, "identityAttribute": attribute, "options": { "backend": "cc" },
        // One call after the other, so that they arrive in the order of the names.
        "configuration": with(configuration(sandbox.url()), &json!({ "maximumConcurrency": 1 })),
    })
}

fn id_of(sandbox: &Sandbox, name: &str) -> String {
    sandbox.identities().into_iter().find(|person| person.name == name).expect("somebody of that name").id
}

/// The first 260 of a tenant of 600: more than one question asks for.
fn many(sandbox: &Sandbox) -> Vec<String> {
    sandbox.identities().into_iter().filter(|person| person.correlated).map(|person| person.name).take(260).collect()
}

/// The names of everybody who was refreshed, by call.
fn refreshed(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.refreshes().into_iter().map(|refresh| refresh.names).collect()
}

#[test]
fn each_person_is_a_call_with_the_form_that_works() {
    let sandbox = Sandbox::start();
    let arguments = json!({ "promoteAttributes": "true", "refreshLinks": false });
    let cc =
        |names: Value, attribute: &str| with(request(&sandbox, attribute, names), &json!({ "refreshArgs": arguments }));
    let answer = refresh(&cc(json!(["smith", "nobody", "CORP\\dana", "Smith"]), "uid"));
    assert_eq!(
        (&answer["ok"], &answer["backend"], &answer["matched"]),
        (&json!(true), &json!("cc"), &json!(3)),
        "{answer}"
    );
    assert_eq!(refreshed(&sandbox), [["smith"], ["CORP\\dana"], ["Smith"]]);
    assert_eq!(answer["unmatched"], json!(["nobody"]));
    let bodies: Vec<Value> = sandbox
        .arrivals(Endpoint::Refresh)
        .iter()
        .map(|arrival| serde_json::from_slice(&arrival.body).expect("JSON"))
        .collect();
    assert_eq!(bodies[1], json!({ "filter": r#"uid == "CORP\\dana""#, "refreshArgs": arguments }));
    let call = &answer["calls"][1];
    assert_eq!((&call["call"], &call["identities"]), (&json!("refreshIdentities"), &json!(["CORP\\dana"])));
    assert_eq!(call["ids"], json!([id_of(&sandbox, "CORP\\dana")]));

    let error = refresh(&cc(json!(["CC-100"]), "costCenter"))["error"].take();
    assert_eq!(error["code"], "preflight_unavailable", "{error}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("costCenter")), "{error}");
    assert_eq!(refresh(&cc(json!(["nobody"]), "uid"))["error"]["code"], "no_match");
    let id = id_of(&sandbox, "AND");
    assert_eq!(refresh(&cc(json!([id, "0000"]), "id"))["unmatched"], json!(["0000"]), "ids are looked up, too");
    assert_eq!(refreshed(&sandbox).pop(), Some(vec!["AND".to_owned()]));
    let answer = refresh(&with(
        cc(json!(["smith", "Smith"]), "uid"),
        &json!({ "options": { "backend": "cc", "dryRun": true } }),
    ));
    assert_eq!(
        (&answer["plan"]["calls"][0]["count"], &answer["plan"]["identities"][1]["name"]),
        (&json!(2), &json!("Smith"))
    );
    assert_eq!(sandbox.refreshes().len(), 4);
}

#[test]
fn whoever_has_gone_since_is_not_sent() {
    let sandbox = Sandbox::builder().people(600).start();
    let names = many(&sandbox);
    // Both questions are answered, then the first refresh takes its time.
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Slow).delay(Duration::from_millis(500)));
    let request = request(&sandbox, "uid", json!(names));
    let answer = std::thread::scope(|scope| {
        let answer = scope.spawn(|| refresh(&request));
        while sandbox.arrivals(Endpoint::Refresh).is_empty() {
            std::thread::yield_now();
        }
        sandbox.remove_identity(&names[255]);
        answer.join().expect("an answer")
    });
    assert_eq!(answer["ok"], true, "{answer}");
    let gone: Vec<&Value> =
        answer["calls"].as_array().expect("a list").iter().filter(|call| call["reason"] == "gone").collect();
    assert_eq!((gone.len(), &gone[0]["identities"]), (1, &json!([names[255]])), "{gone:?}");
    assert_eq!(sandbox.refreshes().len(), 259);
    assert!(sandbox.refreshes().iter().all(|refresh| refresh.names.len() == 1), "nobody but who was named");
}

#[test]
fn whoever_has_gone_is_counted_as_not_sent_where_another_call_fails() {
    let sandbox = Sandbox::builder().people(600).start();
    let names = many(&sandbox);
    // The second question is answered as the tenant was when it came.
    let slow = FaultKind::Slow;
    sandbox.fault(Fault::on(Endpoint::Search).kind(slow).skip(1).delay(Duration::from_millis(500)));
    sandbox.fault(Fault::on(Endpoint::Refresh).status(400));
    let request = request(&sandbox, "uid", json!(names));
    let answer = std::thread::scope(|scope| {
        let answer = scope.spawn(|| refresh(&request));
        while sandbox.arrivals(Endpoint::Search).len() < 2 {
            std::thread::yield_now();
        }
        sandbox.remove_identity(&names[0]);
        answer.join().expect("an answer")
    });
    assert_eq!(answer["calls"][0], json!({ "identities": [names[0]], "outcome": "not_sent", "reason": "gone" }));
    assert_eq!(answer["error"]["code"], "partial_failure", "{}", answer["error"]);
    let message = answer["error"]["message"].as_str().expect("text");
    assert!(message.starts_with("1 of 259 calls did not succeed"), "{message}");
    assert!(message.contains("258 were accepted, 1 rejected, 1 not sent"), "{message}");
}

#[test]
fn whoever_the_service_may_take_for_a_named_person_is_told_and_counts_for_the_maximum() {
    let sandbox = Sandbox::builder().identities(["smith", "Smith", "SMITH", "jones"].map(Identity::new).into()).start();
    let answer = refresh(&request(&sandbox, "uid", json!(["smith", "jones"])));
    let counted =
        |answer: &Value| (answer["matched"].clone(), answer["matchedExactly"].clone(), answer["undecided"].clone());
    assert_eq!(counted(&answer), (json!(2), json!(false), json!(2)), "{answer}");
    // Whoever is named as well is meant for certain.
    let all = json!(["smith", "Smith", "SMITH"]);
    assert_eq!(counted(&refresh(&request(&sandbox, "uid", all))), (json!(3), json!(true), json!(0)));
    let few = json!({ "options": { "backend": "cc", "maxIdentities": 3 } });
    let error = refresh(&with(request(&sandbox, "uid", json!(["smith", "jones"])), &few))["error"].take();
    assert_eq!(error["code"], "too_many_matches", "{error}");
    assert!(
        error["message"].as_str().is_some_and(|text| text.starts_with("2 people are named, and 2 more")),
        "{error}"
    );
    // By their ids nobody else can be meant.
    let few = json!({ "options": { "backend": "process", "maxIdentities": 2 } });
    let answer = refresh(&with(request(&sandbox, "uid", json!(["smith", "jones"])), &few));
    assert_eq!(counted(&answer), (json!(2), json!(true), json!(0)), "{answer}");
}
