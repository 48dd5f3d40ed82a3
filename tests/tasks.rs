//! A refresh is waited for until its tasks have ended, and whoever was not refreshed is named.

mod support;

use std::time::Duration;

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Endpoint, Fault, Sandbox, TaskEnd};
use serde_json::{Value, json};
use support::{Operation, call, configuration, refresh, says, with};

fn sandbox() -> Sandbox {
    Sandbox::builder().people(600).task_duration(Duration::from_millis(50)).start()
}

/// A refresh of these that is waited for, with further options.
fn waiting(sandbox: &Sandbox, identities: &Value, options: &Value) -> Value {
    let options = with(json!({ "wait": true, "pollIntervalMs": 20 }), options);
    let arguments = all_arguments();
    json!({ "identities": identities, "refreshArgs": arguments, "options": options, "configuration": configuration(sandbox.url()) })
}

/// Everything that the successor of `/cc` does, so that it does nothing unmentioned.
fn all_arguments() -> Value {
    json!({ "correlateEntitlements": true, "promoteAttributes": true, "refreshManagerStatus": true, "provision": true })
}

fn task(sandbox: &Sandbox, id: &str, members: &Value) -> Value {
    let request = json!({ "id": id, "pollIntervalMs": 20, "configuration": configuration(sandbox.url()) });
    call(ffi::cc_get_task, &with(request, members).to_string())
}

/// The id of the task of an answer's first call.
fn task_id(answer: &Value) -> String {
    answer["calls"][0]["task"]["id"].as_str().unwrap_or_else(|| panic!("a task: {answer:#}")).to_owned()
}

#[test]
fn the_answer_comes_when_all_tasks_have_ended() {
    let sandbox = sandbox();
    let filter = json!({
        "filter": "inactive == false", "refreshArgs": all_arguments(), "configuration": configuration(sandbox.url()),
        "options": { "wait": true, "pollIntervalMs": 20, "backend": "process" },
    });
    let answer = refresh(&filter);
    assert_eq!(answer["ok"], true, "{answer:#}");
    let calls = answer["calls"].as_array().expect("a list");
    assert!(calls.len() > 1, "{answer:#}");
    for call in calls {
        let task = &call["task"];
        assert_eq!((&task["state"], &task["completionStatus"]), (&json!("succeeded"), &json!("SUCCESS")), "{task}");
    }
    assert_eq!((&answer["failed"], &answer["warnings"]), (&Value::Null, &Value::Null), "{answer:#}");
    let refreshed = sandbox.identities().into_iter().filter(|person| person.last_refresh.is_some()).count();
    assert!(refreshed >= 250, "{refreshed} were refreshed by the time the answer came");
}

#[test]
fn a_warning_of_a_task_is_a_warning() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("Warning").message("One source was slow."));
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})));
    assert_eq!(answer["ok"], true, "{answer:#}");
    let warning = answer["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains(&task_id(&answer)) && warning.contains("One source was slow."), "{answer:#}");
    assert_eq!(answer["calls"][0]["task"]["state"], "warning");
}

#[test]
fn a_task_that_fails_is_an_error_with_its_messages_and_the_account() {
    for completion in ["ERROR", "Error", "TERMINATED", "TEMPERROR"] {
        let sandbox = sandbox();
        sandbox.script_task(TaskEnd::new(completion).message("The rule Lifecycle has a defect."));
        let answer = refresh(&waiting(&sandbox, &json!(["smith", "nobody.here"]), &json!({})));
        assert_eq!((&answer["error"]["code"], &answer["error"]["sent"]), (&json!("task_failed"), &json!("yes")));
        says(&answer, completion);
        says(&answer, "The rule Lifecycle has a defect.");
        assert_eq!(
            (&answer["calls"][0]["outcome"], &answer["unmatched"]),
            (&json!("accepted"), &json!(["nobody.here"]))
        );
        assert_eq!(answer["calls"][0]["task"]["state"], "failed");
        assert_eq!(sandbox.refreshes().len(), 1);
    }
}

#[test]
fn whoever_was_not_refreshed_is_named_as_they_were_given() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("SUCCESS").failing("smith"));
    let answer = refresh(&waiting(&sandbox, &json!(["amelie.roux", "smith"]), &json!({})));
    assert_eq!(answer["ok"], true, "{answer:#}");
    let failed = answer["failed"].as_array().expect("a list");
    assert_eq!(failed.len(), 1, "{answer:#}");
    assert_eq!((&failed[0]["identity"], &failed[0]["processingState"]), (&json!("smith"), &json!("ERROR")));
    let of_task = task(&sandbox, &task_id(&answer), &json!({ "wait": true, "ids": answer["calls"][0]["ids"] }));
    assert_eq!((&of_task["state"], of_task["failed"].as_array().map(Vec::len)), (&json!("succeeded"), Some(1)));
}

