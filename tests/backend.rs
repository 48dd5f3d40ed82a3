//! Which way a refresh goes, and what differs on each: held against the sandbox's log.

mod support;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox};
use serde_json::{Value, json};
use support::{arrived, configuration, configure, configured, refresh, refused, says, with};

fn request(sandbox: &Sandbox, filter: &str) -> Value {
    json!({ "filter": filter, "configuration": configuration(sandbox.url()) })
}

/// The same by the successor, with these options too.
fn by_process(sandbox: &Sandbox, filter: &str, options: Value) -> Value {
    with(request(sandbox, filter), &json!({ "options": with(options, &json!({ "backend": "process" })) }))
}

/// The ids of those, sorted.
fn ids(people: impl Iterator<Item = Identity>) -> Vec<String> {
    let mut ids: Vec<String> = people.map(|person| person.id).collect();
    ids.sort();
    ids
}

#[test]
fn a_filter_goes_out_as_the_ids_of_those_whom_it_means() {
    let sandbox = Sandbox::builder().people(1_000).start();
    let answer = refresh(&by_process(&sandbox, r#"inactive == false"#, json!({})));
    assert_eq!(answer["ok"], true, "{answer:#}");
    let meant = ids(sandbox.identities().into_iter().filter(|person| person.correlated && !person.inactive));
    assert_eq!((&answer["backend"], &answer["matched"]), (&json!("process"), &json!(meant.len())));
    let mut sent: Vec<Vec<String>> = sandbox.refreshes().into_iter().map(|refresh| refresh.ids).collect();
    // Several are under way at the same time.
    sent.sort();
    assert_eq!(sent, meant.chunks(250).map(<[String]>::to_vec).collect::<Vec<_>>(), "250 a call, nobody twice");
    for (call, ids) in answer["calls"].as_array().expect("a list").iter().zip(&sent) {
        assert_eq!((&call["outcome"], &call["identities"]), (&json!("accepted"), &json!(ids)));
        assert_eq!((&call["task"]["type"], &call["ids"]), (&json!("TASK_RESULT"), &Value::Null));
    }
    for arrival in sandbox.arrivals(Endpoint::Process) {
        assert_eq!(arrival.header("x-sailpoint-experimental"), Some("true"));
        assert_eq!(
            (arrival.path.as_str(), arrival.header("content-type")),
            ("/identities/v1/process", Some("application/json"))
        );
    }
}

#[test]
fn every_form_of_a_retired_cc_goes_over_and_is_remembered() {
    for status in [404, 405, 410, 401] {
        let sandbox = Sandbox::builder().retired(status).start();
        let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
        assert_eq!((&answer["ok"], &answer["backend"]), (&json!(true), &json!("process")), "{status}: {answer:#}");
        let why = answer["fallback"].as_str().expect("a sentence");
        assert!(why.contains(&status.to_string()) && why.contains(sandbox.url()), "{why}");
        assert_eq!(arrived(&sandbox, Endpoint::Token), 1, "401 is no matter of tokens");
        let answer = refresh(&request(&sandbox, r#"uid == "Smith""#));
        assert_eq!((&answer["backend"], &answer["fallback"]), (&json!("process"), &Value::Null), "{answer}");
        // By the same credentials, whatever else is configured.
        let answer = refresh(&configured(request(&sandbox, r#"uid == "AND""#), &json!({ "timeoutSec": 20 })));
        assert_eq!(answer["backend"], "process", "{answer}");
        assert_eq!(arrived(&sandbox, Endpoint::Refresh), 1, "remembered");
        let names: Vec<_> = sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).collect();
        assert_eq!(names, ["smith", "Smith", "AND"]);
    }
}

#[test]
fn a_host_that_has_neither_is_a_wrong_host() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Any).status(404).times(0));
    let token = json!({ "baseUrl": sandbox.url(), "accessToken": "sandbox-token", "lookup": {} });
    let request = json!({ "filter": "uid == \"smith\"", "options": { "preflight": false }, "configuration": token });
    let answer = refresh(&request);
    assert_eq!(answer["error"]["code"], "not_found", "{answer:#}");
    says(&answer["error"], "/cc/api/system/refreshIdentities");
    says(&answer["error"], "Its successor, identities/process, does not answer there either.");
    assert_eq!((&answer["fallback"], &answer["calls"][0]["status"]), (&Value::Null, &json!(404)));
    sandbox.clear_faults();
    assert_eq!(refresh(&request)["backend"], "cc", "nothing was remembered");
}

#[test]
fn a_proxy_s_page_switches_nothing() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Html).status(404));
    let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
    assert_eq!((&answer["error"]["code"], arrived(&sandbox, Endpoint::Process)), (&json!("not_found"), 0), "{answer}");

    let sandbox = Sandbox::builder().retired(404).start();
    for status in [200, 403, 404] {
        sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Html).status(status));
        let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
        assert_eq!(answer["error"]["code"], "not_found", "{answer}");
        says(&answer["error"], "does not answer there either");
    }
    assert_eq!(arrived(&sandbox, Endpoint::Refresh), 3, "nothing was remembered");
}

