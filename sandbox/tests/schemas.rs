//! The answers of every endpoint, held against SailPoint's schemas.
//!
//! The tables are written from the OpenAPI files of the repository sailpoint-oss/api-specs, state of 2026-08-22, folder
//! `idn/apis`; each names its file. `/oauth` and `/cc` have no schema there: their tables are from the documentation.

use std::sync::LazyLock;
use std::time::Duration;

use pssailpointcc_sandbox::{ACCESS_TOKEN, Endpoint, Fault, Identity, Sandbox, TaskEnd};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use Kind::{Boolean, Integer, ListOf, Map, Object, OneOf, Text, Time};

/// The type of a member.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    /// A text of the format `date-time`.
    Time,
    OneOf(&'static [&'static str]),
    Boolean,
    Integer,
    /// An object with any members.
    Map,
    Object(&'static Schema),
    ListOf(&'static Kind),
}

#[derive(Clone, Copy, PartialEq)]
enum Presence {
    /// Listed in the schema's `required`, or in every example of an answer.
    Required,
    /// The same, and `nullable`.
    RequiredOrNull,
    Optional,
    /// Optional and `nullable`.
    OptionalOrNull,
}

use Presence::{Optional, OptionalOrNull, Required, RequiredOrNull};

/// The members of an object. Others are an error.
type Schema = [(&'static str, Presence, Kind)];

/// `search/schemas/identitydocuments.yaml`, which is `identitydocument`, `basedocument`, `displayreference` and
/// `documentfields`. `id` and `name` are required there; the others that are required here are in every example
/// (`search/examples/identities.yaml`), but `processingState`, which the schema has.
const DOCUMENT: &Schema = &[
    ("id", Required, Text),
    ("name", Required, Text),
    ("_type", Optional, OneOf(&["identity"])),
    ("_version", Optional, Text),
    ("displayName", Required, Text),
    ("firstName", Optional, Text),
    ("lastName", Optional, Text),
    ("email", Optional, Text),
    ("created", RequiredOrNull, Time),
    ("modified", RequiredOrNull, Time),
    ("phone", Optional, Text),
    ("inactive", Required, Boolean),
    ("protected", Required, Boolean),
    ("status", Required, Text),
    ("employeeNumber", Optional, Text),
    ("manager", OptionalOrNull, Object(MANAGER)),
    ("isManager", Required, Boolean),
    ("identityProfile", Required, Object(REFERENCE)),
    ("source", Required, Object(REFERENCE)),
    ("attributes", Required, Map),
    ("disabled", Required, Boolean),
    ("locked", Required, Boolean),
    ("processingState", RequiredOrNull, Text),
    ("accounts", Required, ListOf(&Object(ACCOUNT))),
    ("accountCount", Required, Integer),
    ("apps", Required, ListOf(&Map)),
    ("appCount", Required, Integer),
    ("access", Required, ListOf(&Map)),
    ("accessCount", Required, Integer),
    ("entitlementCount", Required, Integer),
    ("roleCount", Required, Integer),
    ("accessProfileCount", Required, Integer),
    ("tags", Required, ListOf(&Text)),
    ("tagsCount", Optional, Integer),
];
const MANAGER: &Schema = &[("id", Required, Text), ("name", Required, Text), ("displayName", Required, Text)];
/// `search/schemas/reference.yaml`.
const REFERENCE: &Schema = &[("id", Required, Text), ("name", Required, Text)];
/// `search/schemas/baseaccount.yaml`.
const ACCOUNT: &Schema = &[
    ("id", Required, Text),
    ("name", Required, Text),
    ("accountId", Required, Text),
    ("source", Required, Object(REFERENCE)),
    ("disabled", Required, Boolean),
    ("locked", Required, Boolean),
];
/// Of `attributes`, what every example of a document has, besides those that a source may leave empty.
const ATTRIBUTES: [&str; 6] =
    ["cloudLifecycleState", "cloudStatus", "displayName", "identityState", "internalCloudStatus", "uid"];

/// `identities/schemas/identity.yaml`; `name` is required there.
const IDENTITY: &Schema = &[
    ("id", Required, Text),
    ("name", Required, Text),
    ("created", Required, Time),
    ("modified", Required, Time),
    ("alias", Required, Text),
    ("emailAddress", RequiredOrNull, Text),
    ("processingState", RequiredOrNull, OneOf(&["ERROR", "OK"])),
    ("identityStatus", Required, OneOf(&IDENTITY_STATUS)),
    ("managerRef", RequiredOrNull, Object(MANAGER_REF)),
    ("isManager", Required, Boolean),
    ("lastRefresh", Optional, Time),
    ("attributes", Required, Map),
    ("lifecycleState", RequiredOrNull, Object(LIFECYCLE_STATE)),
];
const IDENTITY_STATUS: [&str; 10] = [
    "UNREGISTERED",
    "REGISTERED",
    "PENDING",
    "WARNING",
    "DISABLED",
    "ACTIVE",
    "DEACTIVATED",
    "TERMINATED",
    "ERROR",
    "LOCKED",
];
const MANAGER_REF: &Schema =
    &[("type", Required, OneOf(&["IDENTITY"])), ("id", Required, Text), ("name", Required, Text)];
/// `identities/schemas/lifecyclestatedto.yaml`.
const LIFECYCLE_STATE: &Schema = &[("stateName", Required, Text), ("manuallyUpdated", Required, Boolean)];

/// `identity-attributes/schemas/identityattribute-2.yaml` and `source-2.yaml`; `name` is required there.
const ATTRIBUTE: &Schema = &[
    ("name", Required, Text),
    ("displayName", Required, Text),
    ("standard", Required, Boolean),
    ("type", RequiredOrNull, Text),
    ("multi", Required, Boolean),
    ("searchable", Required, Boolean),
    ("system", Required, Boolean),
    ("sources", Required, ListOf(&Object(&[("type", Required, Text), ("properties", Required, Map)]))),
];

/// `task-management/schemas/taskstatus.yaml`.
const TASK_STATUS: &Schema = &[
    ("id", Required, Text),
    ("type", Required, OneOf(&["QUARTZ", "QPOC", "QUEUED_TASK"])),
    ("uniqueName", Required, Text),
    ("description", Required, Text),
    ("parentName", RequiredOrNull, Text),
    ("launcher", Required, Text),
    ("target", OptionalOrNull, Map),
    ("created", Required, Time),
    ("modified", RequiredOrNull, Time),
    ("launched", RequiredOrNull, Time),
    ("completed", RequiredOrNull, Time),
    ("completionStatus", RequiredOrNull, OneOf(&["SUCCESS", "WARNING", "ERROR", "TERMINATED", "TEMPERROR"])),
    ("messages", Required, ListOf(&Object(MESSAGE))),
    ("returns", Required, ListOf(&Map)),
    ("attributes", Required, Map),
    ("progress", RequiredOrNull, Text),
    ("percentComplete", Required, Integer),
    ("taskDefinitionSummary", Optional, Object(DEFINITION)),
];
/// `shared/schemas/taskstatusmessage.yaml` and `localizedmessage.yaml`.
const MESSAGE: &Schema = &[
    ("type", Required, OneOf(&["INFO", "WARN", "ERROR"])),
    ("localizedText", RequiredOrNull, Object(&[("locale", Required, Text), ("message", Required, Text)])),
    ("key", Required, Text),
    ("parameters", RequiredOrNull, ListOf(&Text)),
];
/// `shared/schemas/taskdefinitionsummary.yaml`.
const DEFINITION: &Schema = &[
    ("id", Required, Text),
    ("uniqueName", Required, Text),
    ("description", RequiredOrNull, Text),
    ("parentName", Required, Text),
    ("executor", RequiredOrNull, Text),
    ("arguments", Required, Map),
];

/// `identities/schemas/taskresultresponse.yaml`, which says of `name`: always null.
const TASK_RESULT: &Schema =
    &[("type", Required, OneOf(&["TASK_RESULT"])), ("id", Required, Text), ("name", RequiredOrNull, Text)];
/// `identities/schemas/identitysyncjob.yaml` and `identitysyncpayload.yaml`.
const SYNC_JOB: &Schema = &[
    ("id", Required, Text),
    ("status", Required, OneOf(&["QUEUED", "IN_PROGRESS", "SUCCESS", "ERROR"])),
    ("payload", Required, Object(&[("type", Required, Text), ("dataJson", Required, Text)])),
];

/// `shared/schemas/errorresponsedto.yaml` and `errormessagedto.yaml`.
const ERROR: &Schema = &[
    ("detailCode", Required, Text),
    ("trackingId", Required, Text),
    ("messages", Required, ListOf(&Object(ERROR_MESSAGE))),
    ("causes", Required, ListOf(&Object(ERROR_MESSAGE))),
];
const ERROR_MESSAGE: &Schema = &[
    ("locale", RequiredOrNull, Text),
    ("localeOrigin", RequiredOrNull, OneOf(&["DEFAULT", "REQUEST"])),
    ("text", Required, Text),
];
/// `shared/responses/401.yaml` and `429.yaml`.
const UNAUTHORIZED: &Schema = &[("error", Required, Text)];
const TOO_MANY: &Schema = &[("message", Required, Text)];

/// RFC 6749, 5.1; the further members are in the answers that the documentation shows.
const TOKEN: &Schema = &[
    ("access_token", Required, Text),
    ("token_type", Required, Text),
    ("expires_in", Required, Integer),
    ("scope", Required, Text),
    ("tenant_id", Optional, Text),
    ("pod", Optional, Text),
    ("org", Optional, Text),
    ("strong_auth_supported", Optional, Boolean),
    ("identity_id", Optional, Text),
    ("jti", Optional, Text),
];
/// RFC 6749, 5.2.
const TOKEN_ERROR: &Schema = &[("error", Required, Text), ("error_description", Optional, Text)];

/// What is wrong with a value, one line each.
fn mistakes(value: &Value, kind: Kind, at: &str) -> Vec<String> {
    let is_right = match (kind, value) {
        (Text, Value::String(_)) | (Boolean, Value::Bool(_)) | (Map, Value::Object(_)) => true,
        (Time, Value::String(time)) => is_time(time),
        (Integer, Value::Number(number)) => number.is_i64() || number.is_u64(),
        (OneOf(texts), Value::String(text)) => texts.contains(&text.as_str()),
        (ListOf(kind), Value::Array(all)) => {
            let members = all.iter().enumerate();
            return members.flat_map(|(number, one)| mistakes(one, *kind, &format!("{at}[{number}]"))).collect();
        }
        (Object(schema), Value::Object(members)) => {
            let unknown = members.keys().filter(|name| !schema.iter().any(|(known, ..)| known == name));
            let unknown = unknown.map(|name| format!("{at}.{name} is not in the schema"));
            let known = schema.iter().flat_map(|(name, presence, kind)| {
                let at = format!("{at}.{name}");
                match members.get(*name) {
                    None if matches!(presence, Required | RequiredOrNull) => vec![format!("{at} is missing")],
                    None => Vec::new(),
                    Some(Value::Null) if matches!(presence, RequiredOrNull | OptionalOrNull) => Vec::new(),
                    Some(value) => mistakes(value, *kind, &at),
                }
            });
            return unknown.chain(known).collect();
        }
        _ => false,
    };
    if is_right { Vec::new() } else { vec![format!("{at} is {value}")] }
}

/// `2018-06-25T20:22:28.104Z`.
fn is_time(text: &str) -> bool {
    let digits = text.chars().map(|character| if character.is_ascii_digit() { '0' } else { character });
    digits.eq("0000-00-00T00:00:00.000Z".chars())
}

fn hold(answer: &Value, kind: Kind, what: &str) {
    assert_eq!(mistakes(answer, kind, what), [""; 0]);
}

/// One for all: building a client takes longer than most tests.
fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().expect("a plain client can be built")
    });
    &CLIENT
}

fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().expect("the body comes")).expect("the body is JSON")
}

fn get(sandbox: &Sandbox, path: &str) -> Value {
    let request = client().get(format!("{}{path}", sandbox.url())).bearer_auth(ACCESS_TOKEN);
    json_of(request.send().expect("the sandbox answers"))
}

fn post_with(sandbox: &Sandbox, path: &str, token: &str, body: &Value) -> Response {
    let request = client().post(format!("{}{path}", sandbox.url())).bearer_auth(token);
    let request = request.header("content-type", "application/json").header("x-sailpoint-experimental", "true");
    request.body(body.to_string()).send().expect("the sandbox answers")
}

fn post(sandbox: &Sandbox, path: &str, body: &Value) -> Value {
    json_of(post_with(sandbox, path, ACCESS_TOKEN, body))
}

fn everybody() -> Value {
    json!({ "indices": ["identities"], "query": { "query": "*" }, "sort": ["id"] })
}

/// A tenant with somebody whose refresh has failed, and somebody who has nothing but a name.
fn tenant() -> Sandbox {
    let sandbox = Sandbox::builder().task_duration(Duration::ZERO).start();
    sandbox.put_identity(Identity::new("bare"));
    sandbox.script_task(TaskEnd::new("WARNING").message("one was left out").failing("smith"));
    let filter = json!({ "filter": "uid.in({\"smith\", \"amelie.roux\"})" });
    assert!(post(&sandbox, "/cc/api/system/refreshIdentities", &filter).is_object());
    sandbox
}

