//! A host that does not have the configured version of the API: questions are repeated with the next one, once, and it is
//! remembered. A refresh is never repeated.

mod support;

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Endpoint, Fault, Sandbox};
use serde_json::{Value, json};
use support::{arrived, call, configuration, configured, find, refresh, refused, says};

const FILTER: &str = r#"uid == "amelie.roux" || uid == "john.smith""#;

fn all_arguments() -> Value {
    json!({ "correlateEntitlements": true, "promoteAttributes": true, "refreshManagerStatus": true, "provision": true })
}

fn by_process(sandbox: &Sandbox) -> Value {
    json!({
        "filter": FILTER, "refreshArgs": all_arguments(), "options": { "backend": "process" },
        "configuration": configuration(sandbox.url()),
    })
}

/// The paths that were asked for, without that of tokens.
fn paths(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log().into_iter().filter(|arrival| arrival.endpoint != Endpoint::Token);
    let paths = log.map(|arrival| arrival.path).collect();
    sandbox.clear_log();
    paths
}

/// The answer is ok, and warns of the version.
fn is_told(answer: &Value, missing: &str, used: &str) {
    assert_eq!(answer["ok"], true, "{answer:#}");
    let warnings = answer["warnings"].as_array().unwrap_or_else(|| panic!("warnings: {answer:#}"));
    let says = format!("does not have apiVersion {missing}: {used} is used");
    assert!(warnings.len() == 1 && warnings[0].to_string().contains(&says), "{answer:#}");
}

#[test]
fn a_gateway_without_v1_is_asked_in_the_next_version_once_and_that_is_remembered() {
    for status in [404, 401] {
        let sandbox = Sandbox::builder().without_versions(&["v1"], status).start();
        is_told(&refresh(&by_process(&sandbox)), "v1", "v2026");
        let after = ["/v2026/search", "/v2026/search/count", "/v2026/identities/process"];
        assert_eq!(paths(&sandbox), [&["/search/v1"], &after[..]].concat(), "{status}");
        let answer = refresh(&configured(by_process(&sandbox), &json!({ "timeoutSec": 50 })));
        assert_eq!((&answer["ok"], &answer["warnings"]), (&json!(true), &Value::Null), "{answer:#}");
        assert!(paths(&sandbox).iter().all(|path| path.starts_with("/v2026/")));
        assert_eq!(arrived(&sandbox, Endpoint::Token), 0, "401 is no matter of tokens");
    }
}

#[test]
fn every_kind_of_question_finds_the_version() {
    let without_v1 = || Sandbox::builder().without_versions(&["v1"], 404).start();
    let sandbox = without_v1();
    let filter = json!({ "filter": r#"department == "Engineering" && uid == "amelie.roux""#, "configuration": configuration(sandbox.url()) });
    is_told(&refresh(&filter), "v1", "v2026");
    assert_eq!(
        paths(&sandbox),
        ["/identity-attributes/v1", "/v2026/identity-attributes", "/v2026/search", "/cc/api/system/refreshIdentities"]
    );
    let sandbox = without_v1();
    is_told(&find(&json!({ "filter": FILTER, "configuration": configuration(sandbox.url()) })), "v1", "v2026");
    let sandbox = without_v1();
    let names = json!({
        "identities": ["amelie.roux"], "refreshArgs": all_arguments(), "options": { "wait": true, "pollIntervalMs": 20 },
        "configuration": configuration(sandbox.url()),
    });
    let answer = refresh(&names);
    is_told(&answer, "v1", "v2026");
    assert_eq!(answer["calls"][0]["task"]["state"], "succeeded", "{answer:#}");
    // A program that only follows the task.
    let other = Sandbox::builder().without_versions(&["v1"], 404).start();
    let task = json!({ "id": "0123456789abcdef0123456789abcdef", "configuration": configuration(other.url()) });
    let answer = call(ffi::cc_get_task, &task.to_string());
    assert_eq!(answer["error"]["code"], "not_found", "{answer:#}");
    let id_with_dashes = "01234567-89ab-cdef-0123-456789abcdef";
    let in_both_versions =
        ["/task-status/v1/0123456789abcdef0123456789abcdef", "/v2026/task-status/0123456789abcdef0123456789abcdef"];
    let asked = paths(&other);
    assert_eq!(asked[..2], in_both_versions);
    assert!(asked[2..].iter().all(|path| path.contains(id_with_dashes)), "{asked:?}");
}

#[test]
fn any_configured_version_that_is_missing_is_replaced() {
    let sandbox = Sandbox::builder().without_versions(&["v2025"], 404).start();
    let answer = refresh(&configured(by_process(&sandbox), &json!({ "apiVersion": "v2025" })));
    is_told(&answer, "v2025", "v1");
}

#[test]
fn a_refresh_is_not_repeated_and_its_error_names_the_version() {
    for status in [404, 405, 410] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Process).status(status).times(0));
        let answer = refresh(&by_process(&sandbox));
        assert_eq!(answer["calls"][0]["outcome"], "rejected", "{answer:#}");
        says(&answer, "apiVersion v1");
        assert_eq!((arrived(&sandbox, Endpoint::Process), arrived(&sandbox, Endpoint::Search)), (1, 1));
    }
}

#[test]
fn where_neither_version_is_there_the_error_says_which_were_tried() {
    let sandbox = Sandbox::builder().without_versions(&["v1", "v2026"], 404).start();
    for _ in 0..2 {
        let error = refused(&sandbox, &by_process(&sandbox), "not_found");
        says(&error, "apiVersion v1");
        says(&error, "v2026 was tried as well");
        says(&error, "v2025");
        assert_eq!(paths(&sandbox), ["/search/v1", "/v2026/search"], "nothing was remembered");
    }
    let answer = refresh(&configured(by_process(&sandbox), &json!({ "apiVersion": "v2025" })));
    assert_eq!(answer["ok"], true, "the hint leads on: {answer:#}");
}

#[test]
fn a_host_that_has_answered_is_not_suspected_for_a_task_that_it_does_not_have() {
    let sandbox = Sandbox::start();
    assert_eq!(refresh(&by_process(&sandbox))["ok"], true);
    let task = json!({ "id": "0123456789abcdef0123456789abcdef", "configuration": configuration(sandbox.url()) });
    let answer = call(ffi::cc_get_task, &task.to_string());
    assert_eq!(answer["error"]["code"], "not_found");
    assert!(!answer["error"].to_string().contains("apiVersion"), "{answer:#}");
    assert!(sandbox.arrivals(Endpoint::TaskStatus).iter().all(|arrival| arrival.path.starts_with("/task-status/v1/")));
}

#[test]
fn system_and_silent_attributes_are_asked_for_so_that_filters_can_name_them() {
    let sandbox = Sandbox::start();
    for attribute in ["cloudStatus", "identityState", "internalCloudStatus", "cloudLifecycleState"] {
        let filter = format!("{attribute} != \"none of these\" && uid == \"amelie.roux\"");
        let answer = refresh(&json!({ "filter": filter, "configuration": configuration(sandbox.url()) }));
        assert_ne!(answer["error"]["code"], "preflight_unavailable", "{attribute}: {answer:#}");
    }
    for arrival in sandbox.arrivals(Endpoint::IdentityAttributes) {
        assert_eq!(arrival.query, "includeSystem=true&includeSilent=true");
    }
}
