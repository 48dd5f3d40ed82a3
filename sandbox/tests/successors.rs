//! Search, lists, and the successors of `/cc`, over HTTP.

use std::sync::LazyLock;
use std::time::Duration;

use pssailpointcc_sandbox::{ACCESS_TOKEN, Endpoint, Fault, FaultKind, Identity, Sandbox, Scope, TaskEnd};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

/// One for all: building a client takes longer than most tests.
fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().expect("a plain client can be built")
    });
    &CLIENT
}

fn post(sandbox: &Sandbox, path: &str, body: &Value) -> Response {
    let request = client().post(format!("{}{path}", sandbox.url())).bearer_auth(ACCESS_TOKEN);
    let request = request.header("content-type", "application/json").header("x-sailpoint-experimental", "true");
    request.body(body.to_string()).send().expect("the sandbox answers")
}

fn get(sandbox: &Sandbox, path: &str, token: &str) -> Response {
    client().get(format!("{}{path}", sandbox.url())).bearer_auth(token).send().expect("the sandbox answers")
}

fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().expect("the body comes")).expect("the body is JSON")
}

fn token(sandbox: &Sandbox, kind: &str) -> String {
    let request = client().post(format!("{}/oauth/token", sandbox.url()));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let body = format!("grant_type=client_credentials&client_id={kind}-client&client_secret={kind}-secret");
    let answer = json_of(request.body(body).send().expect("the sandbox answers"));
    answer["access_token"].as_str().expect("there is a token").to_owned()
}

fn total(response: &Response) -> &str {
    response.headers()["x-total-count"].to_str().expect("it is a number")
}

fn query(text: &str) -> Value {
    json!({ "indices": ["identities"], "query": { "query": text }, "sort": ["id"] })
}

fn names(list: &Value, member: &str) -> Vec<String> {
    let list = list.as_array().expect("it is a list");
    list.iter().map(|one| one[member].as_str().expect("it is a text").to_owned()).collect()
}

#[test]
fn a_count_is_204_with_a_header() {
    let sandbox = Sandbox::start();
    let response = post(&sandbox, "/search/v1/count", &query("name:\"smith\""));
    assert_eq!((response.status().as_u16(), total(&response)), (204, "4"));
    assert!(response.headers().get("x-deprecated").is_none());
    for version in ["v3", "v2024", "v2025", "v2026"] {
        let response = post(&sandbox, &format!("/{version}/search/count"), &query("name:\"smith\""));
        assert_eq!(response.headers()["x-deprecated"], "true");
        assert_eq!(total(&response), "4");
    }
}

#[test]
fn search_pages_by_search_after_and_shows_what_is_included() {
    let sandbox = Sandbox::builder().people(600).start();
    let mut body = query("*");
    body["queryResultFilter"] = json!({ "includes": ["id", "attributes.uid"] });
    let mut ids = Vec::new();
    loop {
        let page = json_of(post(&sandbox, "/search/v1?limit=250", &body));
        let page = names(&page, "id");
        let Some(last) = page.last() else { break };
        body["searchAfter"] = json!([last]);
        ids.extend(page);
    }
    assert!(ids.is_sorted());
    assert_eq!(ids.len(), sandbox.identities().iter().filter(|person| person.correlated).count());
    let first = json_of(post(&sandbox, "/search/v1?limit=1&count=true", &query("name.exact:\"amelie.roux\"")));
    assert_eq!(first[0]["attributes"]["department"], "Engineering");
    assert_eq!(first[0]["displayName"], "Amélie Roux");
    body["searchAfter"] = Value::Null;
    let cut = json_of(post(&sandbox, "/search/v1?limit=1", &body));
    assert_eq!(
        cut[0].as_object().map(|document| document.keys().cloned().collect()),
        Some(vec!["attributes".to_owned(), "id".to_owned()])
    );
    let usual = json_of(post(&sandbox, "/search/v1", &query("*")));
    assert_eq!(usual.as_array().map(Vec::len), Some(250));
}

