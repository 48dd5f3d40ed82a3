//! The tenant as its users meet it: over HTTP, with a client of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::Duration;

use pssailpointcc_sandbox::{ACCESS_TOKEN, Client as Credentials, Endpoint, HAND_WRITTEN, Sandbox, Scope};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

const REFRESH: &str = "/cc/api/system/refreshIdentities";

/// One for all: building a client takes longer than most tests.
fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().expect("a plain client can be built")
    });
    &CLIENT
}

fn post(sandbox: &Sandbox, path: &str, token: &str, body: &Value) -> Response {
    let request = client().post(format!("{}{path}", sandbox.url())).bearer_auth(token);
    let request = request.header("content-type", "application/json").body(body.to_string());
    request.send().expect("the sandbox answers")
}

fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().expect("the body comes")).expect("the body is JSON")
}

fn token(sandbox: &Sandbox, id: &str, secret: &str) -> Response {
    let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let request = client().post(format!("{}/oauth/token", sandbox.url()));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    request.send().expect("the sandbox answers")
}

fn token_text(sandbox: &Sandbox, id: &str, secret: &str) -> String {
    json_of(token(sandbox, id, secret))["access_token"].as_str().expect("there is a token").to_owned()
}

#[test]
fn a_filter_refreshes_whom_it_means() {
    let sandbox = Sandbox::start();
    let token = token_text(&sandbox, "sandbox-client", "sandbox-secret");
    let arguments = json!({ "promoteAttributes": "True", "refreshLinks": true });
    let body = json!({ "filter": "uid.in({\"amelie.roux\", \"山田太郎\"})", "refreshArgs": arguments });
    let response = post(&sandbox, REFRESH, &token, &body);
    assert_eq!(response.status(), 200);
    assert!(json_of(response).is_object());
    let refreshes = sandbox.refreshes();
    assert_eq!(refreshes.len(), 1);
    assert_eq!(refreshes[0].scope, Scope::Chosen);
    assert_eq!(refreshes[0].names, ["amelie.roux", "山田太郎"]);
    assert_eq!(refreshes[0].arguments, arguments);
    let refreshed: u64 = sandbox.identities().iter().map(|person| person.refreshes).sum();
    assert_eq!(refreshed, 2);
    let log = sandbox.log();
    assert_eq!(log.iter().map(|arrival| arrival.endpoint).collect::<Vec<_>>(), [Endpoint::Token, Endpoint::Refresh]);
    assert_eq!(log[1].client.as_deref(), Some("sandbox-client"));
    assert_eq!(log[1].text(), body.to_string());
    assert_eq!((log[1].status, log[1].complete, log[1].executed), (Some(200), true, true));
}

#[test]
fn what_is_not_a_filter_that_matches_refreshes_everybody() {
    let sandbox = Sandbox::builder().people(20).start();
    let send = |content_type: &str, body: &str| {
        let request = client().post(format!("{}{REFRESH}", sandbox.url())).bearer_auth(ACCESS_TOKEN);
        let request = request.header("content-type", content_type).body(body.to_owned());
        assert_eq!(request.send().expect("the sandbox answers").status(), 200);
        sandbox.refreshes().pop().expect("something was refreshed")
    };
    for (content_type, body, reason) in [
        ("application/json", "{}", "there is no filter"),
        ("application/json", "{\"filter\":null}", "there is no filter"),
        ("application/json", "{\"filter\":7}", "not a text"),
        ("application/json", "{\"filter\":\" \\t\"}", "blank"),
        ("application/json", "{\"filter\":\"uid == \\\"a\\\",\\\"b\\\"\"}", "does not parse"),
        ("application/json", "{\"filter\":\"uid == \\\"nobody\\\"\"}", "matches nobody"),
        ("application/json", "{\"filter\":\"costCenter == \\\"CC-100\\\"\"}", "not a searchable attribute"),
        ("application/json", "{\"filter\":\"shoeSize == 44\"}", "not a searchable attribute"),
        ("application/json", "", "not a JSON object"),
        ("application/json", "[]", "not a JSON object"),
        ("text/plain", "{\"filter\":\"uid == \\\"amelie.roux\\\"\"}", "content type"),
    ] {
        let refresh = send(content_type, body);
        assert_eq!((refresh.scope, refresh.names.len()), (Scope::Everybody, 20), "{body}");
        assert!(refresh.reason.contains(reason), "{body}: {}", refresh.reason);
    }
    let deep = format!("{{\"filter\":\"{}\"}}", "(".repeat(200_000));
    assert_eq!(send("application/json", &deep).scope, Scope::Everybody);
    let plain = send("Application/JSON; charset=utf-8", "{\"filter\":\"uid == \\\"amelie.roux\\\"\"}");
    assert_eq!(plain.names, ["amelie.roux"]);
}

