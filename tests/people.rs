//! People by name: each name touches exactly the person who has it, and everybody who was given is accounted for.

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Identity, Sandbox};
use serde_json::{Value, json};
use support::{configuration, configured, refresh, says, with};

fn request(sandbox: &Sandbox, identities: Value) -> Value {
    json!({ "identities": identities, "configuration": configuration(sandbox.url()) })
}

fn request_by(sandbox: &Sandbox, attribute: &str, identities: Value) -> Value {
    with(request(sandbox, identities), &json!({ "identityAttribute": attribute }))
}

fn as_client(request: Value, client: &str) -> Value {
    let client = json!({ "clientId": format!("{client}-client"), "clientSecret": format!("{client}-secret") });
    configured(request, &client)
}

/// The names of everybody who was refreshed, by call.
fn refreshed(sandbox: &Sandbox) -> Vec<Vec<String>> {
    sandbox.refreshes().into_iter().map(|refresh| refresh.names).collect()
}

fn id_of(sandbox: &Sandbox, name: &str) -> String {
    sandbox.identities().into_iter().find(|person| person.name == name).expect("somebody of that name").id
}

/// Refused with this code, and nothing was sent.
fn refused(sandbox: &Sandbox, request: &Value, code: &str) -> Value {
    let before = sandbox.refreshes().len();
    let answer = refresh(request);
    assert_eq!(answer["error"]["code"], code, "{request}\n{answer:#}");
    assert_eq!((&answer["error"]["sent"], sandbox.refreshes().len()), (&json!("no"), before), "{answer}");
    answer
}

#[test]
fn people_go_out_by_their_ids_and_nobody_is_lost() {
    let sandbox = Sandbox::start();
    let answer = refresh(&request(&sandbox, json!(["smith", "nobody.here", "amelie.roux", "smith"])));
    assert_eq!(answer["ok"], true, "{answer:#}");
    assert_eq!(refreshed(&sandbox), [["smith", "amelie.roux"]]);
    let ids = [id_of(&sandbox, "smith"), id_of(&sandbox, "amelie.roux")];
    assert_eq!(answer["backend"], "process");
    assert_eq!(
        (&answer["matched"], &answer["matchedExactly"], &answer["undecided"]),
        (&json!(2), &json!(true), &json!(0))
    );
    assert_eq!((&answer["unmatched"], &answer["ambiguous"]), (&json!(["nobody.here"]), &json!([])));
    let call = &answer["calls"][0];
    assert_eq!((&call["identities"], &call["ids"]), (&json!(["smith", "amelie.roux"]), &json!(ids)));
    assert_eq!(
        (&call["call"], &call["outcome"], &call["status"]),
        (&json!("process"), &json!("accepted"), &json!(202))
    );
    assert_eq!(call["task"], answer["response"]["body"], "{answer}");
    assert_eq!(sandbox.arrivals(Endpoint::Search).len(), 1);
}

#[test]
fn ids_are_looked_up_like_every_other_name() {
    let sandbox = Sandbox::start();
    let ids = [id_of(&sandbox, "smith"), "ffffffff0123456789abcdef01234567".to_owned(), id_of(&sandbox, "Smith")];
    let answer = refresh(&request_by(&sandbox, "id", json!(ids)));
    assert_eq!(refreshed(&sandbox), [["smith", "Smith"]], "{answer}");
    assert!(sandbox.refreshes()[0].unknown.is_empty());
    let found = json!([ids[0], ids[2]]);
    assert_eq!((&answer["calls"][0]["identities"], &answer["calls"][0]["ids"]), (&found, &found));
    assert_eq!((&answer["matched"], &answer["unmatched"]), (&json!(2), &json!([ids[1]])));
    let endpoints: Vec<Endpoint> = sandbox.log().iter().map(|arrival| arrival.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::Token, Endpoint::Search, Endpoint::Identities, Endpoint::Process]);
    // Whom search has, the list is not asked for.
    sandbox.clear_log();
    assert_eq!(refresh(&request_by(&sandbox, "id", json!([ids[0]])))["ok"], true);
    assert_eq!(sandbox.arrivals(Endpoint::Identities).len(), 0);
}