#[test]
fn what_search_cannot_read_is_400_in_the_service_s_words() {
    let sandbox = Sandbox::start();
    let with = |member: &str, value: Value| {
        let mut body = query("*");
        body[member] = value;
        body
    };
    for (path, body) in [
        ("/search/v1", query("name:\"")),
        ("/search/v1", query("")),
        ("/search/v1", with("query", json!({}))),
        ("/search/v1", with("indices", json!(["accounts"]))),
        ("/search/v1", query("name:smith")),
        ("/search/v1", query("name:\"smith\" AND name:\"a\" OR name:\"b\"")),
        ("/search/v1", with("sort", json!("id"))),
        ("/search/v1", with("sort", json!(["-id"]))),
        ("/search/v1", with("queryType", json!("DSL"))),
        ("/search/v1", json!({ "indices": ["identities"], "query": { "query": "*" }, "searchAfter": ["1"] })),
        (
            "/search/v1",
            json!({ "indices": ["identities"], "query": { "query": "*" }, "searchAfter": ["1"], "sort": ["name"] }),
        ),
        ("/search/v1?limit=10001", query("*")),
        ("/search/v1?limit=many", query("*")),
        ("/search/v1?offset=1", query("*")),
        ("/search/v1/count", query("a:b:c")),
        ("/search/v1/count", json!("*")),
    ] {
        let response = post(&sandbox, path, &body);
        assert_eq!(response.status(), 400, "{path} {body}");
        assert_eq!(json_of(response)["detailCode"], "400.1 Bad Request Content");
    }
}

#[test]
fn values_may_be_long_and_of_any_script() {
    let long = format!("{}é🙂", "a\"b\\c ".repeat(5_400));
    assert!(long.len() > 32_000);
    let person = Identity::new("long").with("department", long.as_str());
    let sandbox = Sandbox::builder().identities(vec![person, Identity::new("other")]).start();
    let escaped = long.replace('\\', "\\\\").replace('"', "\\\"");
    for field in ["attributes.department", "attributes.department.exact"] {
        let found = json_of(post(&sandbox, "/search/v1", &query(&format!("{field}:\"{escaped}\""))));
        assert_eq!(names(&found, "name"), ["long"]);
    }
    assert_eq!(sandbox.judge(&format!("department == \"{escaped}\"")), Ok(vec!["long".to_owned()]));
}

#[test]
fn search_lags_and_the_list_does_not() {
    let sandbox = Sandbox::builder().people(20).search_lag(Duration::from_millis(400)).start();
    sandbox.put_identity(Identity::new("newcomer"));
    sandbox.remove_identity("smith");
    let found = |text: &str| total(&post(&sandbox, "/search/v1/count", &query(text))).to_owned();
    let listed =
        |alias: &str| json_of(get(&sandbox, &format!("/identities/v1?filters=alias+eq+%22{alias}%22"), ACCESS_TOKEN));
    assert_eq!((found("name.exact:\"newcomer\""), found("name.exact:\"smith\"")), ("0".to_owned(), "1".to_owned()));
    assert_eq!(names(&listed("newcomer"), "alias"), ["newcomer"]);
    std::thread::sleep(Duration::from_millis(450));
    assert_eq!((found("name.exact:\"newcomer\""), found("name.exact:\"smith\"")), ("1".to_owned(), "0".to_owned()));
}

