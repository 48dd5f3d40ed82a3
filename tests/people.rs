//! People by name: each name touches exactly the person who has it, and everybody who was given is accounted for.

mod support;

use pssailpointcc_sandbox::{Endpoint, Identity, Sandbox};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

fn request(sandbox: &Sandbox, identities: Value) -> Value {
    json!({ "identities": identities, "configuration": configuration(sandbox.url()) })
}

/// The names of everybody who was refreshed, by call.
fn refreshed(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.refreshes().into_iter().map(|refresh| refresh.names).collect()
}

fn id_of(sandbox: &Sandbox, name: &str) -> String {
    sandbox.identities().into_iter().find(|person| person.name == name).expect("somebody of that name").id
}

#[test]
fn people_go_out_by_their_ids_and_nobody_is_lost() {
    let sandbox = Sandbox::start();
    let answer = refresh(&request(&sandbox, json!(["smith", "nobody.here", "amelie.roux", "smith"])));
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(refreshed(&sandbox), [["smith", "amelie.roux"]]);
    let ids = [id_of(&sandbox, "smith"), id_of(&sandbox, "amelie.roux")];
    assert_eq!(answer["backend"], "process");
    assert_eq!(
        (&answer["matched"], &answer["matchedExactly"], &answer["undecided"]),
        (&json!(2), &json!(true), &json!(0))
    );
    assert_eq!((&answer["unmatched"], &answer["ambiguous"]), (&json!(["nobody.here"]), &json!([])));
    let call = &answer["calls"][0];
    assert_eq!((&call["identities"], &call["ids"]), (&json!(["smith", "amelie.roux"]), &json!(ids)));
    assert_eq!(
        (&call["call"], &call["outcome"], &call["status"]),
        (&json!("process"), &json!("accepted"), &json!(202))
    );
    assert_eq!(call["task"], answer["response"]["body"], "{answer}");
    let arrival = &sandbox.arrivals(Endpoint::Process)[0];
    assert_eq!(arrival.header("x-sailpoint-experimental"), Some("true"));
    assert_eq!(arrival.path, "/identities/v1/process");
    assert_eq!(sandbox.arrivals(Endpoint::Search).len(), 1);
}