#[test]
fn what_is_no_id_is_unmatched_and_nothing_is_sent_for_it() {
    let sandbox = Sandbox::start();
    let smith = id_of(&sandbox, "smith");
    let uppercase = smith.to_uppercase();
    let long = "f".repeat(70_000);
    let others = [
        "id",
        "Id",
        "identityId",
        "..",
        ".",
        "*",
        "0000",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "smith",
        "a\"b",
        "x) or (y",
        "ä",
        "a\u{1}b",
        "2c9180 ",
        &uppercase,
        &long,
    ];
    let answer = refused(&sandbox, &request_by(&sandbox, "id", json!(others)), "no_match");
    assert_eq!(answer["unmatched"], json!(others));
    let mut all = others.to_vec();
    all.insert(7, &smith);
    let answer = refresh(&request_by(&sandbox, "id", json!(all)));
    assert_eq!((&answer["ok"], &answer["unmatched"]), (&json!(true), &json!(others)), "{answer}");
    assert_eq!(refreshed(&sandbox), [["smith"]]);
    assert!(sandbox.refreshes()[0].unknown.is_empty());
    for backend in ["cc", "process"] {
        let request =
            with(request_by(&sandbox, "id", json!(["id", ".."])), &json!({ "options": { "backend": backend } }));
        refused(&sandbox, &request, "no_match");
    }
}

#[test]
fn ids_of_new_and_uncorrelated_people_are_known_to_the_list() {
    let sandbox = Sandbox::builder().search_lag(Duration::from_secs(600)).start();
    sandbox.put_identity(Identity::new("newcomer").with("displayName", "New Comer"));
    let ids = [id_of(&sandbox, "newcomer"), id_of(&sandbox, "legacy.account")];
    let answer = refresh(&request_by(&sandbox, "id", json!(ids)));
    assert_eq!((&answer["ok"], &answer["unmatched"]), (&json!(true), &json!([])), "{answer}");
    assert_eq!(refreshed(&sandbox), [["newcomer", "legacy.account"]]);
    // A plan shows their names.
    let dry = json!({ "options": { "dryRun": true } });
    let answer = refresh(&with(request_by(&sandbox, "id", json!([ids[0]])), &dry));
    let person = json!({ "id": ids[0], "name": "newcomer", "displayName": "New Comer" });
    assert_eq!(answer["plan"]["identities"], json!([person]));
    // Whoever may search and not list gets what search knows.
    let answer = refused(&sandbox, &as_client(request_by(&sandbox, "id", json!(ids)), "application"), "no_match");
    assert_eq!(answer["unmatched"], json!(ids));
    // Without the list, nobody can tell whether they exist.
    sandbox.fault(Fault::on(Endpoint::Identities).status(500).times(0));
    let answer = refused(&sandbox, &request_by(&sandbox, "id", json!(ids)), "http_status");
    assert_eq!((&answer["calls"][0]["identities"], &answer["calls"][0]["outcome"]), (&json!(ids), &json!("not_sent")));
}

#[test]
fn any_attribute_can_name_people() {
    let sandbox = Sandbox::start();
    for (attribute, value) in [
        ("name", "smith"),
        ("email", "smith@example.com"),
        ("displayName", "smith"),
        ("employeeNumber", "1002"),
        ("attributes.employeeNumber", "1002"),
        ("firstname", "Jo"),
    ] {
        let answer = refresh(&request_by(&sandbox, attribute, json!([value])));
        assert_eq!(answer["ok"], true, "{attribute}: {answer}");
        assert_eq!(refreshed(&sandbox).pop(), Some(vec!["smith".to_owned()]), "{attribute}");
    }
    let answer = refused(&sandbox, &request_by(&sandbox, "nickname", json!(["smith"])), "no_match");
    says(&answer, "nickname");
}