fn one<'l>(list: &'l Value, member: &str, value: &str) -> &'l Value {
    list.as_array().and_then(|list| list.iter().find(|one| one[member] == value)).expect("it is in the list")
}

#[test]
fn documents_of_search_have_the_members_of_the_schema() {
    let sandbox = tenant();
    get(&sandbox, "/identities/v1");
    let page = post(&sandbox, "/search/v1?limit=1000", &everybody());
    let bare = one(&page, "name", "bare").as_object().expect("it is found");
    for name in ["manager", "email", "employeeNumber", "firstName", "lastName", "phone"] {
        assert_eq!(bare.get(name), None, "what is empty is left out: {name}");
    }
    assert_eq!(page.as_array().map(Vec::len), Some(99));
    hold(&page, ListOf(&Object(DOCUMENT)), "search");
    for document in page.as_array().into_iter().flatten() {
        for name in ATTRIBUTES {
            assert!(document["attributes"][name].is_string(), "{name}: {document}");
        }
        assert!(document.get("phone").is_none());
    }
    assert_eq!(one(&page, "name", "smith")["processingState"], "ERROR");
    assert_eq!(one(&page, "name", "amelie.roux")["processingState"], Value::Null);
}

#[test]
fn a_failed_refresh_is_found_by_its_processing_state_and_no_longer_after_the_next() {
    let sandbox = tenant();
    let found = || {
        let mut query = everybody();
        query["query"]["query"] = json!("processingState:\"ERROR\"");
        let page = post(&sandbox, "/search/v1", &query);
        page.as_array().map(|page| page.iter().map(|one| one["name"].clone()).collect::<Vec<_>>())
    };
    assert_eq!(found(), Some(vec![json!("smith")]));
    post(&sandbox, "/cc/api/system/refreshIdentities", &json!({ "filter": "uid == \"smith\"" }));
    assert_eq!(found(), Some(vec![]));
}