#[test]
fn whoever_is_missing_from_the_tenant_s_list_was_not_refreshed() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_millis(600)));
    let id = sandbox.identities().into_iter().find(|person| person.name == "smith").expect("there").id;
    let operation =
        Operation::start("cc_refresh_identities", &waiting(&sandbox, &json!(["amelie.roux", "smith"]), &json!({})));
    operation.until_phase("waiting");
    sandbox.remove_identity("smith");
    let answer = operation.result();
    assert_eq!(answer["ok"], true, "{answer:#}");
    let missing = json!({ "identity": "smith", "id": id, "processingState": null, "lastRefresh": null });
    assert_eq!(answer["failed"], json!([missing]), "{answer:#}");
    // The task's people are asked for as well.
    let told = task(&sandbox, &task_id(&answer), &json!({ "ids": answer["calls"][0]["ids"] }));
    assert_eq!(told["failed"][0]["id"], json!(id), "{told:#}");
}

/// A request of the application's client, which may search, and not list people.
fn as_application(sandbox: &Sandbox, request: Value) -> Value {
    let client = json!({ "clientId": "application-client", "clientSecret": "application-secret" });
    with(request, &json!({ "configuration": with(configuration(sandbox.url()), &client) }))
}

#[test]
fn without_the_right_to_list_people_the_check_goes_by_search() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("SUCCESS").failing("smith"));
    let request = as_application(&sandbox, waiting(&sandbox, &json!(["amelie.roux", "smith"]), &json!({})));
    let answer = refresh(&request);
    assert_eq!(answer["ok"], true, "{answer:#}");
    let failed = &answer["failed"];
    assert_eq!((failed.as_array().map(Vec::len), &failed[0]["identity"]), (Some(1), &json!("smith")), "{answer:#}");
    assert_eq!(failed[0]["processingState"], "ERROR");
    let warning = answer["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains("by search") && warning.contains("idn:identity:read"), "{answer:#}");

    // Documents with a time tell who was not refreshed by it.
    let person = |name: &str| sandbox.identities().into_iter().find(|person| person.name == name).expect("there").id;
    let documents = json!([
        { "id": person("amelie.roux"), "processingState": null, "lastRefresh": "2020-01-01T00:00:00Z" },
        { "id": person("smith"), "processingState": null },
    ]);
    sandbox.fault(Fault::on(Endpoint::Search).status(200).body(&documents.to_string()).skip(1));
    let answer = refresh(&request);
    let failed = &answer["failed"];
    assert_eq!(
        (failed.as_array().map(Vec::len), &failed[0]["identity"]),
        (Some(1), &json!("amelie.roux")),
        "{answer:#}"
    );
    // Whom search does not have may be there nevertheless.
    sandbox.fault(Fault::on(Endpoint::Search).status(200).body("[]").skip(1));
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["failed"]), (&json!(true), &Value::Null), "{answer:#}");
}

#[test]
fn who_was_refreshed_cannot_be_told_where_neither_list_nor_search_answers() {
    let sandbox = sandbox();
    sandbox.fault(Fault::on(Endpoint::Search).status(403).skip(1).times(0));
    let answer = refresh(&as_application(&sandbox, waiting(&sandbox, &json!(["smith"]), &json!({}))));
    assert_eq!(answer["ok"], true, "{answer:#}");
    let warning = answer["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.starts_with("Who was refreshed could not be looked up:"), "{answer:#}");
}

#[test]
fn a_task_s_id_with_dashes_finds_the_task_without_them() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("WARNING").message("One source was slow.").dashed());
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})));
    let id = task_id(&answer);
    assert_eq!(id.len(), 36, "{answer:#}");
    assert_eq!((&answer["ok"], &answer["calls"][0]["task"]["state"]), (&json!(true), &json!("warning")), "{answer:#}");
    for wait in [false, true] {
        let told = task(&sandbox, &id, &json!({ "wait": wait }));
        assert_eq!((&told["ok"], &told["state"]), (&json!(true), &json!("warning")), "{told:#}");
    }
    // Once it is found, it is asked for by the form that was found.
    sandbox.clear_log();
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_millis(500)).dashed());
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})));
    let dashed = sandbox
        .arrivals(Endpoint::TaskStatus)
        .iter()
        .filter(|arrival| arrival.path.contains(&task_id(&answer)))
        .count();
    assert_eq!((&answer["calls"][0]["task"]["state"], dashed), (&json!("succeeded"), 1), "{answer:#}");
}

