//! Where the configuration comes from, which source wins, and what is wrong with an address.

mod support;

use std::path::{Path, PathBuf};

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Client, Endpoint, Sandbox};
use serde_json::{Value, json};
use support::{call, refresh};

/// A folder of this test's own, as working directory and home.
struct Places {
    folder: PathBuf,
    environment: Value,
}

impl Places {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("places-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join(".sailpoint")).expect("target/tmp is writable");
        Self { folder, environment: json!({}) }
    }

    fn config_json(self, text: &str) -> Self {
        std::fs::write(self.folder.join("config.json"), text).expect("writable");
        self
    }

    fn config_yaml(self, text: &str) -> Self {
        std::fs::write(self.folder.join(".sailpoint/config.yaml"), text).expect("writable");
        self
    }

    fn environment(mut self, variables: Value) -> Self {
        self.environment = variables;
        self
    }

    /// `configuration` that looks for the rest here.
    fn around(&self, mut configuration: Value) -> Value {
        configuration["lookup"] =
            json!({ "environment": self.environment, "directory": self.folder, "home": self.folder });
        configuration
    }

    fn refresh(&self, configuration: Value) -> Value {
        refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": self.around(configuration) }))
    }

    /// What a call with this configuration would go by.
    fn preview(&self, configuration: Value) -> Value {
        let mut configuration = self.around(configuration);
        configuration["preview"] = json!(true);
        call(ffi::cc_configure, &configuration.to_string())
    }
}

/// Sandboxes that know one client each, so that a token tells which source was used.
fn tenant(client: &str) -> Sandbox {
    Sandbox::builder().client(Client::new(client, "its-secret")).start()
}

fn asked_by(sandbox: &Sandbox) -> Vec<String> {
    let body = |arrival: pssailpointcc_sandbox::Arrival| arrival.text();
    sandbox.arrivals(Endpoint::Token).into_iter().map(body).collect()
}

fn yaml(url: &str) -> String {
    format!(
        "activeenvironment: main\nenvironments:\n  main:\n    baseurl: {url}\n    pat:\n      clientid: of-yaml\n      clientsecret: its-secret\n  other:\n    baseurl: {url}\n    pat:\n      clientid: of-other\n      clientsecret: its-secret\n"
    )
}

