//! Background operations: what a number may be used for, and that a cancel ends whatever an operation waits for.

mod support;

use std::ffi::CString;
use std::time::Duration;

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox, TaskEnd};
use serde_json::{Value, json};
use support::{Operation, configuration, envelope, find, refresh, until, with};

const REFRESH: &str = "cc_refresh_identities";
const FIND: &str = "cc_find_identities";
const LONG: Duration = Duration::from_secs(600);

/// A refresh of one person, with a configuration that has `members` in it.
fn person(sandbox: &Sandbox, members: &Value) -> Value {
    json!({ "filter": "uid == \"amelie.roux\"", "configuration": with(configuration(sandbox.url()), members) })
}

fn slow(endpoint: Endpoint) -> Fault {
    Fault::on(endpoint).kind(FaultKind::Slow).delay(LONG).times(0)
}

/// Waits until so many requests have come to an endpoint.
fn until_arrived(sandbox: &Sandbox, endpoint: Endpoint, number: usize) {
    until("a request's arrival", || (sandbox.arrivals(endpoint).len() == number).then_some(()));
}

/// Cancels, and checks that the result says so, that nothing more has come to the sandbox, and that the next call works
/// at once.
fn cancelled(sandbox: &Sandbox, operation: &Operation, sent: &str) {
    let arrived = sandbox.log().len();
    assert_eq!(operation.cancel(), json!({ "ok": true, "sent": sent }));
    let result = operation.result();
    assert_eq!(result["error"]["code"], "cancelled", "{result}");
    assert_eq!(result["error"]["sent"], sent, "{result}");
    assert_eq!(operation.cancel(), json!({ "ok": true, "sent": sent }), "cancelled twice");
    assert_eq!(operation.result(), result);
    sandbox.clear_faults();
    let other = json!({
        "filter": "uid == \"amelie.roux\"", "options": { "preflight": false },
        "configuration": { "baseUrl": sandbox.url(), "accessToken": "sandbox-token", "lookup": support::nowhere() },
    });
    let next = refresh(&other);
    assert_eq!(next["ok"], true, "{next}");
    assert_eq!(sandbox.log().len(), arrived + 1, "nothing but the next call came after the cancel");
}

#[test]
fn an_operation_gives_what_the_function_gives_and_the_same_each_time_until_it_is_freed() {
    let sandbox = Sandbox::start();
    let question = json!({ "filter": "department == \"Engineering\"", "configuration": configuration(sandbox.url()) });
    let operation = Operation::start(FIND, &question);
    let found = operation.result();
    assert_eq!(found, find(&question));
    assert_eq!(found["ok"], true);
    assert_eq!(operation.wait(0), operation.wait(60_000));
    assert_eq!(operation.cancel(), json!({ "ok": true, "sent": "no" }), "too late");
    assert_eq!(operation.result(), found);

    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({})));
    let refreshed = operation.result();
    let call = &refreshed["calls"][0];
    assert_eq!((&call["outcome"], &call["status"]), (&json!("accepted"), &json!(200)), "{refreshed}");
    assert_eq!(operation.cancel(), json!({ "ok": true, "sent": "yes" }));
    assert_eq!(operation.result(), refreshed);
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn a_run_that_ends_in_time_gives_the_answer_and_leaves_no_operation_behind() {
    let sandbox = Sandbox::start();
    let question = json!({ "filter": "department == \"Engineering\"", "configuration": configuration(sandbox.url()) });
    let before = Operation::start(FIND, &question);
    let (number, answer) = run(Some(FIND), Some(&question), 60_000);
    assert_eq!((number, &answer["state"]), (0, &json!("done")), "{answer}");
    assert_eq!(answer["result"], before.result());
    let next = Operation::start(FIND, &question);
    assert_eq!(next.0, before.0 + 2, "it had a number");
    assert_eq!(envelope(ffi::cc_operation_wait(before.0 + 1, 0))["state"], "unknown", "it was freed");
}

#[test]
fn a_run_that_does_not_end_in_time_gives_the_number_of_the_operation_that_goes_on() {
    let sandbox = Sandbox::start();
    sandbox.fault(slow(Endpoint::Refresh));
    let (number, answer) = run(Some(REFRESH), Some(&person(&sandbox, &json!({}))), 20);
    let operation = Operation(number);
    assert_eq!((&answer["ok"], &answer["state"]), (&json!(true), &json!("running")), "{answer}");
    until_arrived(&sandbox, Endpoint::Refresh, 1);
    cancelled(&sandbox, &operation, "maybe");
}