#[test]
fn identities_are_listed_by_a_filter() {
    let sandbox = Sandbox::start();
    let list = |filters: &str, more: &str| {
        let query: String = form_urlencoded::byte_serialize(filters.as_bytes()).collect();
        get(&sandbox, &format!("/identities/v1?count=true&filters={query}{more}"), ACCESS_TOKEN)
    };
    let people = sandbox.identities();
    for (filters, aliases) in [
        ("alias eq \"amelie.roux\"", vec!["amelie.roux"]),
        ("name eq \"Amélie Roux\"", vec!["amelie.roux"]),
        ("email sw \"smith\"", vec!["smith", "Smith", "Smith-Jones"]),
        ("lastname eq \"Smith\" and firstname eq \"John\"", vec!["john.smith"]),
        ("alias eq \"pat \\\"the hat\\\" o'neil\"", vec!["pat \"the hat\" o'neil"]),
        (&format!("id in (\"{}\", \"{}\")", people[3].id, people[2].id), vec!["smith", "Smith"]),
        (&format!("id eq \"{}\"", people[13].id), vec![]),
        ("alias eq \"amelie.roux\" and correlated eq false", vec![]),
    ] {
        let response = list(filters, "");
        assert_eq!(total(&response), aliases.len().to_string(), "{filters}");
        assert_eq!(names(&json_of(response), "alias"), aliases);
    }
    assert_eq!(names(&json_of(list("alias sw \"legacy\"", "&defaultFilter=NONE")), "alias"), ["legacy.account"]);
    assert_eq!(json_of(list("", "&limit=3&offset=2")).as_array().map(Vec::len), Some(3));
    for filters in [
        "department eq \"Sales\"",
        "alias co \"a\"",
        "id sw \"2\"",
        "alias eq smith",
        "alias eq \"a\" or id eq \"b\"",
        "alias eq \"a\" and",
        "alias eq \"",
        "alias",
    ] {
        assert_eq!(list(filters, "").status(), 400, "{filters}");
    }
}

#[test]
fn identity_attributes_tell_which_are_searchable() {
    let sandbox = Sandbox::start();
    let list = |query: &str| json_of(get(&sandbox, &format!("/identity-attributes/v1{query}"), ACCESS_TOKEN));
    let all = list("");
    let of = |name: &str| {
        all.as_array().and_then(|all| all.iter().find(|one| one["name"] == name)).cloned().unwrap_or_default()
    };
    assert_eq!(of("uid")["searchable"], true);
    assert_eq!(of("department")["searchable"], true);
    assert_eq!(of("costCenter")["searchable"], false);
    assert_eq!(of("projects")["multi"], true);
    assert!(!names(&list("?searchableOnly=true"), "name").contains(&"costCenter".to_owned()));
    assert!(names(&list("?includeSystem=true"), "name").contains(&"correlated".to_owned()));
}

#[test]
fn user_levels_and_kinds_of_token_matter() {
    let sandbox = Sandbox::start();
    let (helpdesk, application) = (token(&sandbox, "helpdesk"), token(&sandbox, "application"));
    let search = |token: &str| {
        let request = client().post(format!("{}/search/v1/count", sandbox.url())).bearer_auth(token);
        request.body(query("*").to_string()).send().expect("the sandbox answers").status().as_u16()
    };
    assert_eq!((search(&helpdesk), search(&application)), (403, 204));
    let list = |token: &str| get(&sandbox, "/identities/v1", token).status().as_u16();
    assert_eq!((list(&helpdesk), list(&application)), (200, 403));
}