#[test]
fn listed_identities_have_the_members_of_the_schema() {
    let sandbox = tenant();
    let page = get(&sandbox, "/identities/v1?defaultFilter=NONE");
    hold(&page, ListOf(&Object(IDENTITY)), "identities");
    assert_eq!(page.as_array().map(Vec::len), Some(101));
    assert_eq!(one(&page, "alias", "smith")["processingState"], "ERROR");
    assert_eq!(one(&page, "alias", "amelie.roux")["lifecycleState"]["stateName"], "active");
    assert!(one(&page, "alias", "amelie.roux")["lastRefresh"].is_string());
    assert!(one(&page, "alias", "smith").get("lastRefresh").is_none());
}

#[test]
fn identity_attributes_leave_out_system_and_silent_ones_unless_they_are_asked_for() {
    let sandbox = tenant();
    let list = |query: &str| {
        let list = get(&sandbox, &format!("/identity-attributes/v1{query}"));
        hold(&list, ListOf(&Object(ATTRIBUTE)), query);
        list
    };
    let has = |list: &Value, name: &str| list.as_array().is_some_and(|list| list.iter().any(|one| one["name"] == name));
    for (query, system, silent) in [
        ("", false, false),
        ("?includeSystem=false&includeSilent=false", false, false),
        ("?includeSystem=true", true, false),
        ("?includeSilent=true", false, true),
        ("?includeSystem=true&includeSilent=true", true, true),
    ] {
        let list = list(query);
        assert_eq!((has(&list, "cloudStatus"), has(&list, "internalCloudStatus")), (system, silent), "{query}");
        assert!(has(&list, "email") && has(&list, "cloudLifecycleState") && has(&list, "costCenter"), "{query}");
    }
    let all = list("?includeSystem=true&includeSilent=true");
    let flags = |name: &str| (one(&all, "name", name)["standard"] == true, one(&all, "name", name)["system"] == true);
    assert_eq!(
        (flags("uid"), flags("cloudStatus"), flags("costCenter")),
        ((true, false), (false, true), (false, false))
    );
    assert!(one(&all, "name", "uid")["sources"][0].is_object());
    assert_eq!(one(&all, "name", "cloudStatus")["sources"], json!([]));
}