#[test]
fn a_run_without_a_place_for_its_number_is_cancelled_when_its_time_is_over() {
    let sandbox = Sandbox::start();
    sandbox.fault(slow(Endpoint::Search));
    let (function, text) = (c_string(REFRESH), c_string(&person(&sandbox, &json!({})).to_string()));
    // SAFETY: NUL-terminated and alive during the call; NULL for the number is allowed.
    let answer = unsafe { ffi::cc_operation_run(function.as_ptr(), text.as_ptr(), 20, std::ptr::null_mut()) };
    assert_eq!(envelope(answer)["state"], "running");
    sandbox.clear_faults();
    assert_eq!(refresh(&person(&sandbox, &json!({})))["ok"], true);
    assert_eq!(sandbox.refreshes().len(), 1, "only the second one's");
}

#[test]
fn what_is_wrong_with_the_arguments_of_a_run_is_its_result() {
    for (function, text, part) in [
        (None, Some(&json!({})), "function is NULL"),
        (Some(REFRESH), None, "The request is NULL"),
        (Some(REFRESH), Some(&json!({ "fliter": 1 })), "fliter"),
    ] {
        let (number, answer) = run(function, text, 60_000);
        assert_eq!((number, &answer["result"]["error"]["code"]), (0, &json!("invalid_argument")), "{answer}");
        let message = answer["result"]["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{message}");
    }
}

/// `cc_operation_run`: the number and the answer.
fn run(function: Option<&str>, request: Option<&Value>, timeout_ms: u32) -> (u64, Value) {
    let function = function.map(c_string);
    let text = request.map(|request| c_string(&request.to_string()));
    let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    let mut number = u64::MAX;
    // SAFETY: NULL, or NUL-terminated and alive during the call.
    let answer = unsafe { ffi::cc_operation_run(pointer(&function), pointer(&text), timeout_ms, &raw mut number) };
    (number, envelope(answer))
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

#[test]
fn numbers_that_are_stale_or_invented_are_unknown_and_do_no_harm() {
    let sandbox = Sandbox::start();
    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({})));
    assert_ne!(operation.0, 0);
    ffi::cc_operation_free(operation.0);
    ffi::cc_operation_free(operation.0);
    for number in [operation.0, 0, u64::MAX, u64::MAX / 3] {
        for answer in [ffi::cc_operation_wait(number, 60_000), ffi::cc_operation_cancel(number)] {
            let answer = envelope(answer);
            assert_eq!((&answer["ok"], &answer["state"]), (&json!(false), &json!("unknown")), "{answer}");
            assert_eq!(answer["error"]["code"], "invalid_argument");
        }
        ffi::cc_operation_free(number);
    }
}

#[test]
fn what_is_wrong_with_the_arguments_is_told_by_the_first_wait() {
    let start = |function: Option<&[u8]>, text: Option<&[u8]>| {
        let text_of = |bytes: Option<&[u8]>| bytes.map(|bytes| CString::new(bytes).expect("no NUL"));
        let (function, text) = (text_of(function), text_of(text));
        let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        // SAFETY: NULL, or NUL-terminated and alive during the call.
        Operation(unsafe { ffi::cc_operation_start(pointer(&function), pointer(&text)) })
    };
    let refresh = Some(REFRESH.as_bytes());
    for (function, text, part) in [
        (None, Some(&b"{}"[..]), "function is NULL"),
        (Some(&b"cc_refresh_identitys"[..]), Some(b"{}"), "cannot run as an operation"),
        (Some(b"\xff"), Some(b"{}"), "UTF-8"),
        (refresh, None, "The request is NULL"),
        (refresh, Some(b"\xff"), "UTF-8"),
        (refresh, Some(b"no JSON"), "not JSON"),
        (refresh, Some(b"{\"fliter\": 1}"), "fliter"),
    ] {
        let result = start(function, text).result();
        assert_eq!(result["error"]["code"], "invalid_argument", "{result}");
        assert!(result["error"]["message"].as_str().is_some_and(|message| message.contains(part)), "{result}");
    }
}

#[test]
fn a_thread_that_waits_for_an_operation_that_is_freed_is_told_at_once() {
    let sandbox = Sandbox::start();
    sandbox.fault(slow(Endpoint::Search));
    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({})));
    until_arrived(&sandbox, Endpoint::Search, 1);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| operation.wait(u32::MAX))).collect();
        std::thread::sleep(Duration::from_millis(50));
        ffi::cc_operation_free(operation.0);
        for thread in waiting {
            assert_eq!(thread.join().expect("no panic")["state"], "unknown");
        }
    });
}