#[test]
fn process_takes_1_to_250_ids_and_starts_a_task() {
    let sandbox = Sandbox::builder().people(300).retired(404).task_duration(Duration::from_millis(300)).start();
    let people = sandbox.identities();
    let ids = |number: usize| people[..number].iter().map(|person| person.id.clone()).collect::<Vec<_>>();
    let process = |ids: Vec<String>| post(&sandbox, "/identities/v1/process", &json!({ "identityIds": ids }));
    assert_eq!(process(ids(251)).status(), 400);
    assert_eq!(process(Vec::new()).status(), 400);
    let bare = client().post(format!("{}/identities/v1/process", sandbox.url())).bearer_auth(ACCESS_TOKEN);
    let bare = bare.body(json!({ "identityIds": ids(1) }).to_string()).send().expect("the sandbox answers");
    assert_eq!(bare.status(), 400);
    assert_eq!(json_of(bare), json!({ "error": "Experimental Header is missing or invalid." }));
    assert!(sandbox.refreshes().is_empty());

    let response = process([ids(2), vec!["nobody".to_owned()]].concat());
    assert_eq!(response.status(), 202);
    let task = json_of(response);
    assert_eq!((&task["type"], &task["name"]), (&json!("TASK_RESULT"), &Value::Null));
    let refresh = &sandbox.refreshes()[0];
    assert_eq!((refresh.by, refresh.scope), (Endpoint::Process, Scope::Chosen));
    assert_eq!((&refresh.ids, &refresh.unknown), (&ids(2), &vec!["nobody".to_owned()]));

    let path = format!("/task-status/v1/{}", task["id"].as_str().expect("an id is a text"));
    let running = json_of(get(&sandbox, &path, ACCESS_TOKEN));
    assert_eq!((&running["completionStatus"], &running["completed"]), (&Value::Null, &Value::Null));
    assert!(running["percentComplete"].as_u64() < Some(100));
    assert_eq!(sandbox.identities()[0].last_refresh, None);
    std::thread::sleep(Duration::from_millis(320));
    let ended = json_of(get(&sandbox, &path, ACCESS_TOKEN));
    assert_eq!((&ended["completionStatus"], &ended["percentComplete"]), (&json!("SUCCESS"), &json!(100)));
    assert!(sandbox.identities()[0].last_refresh.is_some() && sandbox.identities()[2].last_refresh.is_none());
    assert_eq!(get(&sandbox, "/task-status/v1/nothing", ACCESS_TOKEN).status(), 404);
}

#[test]
fn tasks_end_as_they_were_told() {
    let sandbox = Sandbox::builder().people(20).task_duration(Duration::ZERO).start();
    sandbox.script_task(TaskEnd::new("Warning").message("one was left out").failing("smith"));
    let filter = json!({ "filter": "uid.in({\"smith\", \"amelie.roux\"})" });
    let task = json_of(post(&sandbox, "/cc/api/system/refreshIdentities", &filter));
    let ended = json_of(get(
        &sandbox,
        &format!("/v2025/task-status/{}", task["id"].as_str().expect("it is a text")),
        ACCESS_TOKEN,
    ));
    assert_eq!(ended["completionStatus"], "Warning");
    assert_eq!(ended["messages"][0]["localizedText"]["message"], "one was left out");
    let listed = json_of(get(&sandbox, "/identities/v1?filters=processingState+eq+%22ERROR%22", ACCESS_TOKEN));
    assert_eq!(names(&listed, "alias"), ["smith"]);
    assert_eq!(listed[0]["lastRefresh"], Value::Null);
}

/// Refreshes amelie.roux by `/cc`, then smith by `process`, and synchronises Smith; returns the ids of the three tasks.
fn three_tasks(sandbox: &Sandbox) -> [String; 3] {
    let people = sandbox.identities();
    let filter = json!({ "filter": "uid == \"amelie.roux\"" });
    let ids = json!({ "identityIds": [people[2].id] });
    let synchronize = format!("/identities/v1/{}/synchronize-attributes", people[3].id);
    [("/cc/api/system/refreshIdentities", &filter), ("/identities/v1/process", &ids), (&synchronize, &json!({}))]
        .map(|(path, body)| json_of(post(sandbox, path, body))["id"].as_str().expect("it is a text").to_owned())
}

fn tasks(sandbox: &Sandbox, path: &str, parameters: &[(&str, &str)]) -> Response {
    let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    get(sandbox, &format!("{path}?{query}"), ACCESS_TOKEN)
}

