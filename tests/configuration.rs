//! Where the configuration comes from, which source wins, and what is wrong with an address.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Client, Endpoint, Sandbox};
use serde_json::{Value, json};
use support::{call, read, refresh};

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
fn config_yaml_is_read_as_sail_reads_it() {
    let client = |name: &str| {
        format!("    baseurl: https://acme.api.identitynow.com\n    pat: {{ clientid: {name}, clientsecret: x }}\n")
    };
    let id = |places: &Places| places.preview(json!({}))["configuration"]["clientId"].clone();
    let two = format!("environments:\n  default:\n{}  dev:\n{}", client("of-default"), client("of-dev"));
    let places = Places::new("yaml-default").config_yaml(&two);
    assert_eq!(id(&places), "of-default", "no active environment");
    let places = Places::new("yaml-variable")
        .config_yaml(&format!("activeenvironment: default\n{two}"))
        .environment(json!({ "SAIL_ACTIVEENVIRONMENT": "dev" }));
    assert_eq!(id(&places), "of-dev", "the variable before the file");
    let odd = "ActiveEnvironment: Main\nEnvironments:\n  MAIN:\n    BaseURL: https://acme.api.identitynow.com\n    PAT:\n      ClientID: 12345\n      ClientSecret: x\n";
    assert_eq!(id(&Places::new("yaml-case").config_yaml(odd)), "12345", "keys in any case, an id that is a number");
}

#[test]
fn a_file_that_cannot_be_read_says_at_which_line_and_column() {
    let hint = |places: Places| places.refresh(json!({}))["error"]["hint"].as_str().unwrap_or_default().to_owned();
    let json = hint(Places::new("json-broken").config_json("{\n  \"ClientId\": \"me\",\n}"));
    assert!(json.contains("config.json: no JSON, line 3, column 1"), "{json}");
    let yaml = hint(Places::new("yaml-broken").config_yaml("environments:\n  a: [\n  b: }\n"));
    assert!(yaml.contains("config.yaml: no YAML, line 3, column"), "{yaml}");
}

#[test]
fn a_config_json_that_windows_powershell_has_written_is_read() {
    let text = r#"{"ClientId":"me","ClientSecret":"x","BaseUrl":"https://acme.api.identitynow.com"}"#;
    let places = Places::new("json-utf16");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    std::fs::write(places.folder.join("config.json"), utf16).expect("writable");
    assert_eq!(places.preview(json!({}))["configuration"]["clientId"], "me");
    let number = text.replace("\"me\"", "4711");
    assert_eq!(Places::new("json-number").config_json(&number).preview(json!({}))["configuration"]["clientId"], "4711");
}