#[test]
fn a_page_in_the_successor_s_place_may_hide_that_it_was_taken() {
    let sandbox = Sandbox::builder().retired(404).start();
    for (status, sent, outcome) in [(200, "maybe", "maybe_sent"), (404, "no", "rejected"), (503, "maybe", "maybe_sent")]
    {
        sandbox.fault(Fault::on(Endpoint::Process).kind(FaultKind::Html).status(status));
        let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["sent"]), (&json!("not_found"), &json!(sent)), "{status}: {answer}");
        let calls: Vec<_> = answer["calls"].as_array().expect("a list").iter().collect();
        assert_eq!((calls.len(), &calls[0]["call"]), (2, &json!("refreshIdentities")), "{answer}");
        assert_eq!((&calls[1]["call"], &calls[1]["outcome"]), (&json!("process"), &json!(outcome)), "{answer}");
        assert_eq!(calls[1]["identities"].as_array().map(Vec::len), Some(1), "{answer}");
    }
}

#[test]
fn what_the_successor_answers_is_the_answer_after_going_over() {
    let sandbox = Sandbox::builder().retired(410).start();
    for (status, code) in [(400, "http_status"), (403, "forbidden")] {
        sandbox.fault(Fault::on(Endpoint::Process).status(status));
        let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
        assert_eq!(answer["error"]["code"], code, "{answer}");
        assert_eq!(answer["calls"][0]["outcome"], "rejected");
    }
    assert_eq!(arrived(&sandbox, Endpoint::Refresh), 1, "400 was the successor's own word");
    let sandbox = Sandbox::builder().retired(410).start();
    sandbox.fault(Fault::on(Endpoint::Process).status(503));
    let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
    assert_eq!((&answer["error"]["sent"], &answer["fallback"].is_string()), (&json!("maybe"), &true), "{answer}");
    let answer = refresh(&request(&sandbox, r#"uid == "smith""#));
    assert!(answer["fallback"].is_string(), "a gateway's word is nobody's: {answer}");
    // Arguments are judged once the host has shown that it is one.
    let request = with(request(&sandbox, r#"uid == "smith""#), &json!({ "refreshArgs": { "provision": false } }));
    says(&refused(&sandbox, &request, "unsupported_argument"), "provision is false");
}

#[test]
fn cc_alone_stays_where_it_was_asked_for() {
    let sandbox = Sandbox::builder().retired(410).start();
    let request = with(request(&sandbox, r#"uid == "smith""#), &json!({ "options": { "backend": "cc" } }));
    for _ in 0..2 {
        let answer = refresh(&request);
        assert_eq!(answer["error"]["code"], "gone", "{answer}");
        says(&answer["error"], "options.backend = process");
    }
    assert_eq!((arrived(&sandbox, Endpoint::Refresh), arrived(&sandbox, Endpoint::Process)), (2, 0));
}

#[test]
fn there_is_no_full_refresh_by_ids() {
    let sandbox = Sandbox::builder().retired(404).start();
    let everybody = |backend: &str| json!({ "options": { "allowFullRefresh": true, "backend": backend }, "configuration": configuration(sandbox.url()) });
    says(&refused(&sandbox, &everybody("process"), "unsupported_argument"), "a whole tenant");
    let answer = refresh(&everybody("auto"));
    assert_eq!(answer["error"]["code"], "not_found", "{answer}");
    says(&answer["error"], "there is no full refresh");
    assert_eq!(refresh(&request(&sandbox, r#"uid == "smith""#))["ok"], true);
    refused(&sandbox, &everybody("auto"), "unsupported_argument");
}

#[test]
fn what_only_cc_could_judge_is_refused_and_what_is_unsure_is_left_out() {
    let sandbox = Sandbox::start();
    let process = |filter: &str, options: Value| by_process(&sandbox, filter, options);
    for (filter, part) in [
        ("uid == name", "uid == name"),
        ("id.join(Link.identity)", "id.join(Link.identity)"),
        ("uid.isEmpty()", "uid.isEmpty()"),
    ] {
        says(&refused(&sandbox, &process(filter, json!({})), "unsupported_argument"), part);
        says(&refused(&sandbox, &process(filter, json!({ "preflight": false })), "unsupported_argument"), part);
    }
    let error = refused(&sandbox, &process(r#"uid = "smith""#, json!({ "skipFilterCheck": true })), "invalid_filter");
    says(&error, "options.skipFilterCheck has no effect");
    assert_eq!(arrived(&sandbox, Endpoint::Search), 0);

    let error = refused(&sandbox, &process(r#"uid == "SMITH""#, json!({})), "no_match");
    says(&error, "smith");
    says(&refused(&sandbox, &process(r#"uid == "jones""#, json!({})), "no_match"), "Smith-Jones");
    refused(&sandbox, &process("uid.notNull()", json!({})), "would_refresh_all");
    let error =
        refused(&sandbox, &process(r#"location == "London""#, json!({ "maxIdentities": 3 })), "too_many_matches");
    assert!(error["matched"].as_u64() > Some(3), "{error}");

    let answer = refresh(&process(r#"uid == "smith""#, json!({ "skipFilterCheck": true, "maxIdentities": 1 })));
    assert_eq!((&answer["matched"], &answer["undecided"]), (&json!(1), &json!(1)), "Smith is unsure: {answer}");
    assert_eq!(sandbox.refreshes()[0].names, ["smith"]);
    let answer = refresh(&process("uid.notNull()", json!({ "allowFullRefresh": true })));
    assert_eq!((&answer["matched"], sandbox.refreshes()[1].ids.len()), (&json!(98), 98), "{answer}");
    // Whether it is searchable means nothing here.
    let answer = refresh(&process(r#"costCenter == "CC-100""#, json!({})));
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!((arrived(&sandbox, Endpoint::IdentityAttributes), arrived(&sandbox, Endpoint::Refresh)), (0, 0));
}

#[test]
fn errors_of_search_are_themselves() {
    let sandbox = Sandbox::start();
    let of = |client: &str, filter: &str| {
        let client = json!({ "clientId": format!("{client}-client"), "clientSecret": format!("{client}-secret") });
        configured(by_process(&sandbox, filter, json!({})), &client)
    };
    let error = refused(&sandbox, &of("helpdesk", r#"location == "London""#), "forbidden");
    for needed in ["sp:search:read", "ORG_ADMIN", "personal access token"] {
        says(&error, needed);
    }
    let answer = refresh(&of("helpdesk", r#"name == "smith""#));
    assert_eq!((&answer["ok"], &sandbox.refreshes()[0].names), (&json!(true), &vec!["smith".to_owned()]), "{answer}");
    sandbox.fault(Fault::on(Endpoint::Process).status(403));
    let error = refused_by_service(&refresh(&of("sandbox", r#"uid == "smith""#)), "forbidden");
    for needed in ["idn:identity:process", "idn:identity:manage", "ORG_ADMIN or HELPDESK", "API client"] {
        says(&error, needed);
    }
    sandbox.fault(Fault::on(Endpoint::Process).status(401).times(0));
    says(&refused_by_service(&refresh(&of("sandbox", r#"uid == "smith""#)), "unauthorized"), "idn:identity:process");
}

fn refused_by_service(answer: &Value, code: &str) -> Value {
    assert_eq!(
        (&answer["error"]["code"], &answer["calls"][0]["outcome"]),
        (&json!(code), &json!("rejected")),
        "{answer}"
    );
    answer["error"].clone()
}

#[test]
fn the_api_s_version_decides_the_paths() {
    for (version, search, process, synchronize) in [
        ("v1", "/search/v1", "/identities/v1/process", "/identities/v1/ID/synchronize-attributes"),
        ("v2026", "/v2026/search", "/v2026/identities/process", "/v2026/identities/ID/synchronize-attributes"),
        ("v2025", "/v2025/search", "/v2025/identities/process", "/v2025/identities/ID/synchronize-attributes"),
        ("v2024", "/v2024/search", "/v2024/identities/process", "/v2024/identities/ID/synchronize-attributes"),
    ] {
        let sandbox = Sandbox::start();
        let arguments = json!({
            "correlateEntitlements": true, "promoteAttributes": true, "refreshManagerStatus": true, "provision": true,
            "synchronizeAttributes": true,
        });
        let request = with(by_process(&sandbox, r#"uid == "smith""#, json!({})), &json!({ "refreshArgs": arguments }));
        let answer = refresh(&configured(request, &json!({ "apiVersion": version })));
        assert_eq!(answer["ok"], true, "{answer}");
        let id = &sandbox.refreshes()[0].ids[0];
        for arrival in sandbox.log().iter().filter(|arrival| arrival.endpoint != Endpoint::Token) {
            assert_eq!(arrival.header("x-sailpoint-experimental"), Some("true"), "{}", arrival.path);
        }
        let paths: Vec<String> = sandbox.log().into_iter().map(|arrival| arrival.path).collect();
        assert_eq!(paths, ["/oauth/token", search, process, &synchronize.replace("ID", id)]);
        match version {
            "v1" => assert_eq!(answer["warnings"], Value::Null),
            _ => {
                let warnings = answer["warnings"].as_array().expect("a list");
                assert_eq!(warnings.len(), 1, "once a call of the library: {answer}");
                assert!(
                    warnings[0].as_str().is_some_and(|text| text.contains(version) && text.contains("X-Deprecated"))
                );
            }
        }
        let cc = configured(cc_request(&sandbox), &json!({ "apiVersion": version }));
        assert_eq!(refresh(&cc)["ok"], true);
        assert_eq!(sandbox.arrivals(Endpoint::Refresh)[0].path, "/cc/api/system/refreshIdentities");
    }
}

fn cc_request(sandbox: &Sandbox) -> Value {
    with(request(sandbox, r#"uid == "smith""#), &json!({ "options": { "backend": "cc" } }))
}

#[test]
fn the_configuration_chooses_the_way_and_shows_it() {
    let sandbox = Sandbox::start();
    let chosen = json!({ "backend": "process" });
    let answer = refresh(&configured(request(&sandbox, r#"uid == "smith""#), &chosen));
    assert_eq!(answer["backend"], "process", "{answer}");
    let answer = refresh(&configured(cc_request(&sandbox), &chosen));
    assert_eq!(answer["backend"], "cc", "the request wins: {answer}");

    let shown = configure(
        &json!({ "preview": true, "backend": "cc", "apiVersion": "v2025", "allowBroader": true, "lookup": {} }),
    );
    let configuration = &shown["configuration"];
    assert_eq!(
        (&configuration["backend"], &configuration["apiVersion"], &configuration["allowBroader"]),
        (&json!("cc"), &json!("v2025"), &json!(true)),
        "{shown}"
    );
    let shown = configure(&json!({ "preview": true, "lookup": {} }));
    assert_eq!(
        (&shown["configuration"]["backend"], &shown["sources"]["apiVersion"]),
        (&json!("auto"), &json!("default"))
    );
    for (member, value) in [
        ("backend", json!("proces")),
        ("apiVersion", json!("v3")),
        ("apiVersion", json!("beta")),
        ("apiVersion", json!(1)),
        ("allowBroader", json!("maybe")),
    ] {
        let answer = configure(&json!({ "preview": true, member: value }));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{member}: {answer}");
        says(&answer["error"], member);
    }
}

#[test]
fn a_dry_run_tells_which_calls_and_what_they_do_beyond_the_arguments() {
    let sandbox = Sandbox::builder().people(700).start();
    let arguments =
        json!({ "correlateEntitlements": true, "promoteAttributes": "true", "synchronizeAttributes": true });
    let request = by_process(&sandbox, "inactive == false", json!({ "dryRun": true }));
    let answer = refresh(&with(request, &json!({ "refreshArgs": arguments })));
    let matched = answer["matched"].as_u64().expect("a number");
    let plan = &answer["plan"];
    let url = format!("{}/identities/v1/process", sandbox.url());
    let synchronize = format!("{}/identities/v1/{{id}}/synchronize-attributes", sandbox.url());
    assert_eq!(
        plan["calls"],
        json!([
            { "call": "process", "method": "POST", "url": url, "count": matched.div_ceil(250) },
            { "call": "synchronize-attributes", "method": "POST", "url": synchronize, "count": matched },
        ]),
        "{answer:#}"
    );
    assert_eq!((&plan["url"], &plan["sideEffects"]), (&json!(url), &json!(["refreshManagerStatus", "provision"])));
    assert_eq!((&plan["body"], &plan["filter"]), (&Value::Null, &json!("inactive == false")));
    assert_eq!((plan["identities"].as_array().map(Vec::len), &answer["calls"]), (Some(10), &json!([])));
    assert!(sandbox.refreshes().is_empty());
    // Of a tenant that nobody has sent to yet, nothing is known.
    sandbox.set_retired(Some(404));
    let dry = with(for_smith(&sandbox), &json!({ "options": { "dryRun": true } }));
    assert_eq!(refresh(&dry)["backend"], "cc");
    assert_eq!(refresh(&for_smith(&sandbox))["backend"], "process");
    assert_eq!(refresh(&dry)["backend"], "process");
}

fn for_smith(sandbox: &Sandbox) -> Value {
    request(sandbox, r#"uid == "smith""#)
}

#[test]
fn a_tenant_that_has_shrunk_to_those_whom_the_filter_means_is_counted_anew() {
    let sandbox = Sandbox::builder().people(60).start();
    let most = r#"!(uid.isNull()) && inactive == false"#;
    assert_eq!(refresh(&by_process(&sandbox, most, json!({})))["ok"], true, "the inactive are left");
    let before = sandbox.refreshes().len();
    for person in sandbox.identities().into_iter().filter(|person| person.inactive || person.refreshes == 0) {
        sandbox.remove_identity(&person.id);
    }
    // Far less than half.
    for person in sandbox.identities().into_iter().skip(5) {
        sandbox.remove_identity(&person.id);
    }
    let answer = refresh(&by_process(&sandbox, most, json!({})));
    assert_eq!(answer["error"]["code"], "would_refresh_all", "{answer:#}");
    assert_eq!(sandbox.refreshes().len(), before);
}

#[test]
fn people_without_a_manager_are_refreshed_by_both_backends() {
    for backend in ["cc", "process"] {
        let sandbox = Sandbox::start();
        sandbox.put_identity(Identity::new("bare"));
        let filter = with(request(&sandbox, "manager.isNull()"), &json!({ "options": { "backend": backend } }));
        let answer = refresh(&filter);
        assert_eq!((&answer["ok"], &answer["matched"]), (&json!(true), &json!(2)), "{answer}");
        let refreshes = sandbox.refreshes();
        let mut names = refreshes[0].names.clone();
        names.sort_unstable();
        assert_eq!((refreshes.len(), names), (1, vec!["amelie.roux".to_owned(), "bare".to_owned()]));
        let unknown = with(request(&sandbox, "cloudNickname.isNull()"), &json!({ "options": { "backend": backend } }));
        let answer = refresh(&unknown);
        assert_eq!((&answer["ok"], &answer["error"]["sent"]), (&json!(false), &json!("no")), "{answer}");
        assert_eq!(sandbox.refreshes().len(), 1);
    }
}