#[test]
fn successors_and_their_tasks_answer_by_their_schemas() {
    let sandbox = tenant();
    let id = sandbox.identities()[0].id.clone();
    sandbox.script_task(TaskEnd::new("SUCCESS").takes(Duration::from_secs(3_600)));
    let running = post(&sandbox, "/identities/v1/process", &json!({ "identityIds": [id] }));
    hold(&running, Object(TASK_RESULT), "process");
    hold(&post(&sandbox, &format!("/identities/v1/{id}/synchronize-attributes"), &json!({})), Object(SYNC_JOB), "sync");
    let tasks = get(&sandbox, "/task-status/v1");
    hold(&tasks, ListOf(&Object(TASK_STATUS)), "tasks");
    assert_eq!(tasks.as_array().map(Vec::len), Some(3));
    assert_eq!(tasks[0]["messages"].as_array().map(Vec::len), Some(1));
    let task = get(&sandbox, &format!("/task-status/v1/{}", running["id"].as_str().expect("it is a text")));
    hold(&task, Object(TASK_STATUS), "task");
    assert_eq!(task["completionStatus"], Value::Null);
}

#[test]
fn a_count_has_a_total_and_no_body() {
    let sandbox = tenant();
    let response = post_with(&sandbox, "/search/v1/count", ACCESS_TOKEN, &everybody());
    assert_eq!((response.status().as_u16(), response.headers()["x-total-count"].to_str().ok()), (204, Some("99")));
    assert!(response.bytes().expect("the body comes").is_empty());
}

#[test]
fn tokens_and_their_errors_have_the_members_of_oauth() {
    let sandbox = tenant();
    let token = |secret: &str| {
        let query = format!("grant_type=client_credentials&client_id=sandbox-client&client_secret={secret}");
        json_of(client().post(format!("{}/oauth/token?{query}", sandbox.url())).send().expect("the sandbox answers"))
    };
    hold(&token("sandbox-secret"), Object(TOKEN), "token");
    hold(&token("wrong"), Object(TOKEN_ERROR), "token error");
    const INFO: &Schema = &[("authorizeEndpoint", Required, Text), ("tokenEndpoint", Required, Text)];
    hold(&get(&sandbox, "/oauth/info"), Object(INFO), "info");
}

#[test]
fn errors_have_the_form_of_their_status() {
    let sandbox = tenant();
    for status in [400, 403, 404, 500, 503] {
        sandbox.fault(Fault::on(Endpoint::Search).status(status));
        let response = post_with(&sandbox, "/search/v1", ACCESS_TOKEN, &everybody());
        assert_eq!(response.status().as_u16(), status);
        hold(&json_of(response), Object(ERROR), &status.to_string());
    }
    for (path, body) in
        [("/search/v1", json!({})), ("/identities/v1/process", json!({ "identityIds": [] })), ("/no/v1", json!({}))]
    {
        hold(&post(&sandbox, path, &body), Object(ERROR), path);
    }
    let unauthorized = post_with(&sandbox, "/search/v1", "invented", &everybody());
    hold(&json_of(unauthorized), Object(UNAUTHORIZED), "401");
    sandbox.fault(Fault::on(Endpoint::Search).status(429));
    hold(&post(&sandbox, "/search/v1", &everybody()), Object(TOO_MANY), "429");
}