#[test]
fn prune_deletes_those_without_accounts_who_were_refreshed() {
    let sandbox = Sandbox::builder().people(HAND_WRITTEN).start();
    for prune in [json!(false), json!("false"), json!("True")] {
        let body = json!({ "filter": "uid.startsWith(\"no.\")", "refreshArgs": { "pruneIdentities": prune } });
        post(&sandbox, REFRESH, ACCESS_TOKEN, &body);
    }
    let deleted: Vec<Vec<String>> = sandbox.refreshes().into_iter().map(|refresh| refresh.deleted).collect();
    assert_eq!(deleted, [vec![], vec![], vec!["no.accounts".to_owned()]]);
    assert_eq!(sandbox.identities().len(), HAND_WRITTEN - 1);
}

#[test]
fn the_token_endpoint_says_what_is_wrong() {
    let sandbox = Sandbox::builder().client(Credentials::new("mine", "my secret")).start();
    assert_eq!(token(&sandbox, "mine", "my+secret").status(), 200);
    for (id, secret, status, error) in
        [("nobody", "x", 400, "invalid_client"), ("mine", "x", 401, "invalid_grant"), ("", "", 400, "invalid_client")]
    {
        let response = token(&sandbox, id, secret);
        assert_eq!(response.status(), status);
        assert_eq!(json_of(response)["error"], error);
    }
    let url = format!("{}/oauth/token", sandbox.url());
    let basic = client().post(&url).basic_auth("mine", Some("my secret"));
    let form = "application/x-www-form-urlencoded";
    let basic = basic.header("content-type", form).body("grant_type=client_credentials").send();
    assert_eq!(basic.expect("the sandbox answers").status(), 200);
    let json = client().post(&url).header("content-type", "application/json").body("{}").send();
    assert_eq!(json.expect("the sandbox answers").status(), 400);
}

/// Form-encoded is in `token`. The official module 1.2.1 uses the query; 2.1.21 .NET's multipart, with the boundary in
/// quotes and names without.
#[test]
fn a_token_is_given_by_query_and_by_multipart() {
    let sandbox = Sandbox::builder().client(Credentials::new("mine", "my secret+&")).start();
    let by_query = |secret: &str| {
        let query = format!("grant_type=client_credentials&client_id=mine&client_secret={secret}");
        client().post(format!("{}/oauth/token?{query}", sandbox.url())).send().expect("the sandbox answers")
    };
    let by_multipart = |fields: &[(&str, &str)]| {
        let part = |(name, value): &(&str, &str)| {
            format!(
                "--5c1f\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Disposition: form-data; name={name}\r\n\r\n{value}\r\n"
            )
        };
        let body = fields.iter().map(part).collect::<String>() + "--5c1f--\r\n";
        let request = client().post(format!("{}/oauth/token", sandbox.url())).body(body);
        let request = request.header("content-type", "multipart/form-data; boundary=\"5c1f\"");
        request.send().expect("the sandbox answers")
    };
    let grant = ("grant_type", "client_credentials");
    for given in
        [by_query("my+secret%2B%26"), by_multipart(&[grant, ("client_id", "mine"), ("client_secret", "my secret+&")])]
    {
        assert_eq!(given.status(), 200);
        let token = json_of(given)["access_token"].as_str().expect("there is a token").to_owned();
        assert_eq!(post(&sandbox, REFRESH, &token, &json!({ "filter": "uid == \"smith\"" })).status(), 200);
    }
    assert_eq!(by_query("other").status(), 401);
    assert_eq!(by_multipart(&[grant, ("client_id", "mine"), ("client_secret", "other")]).status(), 401);
    assert_eq!(by_multipart(&[("client_id", "mine"), ("client_secret", "my secret+&")]).status(), 400);
    let names: Vec<String> = sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).collect();
    assert_eq!(names, ["smith", "smith"]);
}

