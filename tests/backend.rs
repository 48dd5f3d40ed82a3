//! Which way a refresh goes, and what differs on each: held against the sandbox's log.

mod support;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox, Scope};
use serde_json::{Value, json};
use support::{configuration, refresh, with};

fn request(sandbox: &Sandbox, filter: &str) -> Value {
    json!({ "filter": filter, "configuration": configuration(sandbox.url()) })
}

#[test]
fn a_filter_goes_out_as_the_ids_of_those_whom_it_means() {
    let sandbox = Sandbox::start();
    let options = json!({ "options": { "backend": "process" } });
    let answer = refresh(&with(request(&sandbox, r#"location == "London""#), &options));
    assert_eq!(answer["ok"], true, "{answer:#}");
    let meant: Vec<_> = sandbox.identities().into_iter().filter(|p| p.correlated && p.text("location") == "London").collect();
    let mut ids: Vec<String> = meant.iter().map(|person| person.id.clone()).collect();
    ids.sort();
    assert_eq!((&answer["backend"], &answer["matched"]), (&json!("process"), &json!(ids.len())), "{answer}");
    let refreshes = sandbox.refreshes();
    assert_eq!(refreshes.len(), 1);
    assert_eq!((refreshes[0].by, &refreshes[0].ids), (Endpoint::Process, &ids));
    assert_eq!(answer["calls"][0]["identities"], json!(ids));
}

#[test]
fn every_form_of_a_retired_cc_goes_over_and_is_remembered() {
    for status in [404, 405, 410, 401] {
        let sandbox = Sandbox::builder().retired(status).start();
        let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
        assert_eq!((&answer["ok"], &answer["backend"]), (&json!(true), &json!("process")), "{status}: {answer:#}");
        let why = answer["wentOver"].as_str().expect("a sentence");
        assert!(why.contains(&status.to_string()) && why.contains(sandbox.url()), "{why}");
        assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 1, "401 is no matter of tokens");
        assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 1);
        let answer = refresh(&request(&sandbox, r#"uid == "Smith""#));
        assert_eq!((&answer["backend"], &answer["wentOver"]), (&json!("process"), &Value::Null), "{answer}");
        assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), 1, "remembered");
        let names: Vec<_> = sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).collect();
        assert_eq!(names, ["smith", "Smith"]);
    }
}