#[test]
fn a_task_that_is_not_there_yet_is_waited_for() {
    let sandbox = sandbox();
    sandbox.fault(Fault::on(Endpoint::TaskStatus).status(404).times(40));
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})));
    assert_eq!((&answer["ok"], &answer["warnings"]), (&json!(true), &Value::Null), "{answer:#}");
    assert_eq!(answer["calls"][0]["task"]["state"], "succeeded");
    let answer = refresh(&json!({ "identities": ["smith"], "configuration": configuration(sandbox.url()) }));
    sandbox.fault(Fault::on(Endpoint::TaskStatus).status(404).times(40));
    let told = task(&sandbox, &task_id(&answer), &json!({ "wait": true }));
    assert_eq!(told["state"], "succeeded", "{told:#}");
}

#[test]
fn a_task_that_stays_unknown_is_a_warning_and_its_people_are_asked_for() {
    for backend in ["process", "cc"] {
        let sandbox = sandbox();
        sandbox.fault(Fault::on(Endpoint::TaskStatus).status(404).times(0));
        sandbox.script_task(TaskEnd::new("SUCCESS").failing("smith"));
        let names = if backend == "cc" { json!(["smith"]) } else { json!(["smith", "amelie.roux"]) };
        let options = json!({ "waitTimeoutSec": 1, "backend": backend });
        let answer = refresh(&waiting(&sandbox, &names, &options));
        assert_eq!(answer["ok"], true, "{answer:#}");
        let warning = answer["warnings"][0].as_str().unwrap_or_default();
        assert!(warning.contains("knows no task") && warning.contains(&task_id(&answer)), "{answer:#}");
        let failed = &answer["failed"];
        assert_eq!((failed.as_array().map(Vec::len), &failed[0]["identity"]), (Some(1), &json!("smith")), "{answer:#}");
        assert_eq!(sandbox.refreshes().len(), 1);
    }
    // Who was last refreshed before the call was not refreshed by it.
    let sandbox = sandbox();
    assert_eq!(refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})))["failed"], Value::Null);
    std::thread::sleep(Duration::from_millis(2_100));
    sandbox.fault(Fault::on(Endpoint::TaskStatus).status(404).times(0));
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(600)));
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({ "waitTimeoutSec": 0.5 })));
    assert_eq!((&answer["ok"], &answer["failed"][0]["identity"]), (&json!(true), &json!("smith")), "{answer:#}");
}

#[test]
fn a_task_that_does_not_end_in_time_goes_on_and_can_be_followed() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(2)));
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({ "waitTimeoutSec": 0.1 })));
    assert_eq!((&answer["error"]["code"], &answer["error"]["sent"]), (&json!("timeout"), &json!("yes")), "{answer:#}");
    let id = task_id(&answer);
    says(&answer, "continues at the service");
    says(&answer, &format!("cc_get_task {id}"));
    assert_eq!(task(&sandbox, &id, &json!({}))["state"], "running");
    let ended = task(&sandbox, &id, &json!({ "wait": true }));
    assert_eq!((&ended["state"], &ended["task"]["completionStatus"]), (&json!("succeeded"), &json!("SUCCESS")));
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn the_task_that_cc_names_is_followed_although_nothing_documents_it() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("WARNING").message("Seen."));
    let request = json!({
        "filter": "uid == \"amelie.roux\"", "configuration": configuration(sandbox.url()),
        "options": { "wait": true, "pollIntervalMs": 20 },
    });
    let answer = refresh(&request);
    assert_eq!((&answer["ok"], &answer["backend"]), (&json!(true), &json!("cc")), "{answer:#}");
    assert_eq!(answer["calls"][0]["task"]["state"], "warning");
}