#[test]
fn tokens_run_out() {
    let sandbox = Sandbox::builder().token_lifetime(Duration::from_millis(1_500)).start();
    let body = json!({ "filter": "uid == \"amelie.roux\"" });
    let granted = json_of(token(&sandbox, "sandbox-client", "sandbox-secret"));
    assert_eq!(granted["expires_in"], 1);
    let short = granted["access_token"].as_str().expect("a token is a text");
    assert_eq!(post(&sandbox, REFRESH, short, &body).status(), 200);
    sandbox.expire_tokens();
    let response = post(&sandbox, REFRESH, short, &body);
    assert_eq!(response.status(), 401);
    assert_eq!(json_of(response), json!({ "error": "JWT validation failed: JWT is expired" }));
    assert_eq!(post(&sandbox, REFRESH, "invented", &body).status(), 401);
    assert_eq!(post(&sandbox, REFRESH, ACCESS_TOKEN, &body).status(), 200);
    assert_eq!(sandbox.refreshes().len(), 2);
}

#[test]
fn a_client_without_scopes_is_forbidden_in_the_service_s_words() {
    let sandbox = Sandbox::start();
    let token = token_text(&sandbox, "noscope-client", "noscope-secret");
    let response = post(&sandbox, REFRESH, &token, &json!({}));
    assert_eq!(response.status(), 403);
    let body = json_of(response);
    assert_eq!(body["detailCode"], "403 Forbidden");
    assert_eq!(body["trackingId"].as_str().map(str::len), Some(32));
    assert!(body["messages"][0]["text"].is_string() && body["causes"].is_array());
    assert!(sandbox.refreshes().is_empty());
    assert!(!sandbox.log()[1].executed);
}

#[test]
fn the_rate_limit_refuses_and_forgets() {
    let sandbox = Sandbox::builder().rate_limit(3).rate_window(Duration::from_millis(1_200)).start();
    let body = json!({ "filter": "uid == \"amelie.roux\"" });
    let statuses = || (0..4).map(|_| post(&sandbox, REFRESH, ACCESS_TOKEN, &body)).collect::<Vec<_>>();
    let mut first = statuses();
    let refused = first.pop().expect("there are four");
    assert!(first.iter().all(|response| response.status() == 200));
    assert_eq!(refused.status(), 429);
    assert!(["1", "2"].contains(&refused.headers()["retry-after"].to_str().expect("digits are text")));
    assert_eq!(json_of(refused), json!({ "message": " Rate Limit Exceeded " }));
    let other = token_text(&sandbox, "helpdesk-client", "helpdesk-secret");
    assert_eq!(post(&sandbox, REFRESH, &other, &body).status(), 200);
    std::thread::sleep(Duration::from_millis(1_250));
    assert_eq!(post(&sandbox, REFRESH, ACCESS_TOKEN, &body).status(), 200);
    assert_eq!(sandbox.refreshes().len(), 5);
}

#[test]
fn a_body_that_is_cut_off_is_logged_and_not_executed() {
    let sandbox = Sandbox::start();
    let mut stream = TcpStream::connect(sandbox.url().trim_start_matches("http://")).expect("it listens");
    let head = format!(
        "POST {REFRESH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ACCESS_TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"filter\":"
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.shutdown(std::net::Shutdown::Write).expect("it is open");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let log = sandbox.log();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].complete, log[0].executed, log[0].text().as_str()), (false, false, "{\"filter\":"));
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn people_come_from_a_csv_file() {
    let file = std::env::temp_dir().join(format!("pssailpointcc-people-{}.csv", std::process::id()));
    let text = "\u{feff}uid,displayName,firstName,department,manager,accounts,skills[]\n\
                boss,The Boss,Bo,Sales,,2,\n\
                \"a, b\",\"A \"\"quoted\"\" B\",Ann,,boss,0,rust;c\n";
    std::fs::write(&file, text).expect("the temporary folder can be written to");
    let sandbox = Sandbox::builder().csv(&file).start();
    let people = sandbox.identities();
    assert_eq!(people.len(), 2);
    assert_eq!((people[1].name.as_str(), people[1].display_name()), ("a, b", "A \"quoted\" B"));
    assert_eq!((people[1].text("firstname"), people[1].accounts), ("Ann", 0));
    assert_eq!(people[1].manager.as_ref(), Some(&people[0].id));
    assert!(!people[1].attributes.contains_key("department"));
    let body = json!({ "filter": "skills.containsAll({\"c\"}) && manager.name == \"boss\"" });
    post(&sandbox, REFRESH, ACCESS_TOKEN, &body);
    assert_eq!(sandbox.refreshes()[0].names, ["a, b"]);
    std::fs::write(&file, "department\nSales\n").expect("it can be written again");
    let error = Sandbox::builder().csv(&file).try_start().err().expect("there is no name");
    assert!(error.to_string().contains("line 2 has neither name nor uid"), "{error}");
    let _ = std::fs::remove_file(&file);
}