#[test]
fn tasks_are_listed_by_filter_and_page() {
    let sandbox = Sandbox::builder().people(20).task_duration(Duration::ZERO).start();
    sandbox.script_task(TaskEnd::new("Warning").message("one was left out"));
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(3_600)));
    let [refresh, process, synchronize] = &three_tasks(&sandbox);
    let listed = |parameters: &[(&str, &str)]| names(&json_of(tasks(&sandbox, "/task-status/v1", parameters)), "id");
    for (filters, expected) in [
        ("", vec![refresh, process, synchronize]),
        ("type eq \"IDENTITY_REFRESH\"", vec![refresh, process]),
        ("type in (\"CLOUD_ATTRIBUTE_SYNCHRONIZATION\", \"ACCOUNT_DELETION\")", vec![synchronize]),
        ("completionStatus isnull", vec![process]),
        ("type eq \"IDENTITY_REFRESH\" and completionStatus in (\"SUCCESS\", \"WARNING\")", vec![refresh]),
        ("completionStatus eq \"Success\"", vec![synchronize]),
        (&format!("id in (\"{process}\", \"nothing\")"), vec![process]),
        ("sourceId eq \"2c91\"", vec![]),
    ] {
        assert_eq!(listed(&[("filters", filters)]), expected.into_iter().cloned().collect::<Vec<_>>(), "{filters}");
    }
    assert_eq!(listed(&[("sorters", "created")]), [refresh, process, synchronize].map(Clone::clone));
    let page = listed(&[("sorters", "-created"), ("limit", "2"), ("offset", "1")]);
    assert_eq!(page, [process, refresh].map(Clone::clone));
    let counted = tasks(&sandbox, "/task-status/v1", &[("count", "true"), ("limit", "0")]);
    assert_eq!(total(&counted), "3");
    assert_eq!(json_of(counted), json!([]));
    assert_eq!(sandbox.arrivals(Endpoint::TaskList).len(), 11);

    let list = json_of(tasks(&sandbox, "/task-status/v1", &[("limit", "1")]));
    assert_eq!(list[0], json_of(get(&sandbox, &format!("/task-status/v1/{refresh}"), ACCESS_TOKEN)));
    assert_eq!(list[0]["type"], "QUARTZ");
    assert_eq!(list[0]["taskDefinitionSummary"]["uniqueName"], "Refresh Identities");
}

#[test]
fn older_versions_list_completed_tasks_only() {
    let sandbox = Sandbox::builder().people(20).task_duration(Duration::ZERO).start();
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(3_600)));
    let [running, process, synchronize] = three_tasks(&sandbox);
    for (version, all) in [("v2024", false), ("beta", false), ("v2025", true), ("v2026", true)] {
        let path = format!("/{version}/task-status");
        let response = tasks(&sandbox, &path, &[]);
        assert_eq!(response.headers()["x-deprecated"], "true");
        let expected = [all.then(|| running.clone()), Some(process.clone()), Some(synchronize.clone())];
        assert_eq!(names(&json_of(response), "id"), expected.into_iter().flatten().collect::<Vec<_>>(), "{version}");
        let pending = tasks(&sandbox, &path, &[("filters", "completionStatus isnull")]).status();
        assert_eq!(pending.as_u16(), if all { 200 } else { 400 }, "{version}");
    }
}

#[test]
fn the_task_list_refuses_what_is_not_documented() {
    let sandbox = Sandbox::start();
    for (parameter, value, error) in [
        ("filters", "type eq \"QUARTZ\"", "Error converting Enumerated string (type) value (quartz)"),
        (
            "filters",
            "completionStatus eq \"DONE\"",
            "Error converting Enumerated string (completionStatus) value (done)",
        ),
        ("filters", "created gt \"2026-01-01T00:00:00Z\"", "filters: created cannot be filtered by"),
        ("filters", "type isnull", "filters: type takes eq or in, not isnull"),
        ("sorters", "launched", "sorters: launched cannot be sorted by"),
        ("limit", "251", "limit must be a number up to 250, not 251"),
    ] {
        let response = tasks(&sandbox, "/task-status/v1", &[(parameter, value)]);
        assert_eq!(response.status(), 400, "{value}");
        assert_eq!(json_of(response)["messages"][0]["text"], error);
    }
    let noscope = token(&sandbox, "noscope");
    assert_eq!(get(&sandbox, "/task-status/v1", &noscope).status(), 403);
    assert_eq!(post(&sandbox, "/task-status/v1", &json!({})).status(), 405);
}