#[test]
fn an_id_of_digits_is_taken_as_it_is_written() {
    for id in ["0012345", "12345678901234567890123456789012", "12345e12", "0x1f", "1_000"] {
        let yaml = format!(
            "environments:\n  default:\n    baseurl: https://acme.api.identitynow.com\n    pat: {{ clientid: {id}, clientsecret: 1.50 }}\n"
        );
        let places = Places::new("digits-yaml").config_yaml(&yaml);
        assert_eq!(places.preview(json!({}))["configuration"]["clientId"], id);
    }
    for id in ["12345678901234567890123456789012", "1e500", "12345e12", "1.50"] {
        let text = format!(r#"{{"ClientId":{id},"ClientSecret":1,"BaseUrl":"https://acme.api.identitynow.com"}}"#);
        let places = Places::new("digits-json").config_json(&text);
        assert_eq!(places.preview(json!({}))["configuration"]["clientId"], id);
    }
    let null = Places::new("null-yaml").config_yaml(
        "environments:\n  default:\n    baseurl: https://acme.api.identitynow.com\n    pat: { clientid: ~, clientsecret: null }\n",
    );
    support::says(&null.refresh(json!({})), "baseurl, but no pat.clientid and no pat.clientsecret");
}

#[test]
fn a_yaml_whose_secret_is_in_the_keyring_is_said_to_be_one() {
    let places = Places::new("keyring").config_yaml(
        "activeenvironment: main\nenvironments:\n  main:\n    baseurl: https://acme.api.identitynow.com\n",
    );
    let answer = places.refresh(json!({}));
    assert_eq!(answer["error"]["code"], "not_configured");
    assert!(
        answer["error"]["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("keyring") && hint.contains("sail sdk init config")),
        "{answer}"
    );
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
fn each_place_is_said_to_have_what_it_has_and_to_lack_what_it_lacks() {
    let (id, secret, url) = (("client id", 0), ("client secret", 1), ("base URL", 2));
    let names = |place: &str| match place {
        "environment" => ["SAIL_CLIENT_ID", "SAIL_CLIENT_SECRET", "SAIL_BASE_URL"],
        "config.json" => ["ClientId", "ClientSecret", "BaseUrl"],
        _ => ["pat.clientid", "pat.clientsecret", "baseurl"],
    };
    let values = ["an-id", "s3cret-1", "https://acme.api.identitynow.com"];
    for place in ["environment", "config.json", "config.yaml"] {
        let names = names(place);
        for given in [vec![id], vec![secret], vec![id, secret], vec![id, url], vec![secret, url]] {
            let texts: Vec<(&str, &str)> = given.iter().map(|(_, at)| (names[*at], values[*at])).collect();
            let places = Places::new(&format!("part-{place}-{}", given.len()));
            let json: Value = texts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let places = match place {
                "environment" => places.environment(json),
                "config.json" => places.config_json(&json.to_string()),
                _ => {
                    let line = |(name, value): &(&str, &str)| match name.strip_prefix("pat.") {
                        Some(name) => format!("      {name}: {value}\n"),
                        None => String::new(),
                    };
                    let pat: String = texts.iter().map(line).collect();
                    let url =
                        if given.contains(&url) { format!("    baseurl: {}\n", values[2]) } else { String::new() };
                    places.config_yaml(&format!("environments:\n  default:\n{url}    pat:\n{pat}"))
                }
            };
            let answer = places.refresh(json!({}));
            assert_eq!(answer["error"]["code"], "not_configured", "{answer}");
            let message = answer["error"]["message"].as_str().expect("a message").to_owned();
            assert!(message.contains(place), "{message}");
            let (has, lacks) = message.split_once(" but no ").expect("what is missing");
            for part in [id, secret, url] {
                let (what, at) = part;
                let side = if given.contains(&part) { has } else { lacks };
                assert!(side.contains(&format!("{what} ({})", names[at])), "{what}: {message}");
                let named = answer["error"]["hint"].as_str().is_some_and(|hint| hint.contains(names[at]));
                assert_eq!(named, !given.contains(&part), "{what}: {answer}");
            }
            assert!(!answer.to_string().contains("s3cret"), "{answer}");
        }
        // Only an address: it is told, and the search goes on.
        let places = Places::new(&format!("address-{place}"));
        let places = match place {
            "environment" => places.environment(json!({ "SAIL_BASE_URL": values[2] })),
            "config.json" => places.config_json(&json!({ "baseURL": values[2] }).to_string()),
            _ => places.config_yaml(&format!("environments:\n  default:\n    baseurl: {}\n", values[2])),
        };
        let answer = places.refresh(json!({}));
        let hint = answer["error"]["hint"].as_str().expect("a hint");
        let line = hint.lines().find(|line| line.contains(names[2]) && !line.starts_with("Give")).expect("the place");
        assert!(line.contains(place), "{line}");
        assert!(line.contains(&format!("{}, but no {} and no {}", names[2], names[0], names[1])), "{line}");
    }
}

#[test]
fn a_placeholder_is_told_and_not_called_missing() {
    let places =
        Places::new("placeholder").environment(json!({ "SAIL_BASE_URL": "https://sailpoint.api.identitynow.com/" }));
    for configuration in [json!({}), json!({ "accessToken": "t" })] {
        support::says(
            &places.refresh(configuration),
            "SAIL_BASE_URL is the placeholder https://sailpoint.api.identitynow.com",
        );
    }
}

#[test]
fn a_session_s_headers_are_not_sent_to_an_address_that_only_a_file_names() {
    let sandbox = tenant("of-json");
    let file = format!(r#"{{"BaseUrl":"{}","ClientId":"of-json","ClientSecret":"its-secret"}}"#, sandbox.url());
    let headers = json!({ "X-Api-Key": "s3cret-key", "Cookie": "s3cret-cookie" });
    let yaml = yaml(sandbox.url()).replace("of-yaml", "of-json");
    for places in [Places::new("headers-json").config_json(&file), Places::new("headers-yaml").config_yaml(&yaml)] {
        let answer = places.refresh(json!({ "defaultHeaders": headers }));
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("not_configured"), &json!("no")),
            "{answer}"
        );
        support::says(&answer, "x-api-key");
        support::says(&answer, sandbox.url());
        assert!(!answer.to_string().contains("s3cret"), "{answer}");
        assert!(sandbox.log().is_empty());
        assert_eq!(places.preview(json!({ "defaultHeaders": headers }))["configuration"]["baseUrl"], sandbox.url());
        // What is no secret goes along: limits, times, a proxy.
        let harmless =
            json!({ "timeoutSec": 7, "maximumRetryCount": 0, "proxy": "http://proxy.invalid", "userAgent": "own" });
        assert_eq!(places.refresh(harmless)["ok"], true);
        assert_eq!(sandbox.refreshes().len(), 1);
        // The session has named the address itself.
        let answer = places.refresh(json!({ "defaultHeaders": headers, "baseUrl": sandbox.url() }));
        assert_eq!(answer["ok"], true, "{answer}");
        sandbox.clear_log();
    }
    // Those of the user's own environment are no file's.
    let variables =
        json!({ "SAIL_BASE_URL": sandbox.url(), "SAIL_CLIENT_ID": "of-json", "SAIL_CLIENT_SECRET": "its-secret" });
    let answer =
        Places::new("headers-environment").environment(variables).refresh(json!({ "defaultHeaders": headers }));
    assert_eq!(answer["ok"], true, "{answer}");
}

#[test]
fn a_file_that_names_another_token_endpoint_gets_no_headers_of_the_session() {
    let (sandbox, other) = (tenant("of-json"), Sandbox::start());
    let places = Places::new("headers-token").config_json(&format!(
        r#"{{"BaseUrl":"{}","TokenUrl":"{}/oauth/token","ClientId":"of-json","ClientSecret":"its-secret"}}"#,
        sandbox.url(),
        other.url()
    ));
    let answer = places.refresh(json!({ "defaultHeaders": { "X-Key": "s3cret" }, "baseUrl": sandbox.url() }));
    assert_eq!(answer["error"]["code"], "not_configured", "{answer}");
    assert!(sandbox.log().is_empty() && other.log().is_empty());
}

#[test]
fn an_unusable_member_of_a_place_that_does_not_win_is_no_error() {
    let sandbox = tenant("of-yaml");
    let places = Places::new("unusable")
        .environment(json!({ "SAIL_BASE_URL": "ftp://nonsense" }))
        .config_json(r#"{"BaseUrl":"no address","TokenUrl":"http://elsewhere.example"}"#)
        .config_yaml(&yaml(sandbox.url()));
    assert_eq!(places.refresh(json!({}))["ok"], true);
    let own = json!({ "baseUrl": sandbox.url(), "clientId": "of-yaml", "clientSecret": "its-secret" });
    assert_eq!(places.refresh(own)["ok"], true);
    let winner =
        Places::new("unusable-winner").config_json(r#"{"BaseUrl":"no address","ClientId":"a","ClientSecret":"b"}"#);
    support::says(&winner.refresh(json!({})), "BaseUrl in ./config.json is no URL");
}

#[test]
fn blanks_and_invisible_characters_at_the_ends_come_from_copying() {
    let sandbox = tenant("of-json");
    for around in [" ", "\t", "\r\n", "\u{a0}", "\u{200b}", "\u{feff}", " \u{2003}\u{2060}"] {
        let text = |value: &str| format!("{around}{value}{around}");
        let own = json!({
            "baseUrl": text(sandbox.url()), "clientId": text("of-json"), "clientSecret": text("its-secret"), "preflight": false,
        });
        let answer = Places::new("trimmed").refresh(own.clone());
        assert_eq!(answer["ok"], true, "{around:?}: {answer}");
        let token = json!({ "baseUrl": sandbox.url(), "accessToken": text("sandbox-token"), "preflight": false });
        assert_eq!(Places::new("trimmed").refresh(token)["ok"], true, "{around:?}");
        let file =
            json!({ "BaseUrl": own["baseUrl"], "ClientId": own["clientId"], "ClientSecret": own["clientSecret"] });
        assert_eq!(Places::new("trimmed").config_json(&file.to_string()).refresh(json!({}))["ok"], true, "{around:?}");
        let blank = Places::new("trimmed").refresh(json!({ "baseUrl": sandbox.url(), "accessToken": around }));
        assert_eq!(blank["error"]["code"], "not_configured", "{around:?}");
    }
    assert!(asked_by(&sandbox).iter().all(|body| body.contains("client_id=of-json&client_secret=its-secret")));
}

#[test]
fn the_name_of_a_type_in_place_of_a_text_is_told_with_its_member() {
    for member in ["baseUrl", "tokenUrl", "clientId", "clientSecret", "accessToken", "proxy", "caFile", "userAgent"] {
        let answer = Places::new("secure").refresh(json!({ member: "System.Security.SecureString" }));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
        support::says(&answer, &format!("{member} is \"System.Security.SecureString\""));
    }
}

#[test]
fn the_members_of_the_official_module_are_taken_and_ignored() {
    let answer = Places::new("kept").preview(json!({
        "experimental": true, "consumerIdentifier": "x", "consumerVersion": "1", "nermBaseUrl": "https://x",
    }));
    assert_eq!(answer["ok"], true, "{answer}");
}

#[test]
fn a_message_speaks_of_the_names_of_its_reader() {
    let places = Places::new("readers");
    let said = |client: &str, configuration: Value| {
        let answer = refresh(&json!({
            "client": client, "filter": "uid == \"amelie.roux\"", "configuration": places.around(configuration),
        }));
        format!("{} {}", answer["error"]["message"], answer["error"]["hint"])
    };
    for configuration in [json!({}), json!({ "accessToken": "t" }), json!({ "clientId": "me" })] {
        let (c, powershell) = (said("c", configuration.clone()), said("powershell", configuration));
        assert!(!c.contains("Set-Configuration") && !c.contains("AccessToken"), "{c}");
        assert!(!powershell.contains("cc_") && !powershell.contains("options."), "{powershell}");
        assert!(!powershell.contains("accessToken") && !powershell.contains("clientSecret"), "{powershell}");
    }
    assert!(said("powershell", json!({})).contains("The configuration belongs to the runspace"));
    assert!(!said("powershell", json!({ "baseUrl": "https://acme.example" })).contains("runspace"));
}

#[test]
fn without_any_source_the_error_lists_the_places() {
    let answer = Places::new("nothing").config_json("[1]").refresh(json!({}));
    let hint = answer["error"]["hint"].as_str().expect("a hint");
    for place in
        ["no SAIL_CLIENT_ID and no SAIL_CLIENT_SECRET", "config.json: no JSON object", "config.yaml", "accessToken"]
    {
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
        ("https://{tenant}.api.identitynow.com", "https://acme.api.identitynow.com"),
        ("https://<tenant>.api.identitynow.com", "https://acme.api.identitynow.com"),
        ("https://acme.api.identitynow.com/v1", "Write https://acme.api.identitynow.com"),
        ("https://acme.api.identitynow.com/latest/", "Write https://acme.api.identitynow.com"),
        ("https://acme.api.identitynow.com/search/v1", "Write https://acme.api.identitynow.com"),
        ("https://acme.api.identitynow.com/oauth/token", "Write https://acme.api.identitynow.com"),
        ("https://acme.api.identitynow.com/cc/api/system/refreshIdentities", "Write https://acme.api.identitynow.com"),
        ("https://gateway.example/sailpoint/v2026/search", "Write https://gateway.example/sailpoint"),
        ("https://gateway.example/sailpoint/search/v1", "Write https://gateway.example/sailpoint"),
        ("https://gateway.example/sailpoint/latest", "Write https://gateway.example/sailpoint"),
        ("https://acme.login.sailpoint.com", "https://acme.api.identitynow.com"),
        ("https://login.sailpoint.com/login", "https://{tenant}.api.identitynow.com"),
        ("https://acme.login.identitynow.com", "https://acme.api.identitynow.com"),
        ("https://api.identitynow.com", "https://{tenant}.api.identitynow.com"),
        ("https://acme.identitynow-demo.com/ui/d/dashboard", "https://acme.api.identitynow-demo.com"),
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
    let asked = proxy.connections();
    assert!(asked > 0, "{answer}");
    let exempt =
        places.refresh(json!({ "baseUrl": "https://tenant.invalid", "accessToken": "t", "noProxy": ".invalid" }));
    assert_eq!(exempt["error"]["code"], "host_not_found", "{exempt}");
    assert_eq!(proxy.connections(), asked);
}

#[test]
fn the_system_s_proxy_is_asked_only_where_neither_the_session_nor_a_variable_names_one() {
    let (system, other) = (Sandbox::start(), Sandbox::start());
    let refresh = |environment: Value, more: Value| {
        let mut configuration = support::with(
            json!({ "baseUrl": "https://tenant.invalid", "accessToken": "t", "maximumRetryCount": 0 }),
            &more,
        );
        configuration["lookup"] = json!({ "environment": environment, "proxy": system.url() });
        let before = (system.connections(), other.connections());
        let answer = refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": configuration }));
        assert_eq!(answer["error"]["sent"], "no", "{answer}");
        // One that refuses CONNECT is asked once more, for its status.
        (system.connections() > before.0, other.connections() > before.1)
    };
    assert_eq!(refresh(json!({}), json!({})), (true, false));
    assert_eq!(refresh(json!({ "HTTPS_PROXY": other.url() }), json!({})), (false, true));
    assert_eq!(refresh(json!({}), json!({ "proxy": other.url() })), (false, true));
    assert_eq!(refresh(json!({ "NO_PROXY": ".invalid" }), json!({})), (false, false));

    let lookup = json!({ "proxy": "socks5://u:s3cret@proxy.example" });
    let configuration = json!({ "baseUrl": "https://tenant.invalid", "accessToken": "t", "lookup": lookup });
    let answer = support::refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": configuration }));
    let message = answer["error"]["message"].as_str().expect("it is refused");
    assert!(message.contains("the system's settings") && !message.contains("s3cret"), "{message}");
}

#[test]
fn home_is_the_variable_that_sail_goes_by() {
    let tenant = tenant("of-yaml");
    let places = Places::new("variable-home").config_yaml(&yaml(tenant.url()));
    let other = Places::new("other-home");
    let (own, foreign) = if cfg!(windows) { ("USERPROFILE", "HOME") } else { ("HOME", "USERPROFILE") };
    let refresh =
        |lookup: Value| refresh(&json!({ "filter": "uid == \"amelie.roux\"", "configuration": { "lookup": lookup } }));
    assert_eq!(refresh(json!({ "environment": { own: places.folder, foreign: other.folder } }))["ok"], true);
    for lookup in [
        json!({ "environment": { foreign: places.folder } }),
        json!({ "environment": { own: places.folder }, "home": other.folder }),
    ] {
        assert_eq!(refresh(lookup)["error"]["code"], "not_configured");
    }
    assert_eq!(tenant.refreshes().len(), 1);
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

/// A member as src/config/members.rs declares it.
struct Member {
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    places: &'static [(&'static str, &'static str)],
}

macro_rules! members {
    ($($group:ident { $(
        $(#[doc = $text:literal])*
        $field:ident $name:literal: $type:ty
            $([$unit:literal, $range:expr])? $(= $default:tt)? $(, from $($source:ident $key:literal),+)?;
    )* })*) => {
        const MEMBERS: &[Member] = &[$($(Member {
            name: $name,
            kind: stringify!($type),
            default: concat!($(stringify!($default))?),
            places: &[$($((stringify!($source), $key)),+)?],
        },)*)*];
    };
}

include!("../src/config/members.rs");

/// A value of a member's type; the secrets hold "s3cret".
fn sample(member: &Member) -> Value {
    match (member.kind, member.name) {
        ("Address", "tokenUrl") => json!("https://acme.api.identitynow.com/token"),
        ("Address", _) => json!("https://acme.api.identitynow.com"),
        ("Secret", _) => json!("s3cret"),
        ("HeaderMap", _) => json!({ "X-Own": "s3cret" }),
        ("Proxy", _) => json!("http://user:s3cret@proxy.example:8080"),
        ("bool", _) => json!(true),
        ("u64" | "Duration", _) => json!(2),
        ("RateLimit", _) => json!({ "requests": 7, "seconds": 8.0 }),
        ("Backend", _) => json!("process"),
        ("ApiVersion", _) => json!("v2025"),
        ("String" | "HeaderValue", name) => json!(format!("of-{name}")),
        (kind, name) => panic!("{name}: no sample of a {kind}"),
    }
}

#[test]
fn every_member_that_a_call_gives_is_reported_and_no_secret_of_it() {
    let places = Places::new("members");
    let given = |leave_out: &[&str]| -> Value {
        let given = MEMBERS.iter().filter(|member| member.name != "lookup" && !leave_out.contains(&member.name));
        given.map(|member| (member.name.to_owned(), sample(member))).collect()
    };
    for leave_out in [&["accessToken"][..], &["clientId", "clientSecret"]] {
        let given = given(leave_out);
        let report = places.preview(given.clone());
        for (name, value) in given.as_object().expect("an object") {
            let shown = &report["configuration"][name];
            assert_eq!(report["sources"][name], "call", "{name}: {report}");
            match value.to_string().contains("s3cret") {
                true => assert!(shown.to_string().contains("***"), "{name}: {shown}"),
                false => assert!(shown == value || shown.as_f64() == value.as_f64(), "{name}: {shown}"),
            }
        }
        assert!(!report.to_string().contains("s3cret"), "{report}");
    }
    let unused: Value = UNUSED.iter().map(|name| ((*name).to_owned(), json!("s3cret"))).collect();
    let report = places.preview(unused);
    assert!(report["ok"] == true && !report.to_string().contains("s3cret"), "{report}");
}

#[test]
fn a_member_that_nobody_gives_has_its_declared_default() {
    let report = Places::new("defaults").preview(json!({}));
    for member in MEMBERS.iter().filter(|member| !member.default.is_empty()) {
        let shown = &report["configuration"][member.name];
        assert_eq!(report["sources"][member.name], "default", "{report}");
        let default: Value = serde_json::from_str(member.default).expect("JSON");
        match (&default, member.name) {
            (_, "userAgent") => {
                let shown = shown.as_str().expect("text");
                assert!(shown.starts_with("PSSailpointCC/") && !shown.contains(['{', '}']), "{shown}");
            }
            (Value::Object(members), _) => {
                assert!(members.iter().all(|(name, value)| shown[name].as_f64() == value.as_f64()), "{shown}");
            }
            _ => assert!(*shown == default || shown.as_f64() == default.as_f64(), "{}: {shown}", member.name),
        }
    }
}

#[test]
fn each_place_gives_the_members_that_are_declared_for_it() {
    for (place, source) in
        [("Environment", "environment"), ("ConfigJson", "config.json"), ("ConfigYaml", "config.yaml")]
    {
        let of_place = |member: &'static Member| {
            let (_, key) = member.places.iter().find(|(of, _)| *of == place)?;
            Some((member, *key, sample(member)))
        };
        let members: Vec<(&Member, &str, Value)> = MEMBERS.iter().filter_map(of_place).collect();
        let texts: serde_json::Map<String, Value> =
            members.iter().map(|(_, key, value)| ((*key).to_owned(), value.clone())).collect();
        let places = Places::new(&format!("place-{source}"));
        let places = match place {
            "Environment" => places.environment(Value::Object(texts)),
            "ConfigJson" => places.config_json(&Value::Object(texts).to_string()),
            _ => {
                let line = |(key, value): (&String, &Value)| match key.split_once('.') {
                    Some((group, key)) => format!("    {group}: {{ {key}: {value} }}\n"),
                    None => format!("    {key}: {value}\n"),
                };
                // The two halves of `pat` are one mapping.
                let lines: String = texts.iter().map(line).collect();
                let lines = lines.replace(" }\n    pat: {", ",");
                places.config_yaml(&format!("activeenvironment: a\nenvironments:\n  a:\n{lines}"))
            }
        };
        let report = places.preview(json!({}));
        assert!(members.len() >= 3, "{place}");
        for (member, key, _) in members {
            assert_eq!(report["sources"][member.name], source, "{key}: {report}");
        }
    }
}

#[test]
fn the_module_has_a_key_for_every_member_and_reads_it_by_its_type() {
    let script = read("powershell/PSSailpointCC/Private/Configuration.ps1");
    let keys: BTreeMap<&str, &str> = between(&script, "$script:ConfigurationMember = @{", "\n}")
        .lines()
        .filter_map(|line| line.trim().split_once('='))
        .map(|(name, kind)| (name.trim(), kind.trim().trim_matches('\'')))
        .collect();
    let mut expected: BTreeMap<&str, &str> = UNUSED.iter().map(|name| (*name, "kept")).collect();
    // The official module's cache of its token.
    expected.extend([("token", "kept"), ("tokenExpiration", "kept")]);
    // The module gives the lookup itself.
    expected.extend(MEMBERS.iter().filter(|member| member.name != "lookup").map(|member| {
        let kind = match (member.name, member.kind) {
            ("caFile", _) => "path",
            (_, "Secret") => "secret",
            (_, "bool") => "flag",
            (_, "u64" | "Duration") => "number",
            (_, "HeaderMap") => "headers",
            (_, "Proxy") => "proxy",
            (_, "RateLimit") => "rate",
            _ => "text",
        };
        (member.name, kind)
    }));
    assert_eq!(keys, expected);
    let variables = between(&script, "$script:LookupVariable = [string[]] @(", "\n)");
    for (_, key) in MEMBERS.iter().flat_map(|member| member.places).filter(|(place, _)| *place == "Environment") {
        assert!(variables.contains(&format!("'{key}'")), "{key}: {variables}");
    }
}

#[test]
fn the_parameters_of_set_configuration_are_members_and_each_is_assigned() {
    let script = read("powershell/PSSailpointCC/Public/Set-Configuration.ps1");
    let (parameters, body) = between(&script, "    param(\n", "\0").split_once("\n    )\n").expect("a body");
    let known = key_names(&UNUSED);
    let parameters = parameters.lines().filter_map(|line| line.rsplit('$').next());
    for parameter in parameters.map(|name| name.trim_end_matches(',')).filter(|name| *name != "PassThru") {
        assert!(known.contains(parameter), "-{parameter} is no member");
        assert!(body.contains(&format!("'{parameter}'")), "-{parameter} is not assigned");
    }
}

#[test]
fn the_help_of_the_module_names_every_key_with_its_default() {
    let known = key_names(&[]);
    let help = read("powershell/PSSailpointCC/Public/Get-Configuration.ps1");
    let list = between(&help, "Keys, all optional: ", ". Username");
    let listed: BTreeSet<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
    assert_eq!(listed, known, "the help of Get-Configuration");

    let about = read("powershell/PSSailpointCC/en-US/about_PSSailpointCC.help.txt");
    let table = between(&about, "Keys of the hashtable, in any case:\n\n", "\n\n");
    // A line that begins further right goes on with the one before.
    let rows = table.lines().map(|line| line.trim_start_matches("    ")).filter(|line| !line.starts_with(' '));
    let rows: Vec<(&str, &str)> = rows.filter_map(|line| line.split_once("  ")).collect();
    let listed: BTreeSet<String> =
        rows.iter().flat_map(|(names, _)| names.split(',')).map(|name| name.trim().to_owned()).collect();
    assert_eq!(listed, known, "about_PSSailpointCC");
    for member in MEMBERS.iter().filter(|member| matches!(member.kind, "u64" | "Duration" | "Backend")) {
        let (_, text) = rows.iter().find(|(name, _)| *name == key_name(member.name)).expect("a row");
        let default = member.default.trim_matches('"');
        assert!(text.trim().starts_with(default), "{}: {text}", member.name);
    }
}

#[test]
fn the_readme_and_the_guide_name_every_variable() {
    for page in ["README.md", "docs/migration.md", "powershell/PSSailpointCC/en-US/about_PSSailpointCC.help.txt"] {
        let text = read(page);
        for (_, key) in MEMBERS.iter().flat_map(|member| member.places).filter(|(place, _)| *place == "Environment") {
            assert!(text.contains(key), "{page} does not name {key}");
        }
    }
}

/// The names of the members as the module's keys have them, and those of `others`.
fn key_names(others: &[&str]) -> BTreeSet<String> {
    let members = MEMBERS.iter().map(|member| member.name).filter(|name| *name != "lookup");
    members.chain(others.iter().copied()).map(key_name).collect()
}

fn key_name(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

/// The text between two others, or from the first to the end.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start:?}")).1;
    rest.split_once(end).map_or(rest, |(found, _)| found)
}