#[test]
fn a_task_that_nobody_has_started_is_not_found() {
    let sandbox = sandbox();
    for id in ["nothing", "../process?x=1#y", "ä ö"] {
        let answer = task(&sandbox, id, &json!({ "wait": true }));
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("not_found"), &json!("no")),
            "{answer:#}"
        );
    }
    assert!(sandbox.refreshes().is_empty());
    let answer = call(ffi::cc_get_task, &json!({ "configuration": configuration(sandbox.url()) }).to_string());
    assert_eq!(answer["error"]["code"], "invalid_argument");
}

#[test]
fn a_question_after_a_task_that_is_lost_is_asked_again_and_the_refresh_is_not() {
    let sandbox = sandbox();
    sandbox.fault(Fault::on(Endpoint::TaskStatus).status(503).times(2));
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})));
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(sandbox.arrivals(Endpoint::Process).len(), 1);
}

#[test]
fn a_cancel_ends_the_wait_for_a_task_and_says_that_the_refresh_was_taken() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(60)));
    let request = waiting(&sandbox, &json!(["smith"]), &json!({ "pollIntervalMs": 60_000 }));
    let operation = Operation::start("cc_refresh_identities", &request);
    operation.until_phase("waiting");
    assert_eq!(operation.cancel(), json!({ "ok": true, "sent": "yes" }));
    let answer = operation.result();
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["sent"]),
        (&json!("cancelled"), &json!("yes")),
        "{answer:#}"
    );
    assert_eq!(answer["calls"][0]["outcome"], "accepted");
}

#[test]
fn a_task_of_an_older_address_is_told_with_a_warning() {
    let sandbox = sandbox();
    let id = task_id(&refresh(&waiting(&sandbox, &json!(["smith"]), &json!({}))));
    let older = with(configuration(sandbox.url()), &json!({ "apiVersion": "v2025" }));
    for wait in [false, true] {
        let answer = task(&sandbox, &id, &json!({ "wait": wait, "configuration": older }));
        assert_eq!((&answer["ok"], answer["warnings"].as_array().map(Vec::len)), (&json!(true), Some(1)), "{answer}");
        assert!(answer["warnings"][0].as_str().is_some_and(|text| text.contains("v2025")), "{answer}");
    }
    assert_eq!(task(&sandbox, &id, &json!({}))["warnings"], Value::Null);
}

#[test]
fn what_is_no_id_is_asked_of_nobody() {
    let sandbox = sandbox();
    for id in [".", ".."] {
        let answer = task(&sandbox, id, &json!({}));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
    }
    assert!(sandbox.log().iter().all(|arrival| arrival.endpoint == Endpoint::Token), "{:?}", sandbox.log());
}

#[test]
fn what_was_accepted_is_followed_although_another_call_has_failed() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("WARNING").message("One source was slow."));
    sandbox.fault(Fault::on(Endpoint::Process).status(400).skip(1));
    let ids: Vec<String> = sandbox.identities().into_iter().map(|person| person.id).take(500).collect();
    let request = with(waiting(&sandbox, &json!(ids), &json!({})), &json!({ "identityAttribute": "id" }));
    let configuration = with(request["configuration"].clone(), &json!({ "maximumConcurrency": 1 }));
    let request = with(request, &json!({ "configuration": configuration }));
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "partial_failure", "{}", answer["error"]);
    assert_eq!(answer["calls"][0]["task"]["state"], "warning");
    assert_eq!((&answer["calls"][1]["outcome"], &answer["calls"][1]["task"]), (&json!("rejected"), &Value::Null));
    assert!(answer["warnings"].to_string().contains("One source was slow."), "{}", answer["warnings"]);

    // The task's own failure is told beside.
    sandbox.script_task(TaskEnd::new("ERROR").message("The rule Lifecycle has a defect."));
    sandbox.fault(Fault::on(Endpoint::Process).status(400).skip(1));
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "partial_failure", "{}", answer["error"]);
    assert!(answer["warnings"].to_string().contains("The rule Lifecycle has a defect."), "{}", answer["warnings"]);
}

#[test]
fn an_error_brings_the_warnings_that_came_before_it() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("ERROR"));
    let request = with(waiting(&sandbox, &json!(["smith"]), &json!({ "allowBroader": true })), &json!({}));
    let configuration = with(request["configuration"].clone(), &json!({ "apiVersion": "v2025" }));
    let request =
        with(request, &json!({ "configuration": configuration, "refreshArgs": { "correlateEntitlements": false } }));
    let warned = |answer: &Value| {
        let warnings = answer["warnings"].to_string();
        assert!(warnings.contains("correlateEntitlements") && warnings.contains("X-Deprecated"), "{answer:#}");
    };
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "task_failed", "{answer:#}");
    warned(&answer);
    sandbox.fault(Fault::on(Endpoint::Process).status(403));
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "forbidden", "{answer:#}");
    warned(&answer);
}