#[test]
fn a_cancel_ends_the_wait_for_a_slow_answer_and_says_that_the_refresh_may_be_taken() {
    let sandbox = Sandbox::start();
    sandbox.fault(slow(Endpoint::Refresh));
    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({})));
    until_arrived(&sandbox, Endpoint::Refresh, 1);
    assert_eq!(operation.until_phase("sending")["message"], "The refresh");
    until("the refresh", || (sandbox.refreshes().len() == 1).then_some(()));
    cancelled(&sandbox, &operation, "maybe");
}

#[test]
fn a_cancel_while_whom_a_filter_means_is_counted_sends_no_refresh() {
    let sandbox = Sandbox::start();
    sandbox.fault(slow(Endpoint::Search));
    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({})));
    until_arrived(&sandbox, Endpoint::Search, 1);
    operation.until_phase("searching");
    cancelled(&sandbox, &operation, "no");
    assert_eq!(sandbox.refreshes().len(), 1, "the next call's");
}

#[test]
fn a_cancel_ends_an_answer_that_trickles() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Trickle).delay(Duration::from_secs(5)).times(0));
    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({})));
    until_arrived(&sandbox, Endpoint::Refresh, 1);
    until("the refresh", || (sandbox.refreshes().len() == 1).then_some(()));
    // Whether the answer's head was there is a matter of moments.
    let sent = operation.cancel()["sent"].clone();
    assert!(sent == "yes" || sent == "maybe", "{sent}");
    let result = operation.result();
    assert_eq!((&result["error"]["code"], &result["error"]["sent"]), (&json!("cancelled"), &sent), "{result}");
}

#[test]
fn a_cancel_ends_the_wait_for_a_token_and_fails_nobody_else_who_waits_for_it() {
    let sandbox = Sandbox::start();
    sandbox.fault(slow(Endpoint::Token));
    let start = || Operation::start(REFRESH, &person(&sandbox, &json!({})));
    let fetching = start();
    until_arrived(&sandbox, Endpoint::Token, 1);
    let (waiting, patient) = (start(), start());
    for operation in [&fetching, &waiting, &patient] {
        operation.until_phase("token");
    }
    assert_eq!(waiting.cancel()["sent"], "no");
    assert_eq!(waiting.result()["error"]["code"], "cancelled");
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 1);
    // Now the one who fetches it.
    sandbox.clear_faults();
    assert_eq!(fetching.cancel()["sent"], "no");
    assert_eq!(fetching.result()["error"]["code"], "cancelled");
    let answer = patient.result();
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(sandbox.arrivals(Endpoint::Token).len(), 2);
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn a_cancel_ends_the_pause_before_another_connection_is_tried() {
    let sandbox = Sandbox::start();
    let request = person(&sandbox, &json!({ "retryIntervalSeconds": 60 }));
    assert_eq!(refresh(&request)["ok"], true, "so that there is a token");
    sandbox.fault(Fault::on(Endpoint::Any).kind(FaultKind::Refused).times(0));
    let operation = Operation::start(REFRESH, &with(request, &json!({ "options": { "preflight": false } })));
    operation.until_phase("waiting");
    cancelled(&sandbox, &operation, "no");
    assert_eq!(sandbox.refreshes().len(), 2);
}

#[test]
fn a_cancel_ends_the_pause_before_a_question_is_asked_again() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Search).status(503).times(0));
    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({ "retryIntervalSeconds": 60 })));
    let progress = operation.until_phase("waiting");
    assert!(progress["message"].as_str().is_some_and(|m| m.starts_with("Trying again: ")), "{progress}");
    cancelled(&sandbox, &operation, "no");
}

#[test]
fn a_cancel_ends_a_wait_that_the_service_has_asked_for() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).status(429).retry_after(60).times(0));
    let operation = Operation::start(REFRESH, &person(&sandbox, &json!({})));
    let progress = operation.until_phase("rate limit");
    assert!(progress["message"].as_str().is_some_and(|m| m.starts_with("The service asks to wait: ")), "{progress}");
    cancelled(&sandbox, &operation, "no");
}