#[test]
fn the_control_shows_and_changes_everything() {
    let sandbox = Sandbox::builder().people(HAND_WRITTEN).start();
    let control = |method: &str, path: &str, body: &str| {
        let method = method.parse().expect("it is a method");
        let request = client().request(method, format!("{}/sandbox/{path}", sandbox.url())).body(body.to_owned());
        let response = request.send().expect("the sandbox answers");
        (response.status().as_u16(), json_of(response))
    };
    post(&sandbox, REFRESH, ACCESS_TOKEN, &json!({ "filter": "uid == \"smith\"" }));
    let (status, log) = control("GET", "log", "");
    assert_eq!((status, log.as_array().map(Vec::len)), (200, Some(1)));
    assert_eq!(log[0]["refreshed"]["scope"], "chosen");
    assert_eq!(log[0]["refreshed"]["names"], json!(["smith"]));
    post(&sandbox, REFRESH, ACCESS_TOKEN, &json!({ "filter": "uid.in({\"smith\", \"amelie.roux\"})" }));
    assert_eq!(control("GET", "refreshes", "").1, json!({ "amelie.roux": 1, "smith": 2 }));
    assert_eq!(control("GET", "arrivals", "").1, json!({ "refresh": 2 }));
    control("DELETE", "log", "");
    for (path, empty) in [("log", json!([])), ("refreshes", json!({})), ("arrivals", json!({}))] {
        assert_eq!(control("GET", path, "").1, empty, "{path}");
    }
    let people = control("GET", "identities", "").1;
    assert_eq!(people[2]["name"], "smith");
    assert_eq!(people[2]["refreshes"], 2);
    assert_eq!(control("POST", "settings", "{\"retired\":410,\"expiresIn\":5}").1["expiresIn"], 5);
    assert_eq!(post(&sandbox, REFRESH, ACCESS_TOKEN, &json!({})).status(), 410);
    assert_eq!(control("POST", "settings", "{\"retired\":404.5}").0, 400);
    assert_eq!(control("POST", "faults", "{\"on\":\"token\",\"status\":500}").1, json!({ "set": 1 }));
    assert_eq!(control("GET", "faults", "").1[0]["status"], 500);
    assert_eq!(control("POST", "faults", "{\"kind\":\"storm\"}").0, 400);
    assert_eq!(token(&sandbox, "sandbox-client", "sandbox-secret").status(), 500);
    assert_eq!(control("GET", "faults", "").1, json!([]));
    let given = token_text(&sandbox, "sandbox-client", "sandbox-secret");
    control("POST", "expire-tokens", "");
    control("POST", "settings", "{\"retired\":null}");
    assert_eq!(post(&sandbox, REFRESH, &given, &json!({})).status(), 401);
    assert_eq!(control("GET", "nothing", "").0, 404);
}

#[test]
fn a_shut_down_endpoint_answers_as_it_was_told() {
    for (status, member) in [(404, "detailCode"), (405, "detailCode"), (410, "detailCode"), (401, "error")] {
        let sandbox = Sandbox::builder().retired(status).start();
        let response = post(&sandbox, REFRESH, ACCESS_TOKEN, &json!({}));
        assert_eq!(response.status(), status);
        assert!(json_of(response)[member].is_string());
        assert!(sandbox.refreshes().is_empty());
    }
}