#[test]
fn a_wait_that_is_shorter_than_the_interval_asks_at_its_end() {
    let sandbox = sandbox();
    let options = json!({ "waitTimeoutSec": 1, "pollIntervalMs": 3_600_000 });
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &options));
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(answer["calls"][0]["task"]["state"], "succeeded");
}

#[test]
fn no_error_of_the_wait_reads_as_if_the_refresh_could_be_sent_again() {
    for (status, code) in [(403, "forbidden"), (429, "rate_limited"), (500, "http_status")] {
        let sandbox = sandbox();
        sandbox.fault(Fault::on(Endpoint::TaskStatus).status(status).retry_after(3_600).times(0));
        let answer = refresh(&waiting(&sandbox, &json!(["smith", "nobody.here"]), &json!({})));
        assert_eq!((&answer["error"]["code"], &answer["error"]["sent"]), (&json!(code), &json!("yes")), "{answer:#}");
        says(&answer, "do not send it again");
        says(&answer, &format!("cc_get_task {}", task_id(&answer)));
        assert!(!answer["error"].to_string().contains("safe to try again"), "{answer:#}");
        assert_eq!(
            (&answer["calls"][0]["outcome"], &answer["unmatched"]),
            (&json!("accepted"), &json!(["nobody.here"]))
        );
    }
}

#[test]
fn a_client_that_may_not_list_people_is_told_so_once() {
    let sandbox = sandbox();
    let ids: Vec<String> =
        sandbox.identities().into_iter().filter(|person| person.correlated).map(|person| person.id).collect();
    let request = with(waiting(&sandbox, &json!(ids), &json!({})), &json!({ "identityAttribute": "id" }));
    let answer = refresh(&as_application(&sandbox, request));
    assert_eq!((&answer["ok"], answer["calls"].as_array().map(Vec::len)), (&json!(true), Some(3)), "{answer:#}");
    assert_eq!(answer["warnings"].as_array().map(Vec::len), Some(1), "{}", answer["warnings"]);
    assert_eq!(sandbox.arrivals(Endpoint::Identities).len(), 1, "and the list is not asked for again");
}

#[test]
fn a_task_that_has_ended_is_asked_for_its_people_without_a_wait_as_well() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("ERROR").failing("smith"));
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})));
    let told = task(&sandbox, &task_id(&answer), &json!({ "ids": answer["calls"][0]["ids"] }));
    assert_eq!((&told["ok"], &told["state"]), (&json!(true), &json!("failed")), "{told:#}");
    assert_eq!(told["failed"][0]["processingState"], "ERROR", "{told:#}");
}

#[test]
fn a_task_in_an_unusual_form_is_read_as_far_as_it_goes() {
    let sandbox = sandbox();
    for (body, state, messages) in [
        (json!({}), "running", json!(null)),
        (json!({ "completionStatus": "", "messages": null, "percentComplete": "50" }), "running", json!(null)),
        (json!({ "completionStatus": null, "percentComplete": 250.5 }), "running", json!(null)),
        (json!({ "completionStatus": " Success ", "messages": "done" }), "succeeded", json!(null)),
        (json!({ "completionStatus": "Success", "messages": ["done", " ", 7, null] }), "succeeded", json!(["done"])),
        (json!({ "completionStatus": 7, "messages": [[]] }), "running", json!(null)),
        (json!({ "completionStatus": "ABANDONED" }), "failed", json!(null)),
        (
            json!({ "completionStatus": "Warning", "messages": [
                { "localizedText": { "message": null }, "key": "a_key" }, { "localizedText": null, "key": null },
                { "localizedText": { "message": "A text.\u{7}" }, "key": "no" },
            ] }),
            "warning",
            json!(["a_key", "A text.\\u{7}"]),
        ),
    ] {
        sandbox.fault(Fault::on(Endpoint::TaskStatus).status(200).body(&body.to_string()));
        let answer = task(&sandbox, "1", &json!({}));
        assert_eq!((&answer["state"], &answer["messages"], &answer["task"]), (&json!(state), &messages, &body));
    }
    for body in ["[]", "null", "\"SUCCESS\"", "7", "", "SUCCESS"] {
        sandbox.fault(Fault::on(Endpoint::TaskStatus).status(200).body(body));
        let answer = task(&sandbox, "1", &json!({}));
        assert_eq!(answer["error"]["code"], "invalid_response", "{body}: {answer:#}");
    }
}