#[test]
fn the_first_source_with_credentials_wins_whole() {
    let (of_json, of_yaml, of_variables) = (tenant("of-json"), tenant("of-yaml"), tenant("of-variables"));
    let places = Places::new("order")
        .config_json(&format!(r#"{{"BASEURL":"{}/","clientId":"of-json","ClientSecret":"its-secret"}}"#, of_json.url()))
        .config_yaml(&yaml(of_yaml.url()));
    assert_eq!(places.refresh(json!({}))["ok"], true, "config.json before config.yaml");
    assert_eq!((of_json.refreshes().len(), of_yaml.log().len()), (1, 0));

    let variables = json!({
        "SAIL_BASE_URL": of_variables.url(), "SAIL_CLIENT_ID": "of-variables", "SAIL_CLIENT_SECRET": "its-secret"
    });
    let places = places.environment(variables);
    assert_eq!(places.refresh(json!({}))["ok"], true, "the environment before both");
    assert_eq!((of_variables.refreshes().len(), of_json.refreshes().len()), (1, 1));

    let own = json!({ "baseUrl": of_yaml.url(), "clientId": "of-yaml", "clientSecret": "its-secret" });
    assert_eq!(places.refresh(own)["ok"], true, "the call before all");
    assert_eq!((of_yaml.refreshes().len(), of_variables.refreshes().len()), (1, 1));
    for (sandbox, client) in [(&of_json, "of-json"), (&of_yaml, "of-yaml"), (&of_variables, "of-variables")] {
        let asked = asked_by(sandbox);
        assert!(asked.iter().all(|body| body.contains(&format!("client_id={client}&"))), "{asked:?}");
    }
}

#[test]
fn config_yaml_gives_the_active_environment_or_the_one_that_is_named() {
    let sandbox = Sandbox::builder()
        .client(Client::new("of-yaml", "its-secret"))
        .client(Client::new("of-other", "its-secret"))
        .start();
    let places = Places::new("yaml").config_yaml(&yaml(sandbox.url()));
    assert_eq!(places.preview(json!({}))["configuration"]["clientId"], "of-yaml");
    assert_eq!(places.preview(json!({ "environment": "Other" }))["configuration"]["clientId"], "of-other");
    assert_eq!(places.refresh(json!({ "environment": "other" }))["ok"], true);
    let missing = places.refresh(json!({ "environment": "third" }));
    assert!(
        missing["error"]["hint"].as_str().is_some_and(|hint| hint.contains("no environment \"third\"")),
        "{missing}"
    );
}

#[test]
fn a_yaml_whose_secret_is_in_the_keyring_is_said_to_be_one() {
    let places = Places::new("keyring").config_yaml(
        "activeenvironment: main\nenvironments:\n  main:\n    baseurl: https://acme.api.identitynow.com\n",
    );
    let answer = places.refresh(json!({}));
    assert_eq!(answer["error"]["code"], "not_configured");
    assert!(answer["error"]["hint"].as_str().is_some_and(|hint| hint.contains("keyring")), "{answer}");
}

#[test]
fn a_session_s_secret_never_goes_where_config_json_says() {
    let (good, evil) = (Sandbox::start(), Sandbox::start());
    let places = Places::new("evil").config_json(&format!(r#"{{"BaseUrl":"{}"}}"#, evil.url()));
    let answer = places.refresh(json!({ "accessToken": "sandbox-token" }));
    assert_eq!(answer["error"]["code"], "not_configured", "{answer}");

    let places = places.environment(json!({ "SAIL_BASE_URL": good.url() }));
    assert_eq!(
        places.refresh(json!({ "accessToken": "sandbox-token" }))["ok"],
        true,
        "SAIL_BASE_URL is the user's own"
    );
    let home = Places::new("evil-home")
        .config_yaml(&format!("activeenvironment: a\nenvironments:\n  a:\n    baseurl: {}\n", good.url()));
    assert_eq!(home.refresh(json!({ "accessToken": "sandbox-token" }))["ok"], true, "config.yaml is the user's own");
    assert!(evil.log().is_empty());
    assert_eq!(good.refreshes().len(), 2);
}

#[test]
fn one_source_s_secret_never_goes_to_another_s_address() {
    let (own, other) = (tenant("of-json"), Sandbox::start());
    let places = Places::new("mixed")
        .config_json(&format!(r#"{{"BaseUrl":"{}","ClientId":"of-json","ClientSecret":"its-secret"}}"#, own.url()));
    for configuration in
        [json!({ "baseUrl": other.url() }), json!({ "tokenUrl": format!("{}/oauth/token", other.url()) })]
    {
        let answer = places.refresh(configuration);
        assert_eq!(answer["error"]["code"], "not_configured", "{answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains("./config.json")), "{answer}");
    }
    assert!(own.log().is_empty() && other.log().is_empty());
    assert_eq!(places.refresh(json!({ "baseUrl": own.url() }))["ok"], true, "the same address is no contradiction");
}

#[test]
fn half_of_the_credentials_is_an_error_and_no_other_source_steps_in() {
    let other = tenant("of-json");
    let places = Places::new("half")
        .config_json(&format!(r#"{{"BaseUrl":"{}","ClientId":"of-json","ClientSecret":"its-secret"}}"#, other.url()));
    for (half, missing) in
        [(json!({ "clientId": "me" }), "client secret"), (json!({ "clientSecret": "mine" }), "client id")]
    {
        let answer = places.refresh(half);
        assert_eq!(answer["error"]["code"], "not_configured");
        assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains(&format!("no {missing}"))), "{answer}");
        assert!(!answer.to_string().contains("mine"));
    }
    assert!(other.log().is_empty());
}

#[test]
fn without_any_source_the_error_lists_the_places() {
    let answer = Places::new("nothing").config_json("[1]").refresh(json!({}));
    let hint = answer["error"]["hint"].as_str().expect("a hint");
    for place in ["SAIL_CLIENT_ID", "config.json: no JSON object", "config.yaml", "accessToken"] {
        assert!(hint.contains(place), "{place}: {hint}");
    }
    let half = Places::new("no-url").refresh(json!({ "accessToken": "sandbox-token" }));
    assert!(half["error"]["message"].as_str().is_some_and(|m| m.contains("no base URL")), "{half}");
}

#[test]
fn what_cc_configure_reports_holds_no_secret_and_names_every_source() {
    let places = Places::new("report").environment(json!({ "SAIL_BASE_URL": "https://acme.api.identitynow.com" }));
    let report = places.preview(json!({
        "clientId": "me", "clientSecret": "s3cret-1", "defaultHeaders": { "X-Api-Key": "s3cret-2" },
        "proxy": "http://user:s3cret-3@proxy.example:8080", "timeoutSec": 7,
    }));
    assert_eq!(report["configuration"]["clientSecret"], "***");
    assert_eq!(report["configuration"]["proxy"], "http://***@proxy.example:8080");
    assert_eq!(report["configuration"]["tokenUrl"], "https://acme.api.identitynow.com/oauth/token");
    assert_eq!(report["configuration"]["timeoutSec"], 7.0);
    assert_eq!(report["sources"]["baseUrl"], "environment");
    assert_eq!(report["sources"]["clientId"], "call");
    assert_eq!(report["sources"]["maximumRetryCount"], "default");
    assert!(!report.to_string().contains("s3cret"), "{report}");
}

#[test]
fn an_address_that_would_not_do_is_refused_with_the_one_to_write() {
    for (url, hint) in [
        ("acme.api.identitynow.com", "https://acme.api.identitynow.com"),
        ("http://acme.api.identitynow.com", "https://acme.api.identitynow.com"),
        ("https://acme.identitynow.com", "https://acme.api.identitynow.com"),
        ("https://me:s3cret@acme.api.identitynow.com", "https://acme.api.identitynow.com"),
        ("https://acme.api.identitynow.com?x=1", "https://acme.api.identitynow.com"),
    ] {
        let answer = Places::new("addresses").refresh(json!({ "baseUrl": url, "accessToken": "t" }));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{url}");
        assert!(answer["error"]["hint"].as_str().is_some_and(|h| h.contains(hint)), "{url}: {answer}");
        assert!(!answer.to_string().contains("s3cret"), "{answer}");
    }
}

#[test]
fn default_headers_win_and_cannot_make_the_body_unreadable() {
    let sandbox = Sandbox::start();
    let places = Places::new("headers");
    let answer = places.refresh(json!({
        "baseUrl": sandbox.url(),
        "defaultHeaders": { "Authorization": "Bearer sandbox-token", "Accept": "application/vnd.own+json", "X-Own": "a\nb" },
    }));
    assert_eq!(answer["error"]["code"], "invalid_argument", "a line break is for no header: {answer}");
    let answer = places.refresh(json!({
        "baseUrl": sandbox.url(),
        "defaultHeaders": { "Authorization": "Bearer sandbox-token", "Accept": "application/vnd.own+json" },
    }));
    assert_eq!(answer["ok"], true, "{answer}");
    assert!(sandbox.arrivals(Endpoint::Token).is_empty(), "no token was fetched");
    assert_eq!(sandbox.arrivals(Endpoint::Refresh)[0].header("accept"), Some("application/vnd.own+json"));
    for (name, value) in [
        ("Content-Type", "text/plain"),
        ("Content-Encoding", "gzip"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "0"),
        ("Host", "x"),
    ] {
        let answer = places.refresh(
            json!({ "baseUrl": sandbox.url(), "accessToken": "sandbox-token", "defaultHeaders": { name: value } }),
        );
        assert_eq!(answer["error"]["code"], "invalid_argument", "{name}");
    }
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn a_proxy_is_asked_for_other_hosts_and_never_for_loopback() {
    let (proxy, sandbox) = (Sandbox::start(), Sandbox::start());
    let places = Places::new("proxy").environment(json!({ "HTTPS_PROXY": proxy.url(), "http_proxy": proxy.url() }));
    assert_eq!(places.refresh(json!({ "baseUrl": sandbox.url(), "accessToken": "sandbox-token" }))["ok"], true);
    assert_eq!(proxy.connections(), 0);
    let answer = places
        .refresh(json!({ "baseUrl": "https://acme.api.identitynow.com", "accessToken": "t", "maximumRetryCount": 0 }));
    assert_eq!(answer["error"]["sent"], "no", "{answer}");
    assert_eq!(proxy.connections(), 1, "{answer}");
    let exempt =
        places.refresh(json!({ "baseUrl": "https://tenant.invalid", "accessToken": "t", "noProxy": ".invalid" }));
    assert_eq!(exempt["error"]["code"], "host_not_found", "{exempt}");
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_bad_member_is_named_with_what_it_must_be() {
    for (configuration, text) in [
        (json!({ "timeoutSec": "soon" }), "configuration.timeoutSec must be a number of seconds"),
        (json!({ "maximumRetryCount": -1 }), "configuration.maximumRetryCount must be a whole number"),
        (json!({ "accessToken": ["s3cret"] }), "configuration.accessToken must be text, not an array"),
        (json!({ "baseURL": "x" }), "no member \"baseURL\""),
        (json!({ "defaultHeaders": { "a b": "s3cret" } }), "defaultHeaders[\"a b\"]"),
        (json!([]), "configuration must be a JSON object, not an array"),
    ] {
        let answer = refresh(&json!({ "filter": "uid == \"a\"", "configuration": configuration }));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|m| m.contains(text)), "{text}: {answer}");
        assert!(!answer.to_string().contains("s3cret"), "{answer}");
    }
}