/// How many years the sandbox's clock is ahead, by the text of a time: a `Date` header or ISO 8601.
fn years_ahead(time: &str) -> u64 {
    let is_iso = time.starts_with(|character: char| character.is_ascii_digit());
    let year: u64 = time.get(if is_iso { 0..4 } else { 12..16 }).expect("it has a year").parse().expect("it is a year");
    let today = httpdate::fmt_http_date(std::time::SystemTime::now());
    year - today[12..16].parse::<u64>().expect("it is a year")
}

#[test]
fn every_time_is_by_the_sandbox_s_clock() {
    const YEARS: u64 = 30;
    let offset = i64::try_from(YEARS * 365 * 86_400).expect("it is small");
    let sandbox = Sandbox::builder().people(20).task_duration(Duration::ZERO).clock_offset(offset).start();
    let is_ahead = |time: &str| assert!((YEARS - 1..=YEARS).contains(&years_ahead(time)), "{time}");
    let filter = json!({ "filter": "uid == \"amelie.roux\"" });
    let refreshed = json_of(post(&sandbox, "/cc/api/system/refreshIdentities", &filter));
    is_ahead(refreshed["launched"].as_str().expect("it is a text"));
    let list = json_of(tasks(&sandbox, "/task-status/v1", &[]));
    for member in ["created", "modified", "launched", "completed"] {
        is_ahead(list[0][member].as_str().expect("it is a text"));
    }
    let listed = json_of(get(&sandbox, "/identities/v1?filters=alias+eq+%22amelie.roux%22", ACCESS_TOKEN));
    is_ahead(listed[0]["lastRefresh"].as_str().expect("it is a text"));

    let header = |response: &Response, name: &str| response.headers()[name].to_str().expect("it is a text").to_owned();
    for path in ["/identities/v1", "/nothing", "/sandbox/log"] {
        is_ahead(&header(&get(&sandbox, path, ACCESS_TOKEN), "date"));
    }
    sandbox.fault(Fault::on(Endpoint::Identities).retry_after_date(1));
    is_ahead(&header(&get(&sandbox, "/identities/v1", ACCESS_TOKEN), "retry-after"));
    let slow = Fault::on(Endpoint::Identities).kind(FaultKind::SlowHeaders).delay(Duration::ZERO);
    sandbox.fault(slow);
    is_ahead(&header(&get(&sandbox, "/identities/v1?limit=1", ACCESS_TOKEN), "date"));
}

#[test]
fn attributes_are_synchronised_once_in_a_while() {
    let sandbox = Sandbox::builder().people(20).synchronize_interval(Duration::from_millis(300)).start();
    let id = sandbox.identities()[0].id.clone();
    let synchronize = |id: &str| post(&sandbox, &format!("/identities/v1/{id}/synchronize-attributes"), &json!({}));
    let first = synchronize(&id);
    assert_eq!(first.status(), 202);
    assert_eq!(json_of(first)["status"], "QUEUED");
    let second = synchronize(&id);
    assert_eq!((second.status().as_u16(), second.headers()["retry-after"].to_str().ok()), (429, Some("1")));
    std::thread::sleep(Duration::from_millis(310));
    assert_eq!(synchronize(&id).status(), 202);
    assert_eq!(synchronize("nobody").status(), 404);
    assert_eq!(sandbox.refreshes().iter().filter(|refresh| refresh.by == Endpoint::Synchronize).count(), 2);
}

#[test]
fn paths_and_methods_that_do_not_exist_say_so() {
    let sandbox = Sandbox::start();
    assert_eq!(get(&sandbox, "/search", ACCESS_TOKEN).status(), 404);
    assert_eq!(get(&sandbox, "/nothing/v1", ACCESS_TOKEN).status(), 404);
    let response = get(&sandbox, "/search/v1", ACCESS_TOKEN);
    assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().ok()), (405, Some("POST")));
    assert_eq!(post(&sandbox, "/identities/v1", &json!({})).status(), 405);
    let info = json_of(client().get(format!("{}/oauth/info", sandbox.url())).send().expect("the sandbox answers"));
    assert_eq!(info["tokenEndpoint"], format!("{}/oauth/token", sandbox.url()));
}