#[test]
fn a_task_s_id_that_is_none_breaks_nothing() {
    let long = "x".repeat(100_000);
    for id in ["", " ", ".", "..", "a\"b;\n\u{1b}[0m$(c)", "../process?", &long] {
        let sandbox = sandbox();
        let body = json!({ "type": "TASK_RESULT", "id": id }).to_string();
        sandbox.fault(Fault::on(Endpoint::Process).status(202).body(&body));
        let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({ "waitTimeoutSec": 0.1 })));
        assert_eq!(answer["calls"][0]["outcome"], "accepted", "{id:?}: {answer:#}");
        let warnings = answer["warnings"].to_string();
        if id.trim().is_empty() {
            assert_eq!((&answer["ok"], &answer["calls"][0]["task"]), (&json!(true), &Value::Null), "{answer:#}");
            assert!(warnings.contains("names no task"), "{answer:#}");
        } else if id.len() < 1_000 {
            assert_eq!(answer["ok"], true, "{id:?}: {answer:#}");
            assert!(warnings.contains("knows no task") && warnings.len() < 1_000, "{id:?}: {warnings}");
        } else {
            assert_eq!(answer["error"]["sent"], "yes", "{answer:#}");
            assert!(answer["error"]["message"].as_str().is_some_and(|message| message.len() < 1_000), "{answer:#}");
        }
        assert_eq!(sandbox.arrivals(Endpoint::Process).len(), 1);
    }
}

#[test]
fn an_outage_that_outlasts_the_repetitions_does_not_end_the_wait() {
    let sandbox = sandbox();
    sandbox.fault(Fault::on(Endpoint::TaskStatus).status(503).times(9));
    let answer = refresh(&waiting(&sandbox, &json!(["smith"]), &json!({})));
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(answer["calls"][0]["task"]["state"], "succeeded");
    // One that does not end does.
    sandbox.fault(Fault::on(Endpoint::TaskStatus).status(503).times(0));
    let answer = refresh(&waiting(&sandbox, &json!(["amelie.roux"]), &json!({ "pollIntervalMs": 10 })));
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["sent"]),
        (&json!("http_status"), &json!("yes")),
        "{answer:#}"
    );
    assert_eq!(sandbox.arrivals(Endpoint::Process).len(), 2);
}

#[test]
fn an_error_of_a_query_says_whether_other_tasks_would_meet_it() {
    let sandbox = sandbox();
    sandbox.script_task(TaskEnd::new("ERROR"));
    let id = task_id(&refresh(&waiting(&sandbox, &json!(["smith"]), &json!({ "wait": false }))));
    let stops = |answer: &Value| answer["error"]["stopsRun"].as_bool().unwrap_or_default();
    for (answer, code) in [
        (task(&sandbox, "nonsense", &json!({})), "not_found"),
        (task(&sandbox, " ", &json!({})), "invalid_argument"),
        (task(&sandbox, &id, &json!({ "wait": true })), "task_failed"),
    ] {
        assert_eq!((&answer["error"]["code"], stops(&answer)), (&json!(code), false), "{answer:#}");
    }
    for (members, code) in [
        (json!({ "accessToken": "wrong" }), "unauthorized"),
        (json!({ "baseUrl": "no address" }), "invalid_argument"),
        (json!({ "baseUrl": "http://127.0.0.1:9", "maximumRetryCount": 0 }), "connection"),
    ] {
        let configuration = with(configuration(sandbox.url()), &members);
        let answer = task(&sandbox, &id, &json!({ "configuration": configuration }));
        assert_eq!((&answer["error"]["code"], stops(&answer)), (&json!(code), true), "{answer:#}");
    }
    sandbox.fault(Fault::on(Endpoint::TaskStatus).status(403).times(0));
    let answer = task(&sandbox, &id, &json!({}));
    assert_eq!((&answer["error"]["code"], stops(&answer)), (&json!("forbidden"), true), "{answer:#}");
}