#[test]
fn whom_several_people_may_be_is_reported_and_not_sent() {
    let sandbox = Sandbox::start();
    let answer = refresh(&request_by(&sandbox, "department", json!(["Human Resources", "Sales", "Legal", "None"])));
    let sales: BTreeSet<String> = sandbox
        .identities()
        .into_iter()
        .filter(|person| person.correlated && person.text("department") == "Sales")
        .map(|person| person.id)
        .collect();
    assert!(sales.len() > 2, "more than two in Sales: {answer}");
    let ambiguous = answer["ambiguous"].as_array().or(answer["error"]["ambiguous"].as_array()).expect("a list");
    let of_sales = ambiguous.iter().find(|one| one["identity"] == "Sales").expect("Sales");
    let people = of_sales["people"].as_array().expect("a list");
    let named: BTreeSet<String> = people.iter().filter_map(|person| person["id"].as_str().map(str::to_owned)).collect();
    assert_eq!(named, sales);
    assert!(people.iter().all(|person| person["name"].is_string() && person["displayName"].is_string()), "{people:?}");
    assert!(sandbox.refreshes().iter().all(|refresh| refresh.ids.iter().all(|id| !sales.contains(id))));

    // Of two who have the same, none is touched; of the others, all are.
    let sandbox = Sandbox::start();
    sandbox.put_identity(Identity::new("one").with("badge", "7"));
    sandbox.put_identity(Identity::new("two").with("badge", "7"));
    sandbox.put_identity(Identity::new("three").with("badge", "8"));
    let answer = refresh(&request_by(&sandbox, "badge", json!(["7", "8", "9"])));
    assert_eq!(
        (&answer["ok"], &answer["matched"], &answer["unmatched"]),
        (&json!(true), &json!(1), &json!(["9"])),
        "{answer}"
    );
    assert_eq!(answer["calls"][1], json!({ "identities": ["7"], "outcome": "not_sent", "reason": "ambiguous" }));
    assert_eq!(refreshed(&sandbox), [["three"]]);
    let answer = refused(&sandbox, &request_by(&sandbox, "badge", json!(["7", "9"])), "no_match");
    assert_eq!(answer["ambiguous"][0]["people"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!((&answer["unmatched"], &answer["calls"][0]["reason"]), (&json!(["9"]), &json!("ambiguous")));
}

#[test]
fn nobody_at_all_is_an_error_and_no_names_are_none() {
    let sandbox = Sandbox::start();
    let answer = refused(&sandbox, &request(&sandbox, json!(["SMITH", "nobody", " smith"])), "no_match");
    assert_eq!(answer["unmatched"], json!(["SMITH", "nobody", " smith"]));
    says(&answer, "SMITH");
    sandbox.clear_log();
    for (options, backend) in
        [(json!({}), "process"), (json!({ "backend": "cc" }), "cc"), (json!({ "dryRun": true }), "process")]
    {
        let answer = refresh(&with(request(&sandbox, json!([])), &json!({ "options": options })));
        let expected = json!({
            "ok": true, "backend": backend, "baseUrl": sandbox.url(), "matched": 0, "matchedExactly": true, "undecided": 0,
            "unmatched": [], "ambiguous": [], "calls": [],
        });
        assert_eq!(answer, expected);
    }
    assert!(sandbox.log().is_empty());
    let answer = refresh(&json!({ "identities": [], "configuration": { "lookup": support::nowhere() } }));
    assert_eq!(answer["error"]["code"], "not_configured", "{answer}");
}

#[test]
fn what_names_nobody_in_the_request_is_refused_by_its_place() {
    let sandbox = Sandbox::start();
    let request = request(&sandbox, json!(["smith"]));
    for (part, named) in [
        (json!({ "identities": "smith" }), "identities must be an array of texts"),
        (json!({ "identities": ["smith", 5] }), "identities[1]"),
        (json!({ "identities": ["smith", null] }), "identities[1]"),
        (json!({ "identities": ["smith", "  "] }), "identities[1]"),
        (json!({ "identities": [""] }), "identities[0]"),
        (json!({ "identities": [["smith"]] }), "identities[0]"),
        (json!({ "filter": "uid == \"smith\"" }), "filter and identities"),
        (json!({ "identityAttribute": "u id" }), "identityAttribute"),
        (json!({ "identityAttribute": "uid == \"a\" || uid" }), "identityAttribute"),
        (json!({ "identityAttribute": "" }), "identityAttribute"),
        (json!({ "identityAttribute": 5 }), "identityAttribute"),
        (json!({ "identities": null, "identityAttribute": "uid", "filter": "uid == \"smith\"" }), "identityAttribute"),
        (json!({ "options": { "allowFullRefresh": true } }), "options.allowFullRefresh"),
        (json!({ "options": { "preflight": false } }), "options.preflight"),
        (json!({ "options": { "skipFilterCheck": true } }), "options.skipFilterCheck"),
        (json!({ "options": { "backend": "both" } }), "options.backend"),
        (json!({ "options": { "allowBroader": "perhaps" } }), "options.allowBroader"),
        (json!({ "identitys": ["smith"] }), "identities"),
    ] {
        says(&refused(&sandbox, &with(request.clone(), &part), "invalid_argument"), named);
    }
    refused(&sandbox, &with(request, &json!({ "identities": null })), "would_refresh_all");
    assert!(sandbox.log().is_empty());
}

#[test]
fn the_maximum_holds_for_those_who_were_found() {
    let sandbox = Sandbox::start();
    let request = |names: Value, maximum: u64| {
        with(request(&sandbox, names), &json!({ "options": { "maxIdentities": maximum } }))
    };
    let answer = refused(&sandbox, &request(json!(["smith", "Smith", "AND", "nobody"]), 2), "too_many_matches");
    assert_eq!((&answer["error"]["matched"], &answer["unmatched"]), (&json!(3), &json!(["nobody"])));
    assert_eq!(refresh(&request(json!(["smith", "Smith", "nobody"]), 2))["ok"], true);
    let ids = ["smith", "Smith", "AND"].map(|name| id_of(&sandbox, name));
    let by_id = |maximum: u64| {
        with(request(json!([ids[0], ids[1], ids[2], "0"]), maximum), &json!({ "identityAttribute": "id" }))
    };
    refused(&sandbox, &by_id(2), "too_many_matches");
    assert_eq!(refresh(&by_id(3))["ok"], true);
}

#[test]
fn thousands_are_looked_up_250_a_query_and_sent_250_a_call() {
    let sandbox = Sandbox::builder().people(1_200).start();
    let people = sandbox.identities();
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    let strangers: Vec<String> = (0..60).map(|number| format!("nobody{number}")).collect();
    let given: Vec<&String> = names.iter().chain(&strangers).chain(&names).collect();
    let answer = refresh(&request(&sandbox, json!(given)));
    assert_eq!(answer["ok"], true, "{answer}");
    let known = people.iter().filter(|person| person.correlated).count();
    assert_eq!(answer["matched"], known);
    assert_eq!(answer["unmatched"].as_array().map(Vec::len), Some(people.len() - known + strangers.len()));
    assert_eq!(sandbox.arrivals(Endpoint::Process).len(), known.div_ceil(250));
    assert!(sandbox.identities().iter().all(|person| person.refreshes == u64::from(person.correlated)), "each once");
    assert!(sandbox.arrivals(Endpoint::Search).len() <= 15, "{}", sandbox.arrivals(Endpoint::Search).len());
    for refresh in sandbox.refreshes() {
        assert!(refresh.ids.len() <= 250);
    }
}

#[test]
fn whoever_may_not_search_names_people_by_name_or_email() {
    let sandbox = Sandbox::start();
    let of = |attribute: &str, names: Value| as_client(request_by(&sandbox, attribute, names), "helpdesk");
    let answer = refresh(&of(
        "name",
        json!(["smith", "SMITH", "rock&roll", "pat \"the hat\" o'neil", "x\" or alias sw \"", "a\nb"]),
    ));
    assert_eq!(refreshed(&sandbox), [["smith", "rock&roll", "pat \"the hat\" o'neil"]], "{answer}");
    assert_eq!(answer["unmatched"], json!(["SMITH", "x\" or alias sw \"", "a\nb"]));
    assert_eq!((sandbox.arrivals(Endpoint::Search).len(), sandbox.arrivals(Endpoint::Identities).len()), (1, 5));
    assert_eq!(refresh(&of("email", json!(["smith@example.com"])))["ok"], true);
    assert_eq!(refreshed(&sandbox).pop(), Some(vec!["smith".to_owned()]));
    let answer = refused(&sandbox, &of("uid", json!(["smith"])), "forbidden");
    says(&answer, "sp:search:read");
    says(&answer, "identityAttribute name");
    let id = id_of(&sandbox, "smith");
    let answer = refresh(&of("id", json!([id, "0000", "smith"])));
    assert_eq!((&answer["ok"], &answer["unmatched"]), (&json!(true), &json!(["0000", "smith"])), "{answer}");
    assert_eq!(refreshed(&sandbox).pop(), Some(vec!["smith".to_owned()]));
    let nothing = as_client(request(&sandbox, json!(["smith"])), "noscope");
    says(&refused(&sandbox, &nothing, "forbidden"), "sp:search:read");
    // An API client without a user may search.
    assert_eq!(refresh(&as_client(request(&sandbox, json!(["smith"])), "application"))["ok"], true);
}

#[test]
fn whoever_matches_throughout_is_sent_once_while_people_come_and_go() {
    let sandbox = Sandbox::builder().people(800).start();
    let matches = |person: &Identity| {
        person.correlated && person.text("email").ends_with("@example.com") && person.name != "smith"
    };
    let before: BTreeSet<String> = sandbox.identities().into_iter().filter(matches).map(|person| person.id).collect();
    sandbox.fault(Fault::on(Endpoint::Search).kind(FaultKind::Slow).delay(Duration::from_millis(400)).times(2));
    let filter = r#"email.endsWith("@example.com") && uid != "smith""#;
    let request =
        json!({ "filter": filter, "options": { "backend": "process" }, "configuration": configuration(sandbox.url()) });
    let answer = std::thread::scope(|scope| {
        let answer = scope.spawn(|| refresh(&request));
        let mut round = 0;
        while !answer.is_finished() && round < 200 {
            // Ids at the beginning, in the middle and at the end.
            for first in ["0", "7", "f"] {
                let mut person =
                    Identity::new(&format!("new{round}{first}")).with("email", format!("n{round}@example.com"));
                person.id = format!("{first}{}", &person.id[1..]);
                sandbox.put_identity(person);
            }
            let gone = before.iter().nth(round * 3 % before.len()).expect("somebody").clone();
            sandbox.remove_identity(&gone);
            round += 1;
            std::thread::sleep(Duration::from_millis(2));
        }
        answer.join().expect("an answer")
    });
    assert_eq!(answer["ok"], true, "{answer}");
    let sent: Vec<String> =
        sandbox.refreshes().into_iter().flat_map(|refresh| refresh.ids.into_iter().chain(refresh.unknown)).collect();
    let unique: BTreeSet<String> = sent.iter().cloned().collect();
    assert_eq!(unique.len(), sent.len(), "nobody twice");
    let after: BTreeSet<String> = sandbox.identities().into_iter().map(|person| person.id).collect();
    let throughout: Vec<&String> = before.intersection(&after).collect();
    assert!(throughout.len() > 100 && throughout.len() < before.len(), "{}", throughout.len());
    assert!(throughout.iter().all(|id| unique.contains(*id)), "nobody is missed");
}

#[test]
fn a_dry_run_names_the_people_and_those_who_are_missing() {
    let sandbox = Sandbox::start();
    let dry = json!({ "options": { "dryRun": true } });
    let answer = refresh(&with(request(&sandbox, json!(["smith", "nobody"])), &dry));
    let person = json!({ "id": id_of(&sandbox, "smith"), "name": "smith", "displayName": "smith" });
    assert_eq!(
        (&answer["plan"]["identities"], &answer["unmatched"]),
        (&json!([person]), &json!(["nobody"])),
        "{answer}"
    );
    assert_eq!((&answer["plan"]["calls"][0]["count"], &answer["plan"]["filter"]), (&json!(1), &Value::Null));
    let answer = refresh(&with(request_by(&sandbox, "id", json!([person["id"]])), &dry));
    assert_eq!(answer["plan"]["identities"], json!([person]));
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn names_that_could_not_be_looked_up_are_accounted_for_as_not_sent() {
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Search).status(500).times(0));
    let answer = refused(&sandbox, &request(&sandbox, json!(["smith", "amelie.roux"])), "http_status");
    assert_eq!(
        answer["calls"],
        json!([{ "call": "process", "identities": ["smith", "amelie.roux"], "outcome": "not_sent" }])
    );
    let answer = refused(
        &sandbox,
        &with(request(&sandbox, json!(["smith", "amelie.roux"])), &json!({ "options": { "maxIdentities": 1 } })),
        "http_status",
    );
    assert_eq!(answer["calls"][0]["outcome"], "not_sent");
    sandbox.clear_faults();
    let few = json!({ "options": { "maxIdentities": 1 } });
    let answer = refused(
        &sandbox,
        &with(request(&sandbox, json!(["smith", "nobody", "amelie.roux"])), &few),
        "too_many_matches",
    );
    assert_eq!(
        (&answer["unmatched"], &answer["calls"][0]["identities"]),
        (&json!(["nobody"]), &json!(["smith", "amelie.roux"]))
    );
}

#[test]
fn a_name_that_somebody_has_is_not_changed_and_one_person_by_two_spellings_is_sent_once() {
    let sandbox = Sandbox::builder().identities(["smith", "\u{feff}smith", "jones"].map(Identity::new).into()).start();
    let names = json!(["\u{feff}smith", "jones\t", "jones", "jones\u{a0}", "nobody\u{a0}"]);
    let answer = refresh(&request_by(&sandbox, "uid", names));
    assert_eq!((&answer["ok"], &answer["matched"]), (&json!(true), &json!(2)), "{answer}");
    assert_eq!(answer["unmatched"], json!(["nobody\u{a0}"]), "as it was given: {answer}");
    let sent: Vec<String> = sandbox.refreshes().into_iter().flat_map(|refresh| refresh.names).collect();
    assert_eq!(sent, ["\u{feff}smith", "jones"]);
}

#[test]
fn a_name_is_taken_without_what_copying_left_at_its_ends_and_a_blank_is_told() {
    let sandbox = Sandbox::start();
    let copied = json!(["smith\r\n", "\tamelie.roux\u{a0}", "\u{feff}smith"]);
    let answer = refresh(&request_by(&sandbox, "uid", copied));
    assert_eq!((&answer["ok"], &answer["unmatched"]), (&json!(true), &json!([])), "{answer}");
    assert_eq!(answer["matched"], 2, "{answer}");
    let error = refused(&sandbox, &request_by(&sandbox, "uid", json!(["smith "])), "no_match");
    support::says(&error, "begins or ends with a blank");
}