#[test]
fn a_cancel_ends_a_wait_for_the_rate_limit_and_the_turn_goes_to_the_next() {
    let sandbox = Sandbox::start();
    let narrow = |seconds: f64| person(&sandbox, &json!({ "rateLimit": { "requests": 1, "seconds": seconds } }));
    // The search has the only place in the window.
    let first = Operation::start(REFRESH, &narrow(600.0));
    first.until_phase("rate limit");
    let second = Operation::start(REFRESH, &narrow(600.0));
    second.until_phase("rate limit");
    cancelled(&sandbox, &first, "no");
    // The same credential by a limit that has room.
    let third = Operation::start(REFRESH, &narrow(0.01));
    third.until_phase("rate limit");
    assert_eq!(second.cancel()["sent"], "no");
    assert_eq!(third.result()["ok"], true);
}

#[test]
fn what_a_cancel_says_of_the_refresh_is_true_to_the_log() {
    let sandbox = Sandbox::start();
    let configuration = configuration(sandbox.url());
    let numbers: Vec<u64> = (0..600).collect();
    let told: Vec<(u64, String, Value)> = std::thread::scope(|scope| {
        let chunks = numbers.chunks(75).map(|chunk| {
            let configuration = &configuration;
            scope.spawn(move || {
                let told = chunk.iter().map(|number| {
                    let request = json!({
                        "filter": "uid == \"amelie.roux\"", "options": { "preflight": false },
                        "refreshArgs": { "number": number }, "configuration": configuration,
                    });
                    let operation = Operation::start(REFRESH, &request);
                    std::thread::sleep(Duration::from_micros(number * 7919 % 3_000));
                    let sent = operation.cancel()["sent"].as_str().expect("text").to_owned();
                    (*number, sent, operation.result())
                });
                told.collect::<Vec<_>>()
            })
        });
        let threads: Vec<_> = chunks.collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let arrived: Vec<u64> =
        sandbox.refreshes().iter().filter_map(|refresh| refresh.arguments["number"].as_u64()).collect();
    let mut cancelled = 0;
    for (number, sent, result) in told {
        let is_there = arrived.contains(&number);
        if result["ok"] == true {
            assert!(is_there && sent == "yes", "{number}, {sent}: {result}");
            continue;
        }
        cancelled += 1;
        assert_eq!(result["error"]["code"], "cancelled", "{result}");
        assert_eq!(result["error"]["sent"], sent, "{result}");
        assert!(sent != "no" || !is_there, "{number} was not to be there: {result}");
        assert!(sent != "yes" || is_there, "{number} was to be there: {result}");
    }
    assert!(cancelled > 0, "no cancel came in time");
}

#[test]
fn progress_counts_the_identities() {
    let sandbox = Sandbox::builder().people(600).start();
    sandbox.fault(slow(Endpoint::Process).skip(2));
    let ids: Vec<String> = sandbox.identities().into_iter().map(|person| person.id).collect();
    let one_by_one = with(configuration(sandbox.url()), &json!({ "maximumConcurrency": 1 }));
    let request = json!({ "identities": &ids, "identityAttribute": "id", "configuration": one_by_one });
    let operation = Operation::start(REFRESH, &request);
    until_arrived(&sandbox, Endpoint::Process, 3);
    let progress = operation.wait(0)["progress"].clone();
    let of_all = (&progress["done"], &progress["total"], &progress["percent"]);
    assert_eq!(of_all, (&json!(500), &json!(ids.len()), &json!(500 * 100 / ids.len())), "{progress}");
}

#[test]
fn progress_of_a_stream_counts_the_people_who_are_done_over_the_whole_run() {
    let sandbox = Sandbox::builder().people(600).start();
    let all: Vec<String> =
        sandbox.identities().into_iter().filter(|p| p.correlated).map(|p| p.name).take(502).collect();
    let one_by_one = with(configuration(sandbox.url()), &json!({ "maximumConcurrency": 1 }));
    let request = json!({ "stream": true, "identityAttribute": "name", "configuration": one_by_one });
    let counts = |progress: &Value| (progress["done"].clone(), progress["total"].clone());

    // Unmatched names are done, and repeated ones are none.
    sandbox.fault(slow(Endpoint::Process).skip(2));
    let operation = Operation::start(REFRESH, &request);
    let names =
        [&[json!("nobody.1"), json!("nobody.2")], &all.iter().map(|name| json!(name)).collect::<Vec<_>>()[..]].concat();
    let given = [names, vec![json!(all[0])]].concat();
    operation.send(&json!({ "identities": given, "end": true }));
    until_arrived(&sandbox, Endpoint::Process, 3);
    let mut progress = Value::Null;
    until("the progress", || {
        let answer = operation.wait(10);
        if answer["state"] == "running" {
            progress = answer["progress"].clone();
        }
        (answer["state"] == "running").then_some(())
    });
    assert_eq!(counts(&progress), (json!(502), json!(504)), "{progress}");

    // Where it waits for the tasks, people are done when their task has ended.
    sandbox.clear_faults();
    sandbox.script_task(TaskEnd::new("SUCCESS"));
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(600)));
    let operation =
        Operation::start(REFRESH, &with(request, &json!({ "options": { "wait": true, "pollIntervalMs": 20 } })));
    operation.send(&json!({ "identities": all, "end": true }));
    until("the first batch", || (operation.wait(10)["state"] == "batch").then_some(()));
    until("its progress", || {
        progress = operation.wait(10)["progress"].clone();
        progress["message"].as_str().is_some_and(|message| message.contains("task")).then_some(())
    });
    assert_eq!(counts(&progress), (json!(250), json!(502)), "{progress}");
}

#[test]
fn progress_of_a_stream_has_a_total_also_where_the_run_has_waited_for_the_end_of_the_names() {
    let sandbox = Sandbox::start();
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(600)));
    let options = json!({ "wait": true, "pollIntervalMs": 20 });
    let request = json!({ "stream": true, "options": options, "configuration": configuration(sandbox.url()) });
    let operation = Operation::start(REFRESH, &request);
    operation.send(&json!({ "identities": ["smith"] }));
    // It now waits for more names; if it is slower, the test holds nothing.
    std::thread::sleep(Duration::from_millis(200));
    operation.send(&json!({ "end": true }));
    let mut progress = Value::Null;
    until("the wait for the task", || {
        progress = operation.wait(10)["progress"].clone();
        progress["message"].as_str().is_some_and(|message| message.contains("task")).then_some(())
    });
    assert_eq!((&progress["done"], &progress["total"]), (&json!(0), &json!(1)), "{progress}");
}

#[test]
fn at_most_64_operations_run_and_one_that_is_cancelled_in_the_queue_never_starts() {
    let sandbox = Sandbox::start();
    sandbox.fault(slow(Endpoint::Search));
    let start = || Operation::start(REFRESH, &person(&sandbox, &json!({})));
    let mut running: Vec<Operation> = (0..64).map(|_| start()).collect();
    let (queued, last) = (start(), start());
    // Other tests of this process may have some of the threads.
    until("a full house", || (queued.wait(0)["progress"]["phase"] == "queued").then_some(()));
    cancelled_in_queue(&queued);
    sandbox.clear_faults();
    running.clear();
    assert_eq!(last.result()["ok"], true);
    assert_eq!(sandbox.refreshes().len(), 1);
}

fn cancelled_in_queue(operation: &Operation) {
    assert_eq!(operation.cancel(), json!({ "ok": true, "sent": "no" }));
    let answer = operation.wait(0);
    assert_eq!(answer["result"]["error"]["code"], "cancelled", "{answer}");
}

#[test]
fn ten_thousand_operations_from_32_threads_leave_no_thread_behind() {
    let sandbox = Sandbox::start();
    let request = person(&sandbox, &json!({}));
    let question = json!({ "filter": "uid == \"smith\"", "configuration": configuration(sandbox.url()) });
    std::thread::scope(|scope| {
        for thread in 0..32_u64 {
            let (request, question) = (&request, &question);
            scope.spawn(move || {
                for turn in (thread..10_000).step_by(32) {
                    let operation = if turn % 2 == 0 {
                        Operation::start(FIND, question)
                    } else {
                        Operation::start(REFRESH, request)
                    };
                    match turn % 5 {
                        0 => assert_eq!(operation.result()["ok"], true),
                        1 => drop(operation.cancel()),
                        2 => drop(operation.wait(1)),
                        3 => {
                            operation.cancel();
                            let result = operation.result();
                            assert!(result["ok"] == true || result["error"]["code"] == "cancelled", "{result}");
                        }
                        _ => ffi::cc_operation_free(operation.0),
                    }
                }
            });
        }
    });
    if cfg!(target_os = "linux") {
        until("the end of the library's threads", || (operation_threads() == 0).then_some(()));
    }
}

/// How many threads of operations this process has.
fn operation_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("pssailpointcc-o")).count()
}
