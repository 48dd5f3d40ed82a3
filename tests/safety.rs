//! Nobody is refreshed who was not named: what each check refuses, and what it lets pass, held against the sandbox's log.

mod support;

use pssailpointcc_sandbox::{Client, Endpoint, Fault, Identity, Sandbox, Scope};
use serde_json::{Value, json};
use support::{arrived, configuration, refresh, says, with};

fn request(sandbox: &Sandbox, filter: &str) -> Value {
    json!({ "filter": filter, "configuration": configuration(sandbox.url()) })
}

fn request_with(sandbox: &Sandbox, filter: &str, options: Value) -> Value {
    with(request(sandbox, filter), &json!({ "options": options }))
}

/// Refused with this code, nothing sent, and nothing arrived. Gives the error.
fn refused(sandbox: &Sandbox, request: &Value, code: &str) -> Value {
    let before = sandbox.arrivals(Endpoint::Refresh).len();
    let answer = refresh(request);
    assert_eq!(answer["error"]["code"], code, "{request}\n{answer:#}");
    assert_eq!(answer["error"]["sent"], "no", "{answer}");
    assert!(answer["error"]["hint"].as_str().is_some_and(|hint| hint.len() > 20), "an error says what to do: {answer}");
    assert_eq!(answer["calls"], Value::Null, "nothing was sent, so no call is reported: {answer}");
    assert_eq!(sandbox.arrivals(Endpoint::Refresh).len(), before, "{answer}");
    answer["error"].clone()
}

/// Refreshes these, and nobody else. Gives the answer.
fn refreshes(sandbox: &Sandbox, request: &Value, names: &[&str]) -> Value {
    let before = sandbox.refreshes().len();
    let answer = refresh(request);
    assert_eq!(answer["ok"], true, "{request}\n{answer:#}");
    let refreshes = sandbox.refreshes();
    assert_eq!(refreshes.len(), before + 1, "{answer}");
    assert_eq!(refreshes[before].scope, Scope::Chosen, "{}", refreshes[before].reason);
    assert_eq!(refreshes[before].names, names, "{answer}");
    answer
}

#[test]
fn a_filter_that_matches_nobody_is_refused_and_names_who_is_similar() {
    let sandbox = Sandbox::start();
    let error = refused(&sandbox, &request(&sandbox, r#"uid == "jones""#), "no_match");
    says(&error, "Smith-Jones");
    assert_eq!(error["matched"], 0);
    let error = refused(&sandbox, &request(&sandbox, r#"uid == "nobody.at.all""#), "no_match");
    says(&error, "Search finds no similar identity");
    refused(&sandbox, &request(&sandbox, r#"uid == "smith" && department == "Legal""#), "no_match");
    // In the tenant, but not in search.
    says(&refused(&sandbox, &request(&sandbox, r#"uid == "legacy.account""#), "no_match"), "uncorrelated");
}

#[test]
fn only_whom_the_filter_means_counts_as_a_match_not_whom_search_finds() {
    let sandbox = Sandbox::start();
    for (filter, name) in [
        (r#"uid == "smith""#, "smith"),
        (r#"uid == "Smith""#, "Smith"),
        (r#"name == "Smith-Jones""#, "Smith-Jones"),
        (r#"uid == "mary ann lee""#, "mary ann lee"),
        (r#"uid == "pat \"the hat\" o'neil""#, "pat \"the hat\" o'neil"),
        (r#"uid == "CORP\\dana""#, "CORP\\dana"),
        (r#"uid == "rock&roll""#, "rock&roll"),
        (r#"uid == "star*light""#, "star*light"),
        (r#"uid == "山田太郎""#, "山田太郎"),
        (r#"uid == "AND""#, "AND"),
        (r#"email == "Smith@example.com" && uid == "Smith""#, "Smith"),
    ] {
        let answer = refreshes(&sandbox, &request(&sandbox, filter), &[name]);
        assert_eq!((&answer["matched"], &answer["backend"]), (&json!(1), &json!("cc")), "{filter}: {answer}");
    }
}

#[test]
fn what_differs_in_case_alone_is_not_guessed() {
    let sandbox = Sandbox::start();
    let error = refused(&sandbox, &request(&sandbox, r#"uid == "AMELIE.ROUX""#), "preflight_unavailable");
    says(&error, "amelie.roux");
    says(&error, "i==");
    refreshes(&sandbox, &request(&sandbox, r#"uid i== "AMELIE.ROUX""#), &["amelie.roux"]);
    let answer = refreshes(&sandbox, &request(&sandbox, r#"uid == "smith""#), &["smith"]);
    assert_eq!((&answer["matchedExactly"], &answer["undecided"]), (&json!(false), &json!(1)), "Smith: {answer}");
}

#[test]
fn preflight_adds_one_request_on_the_connection_that_is_open_anyway() {
    let sandbox = Sandbox::start();
    refreshes(&sandbox, &request(&sandbox, r#"uid == "amelie.roux""#), &["amelie.roux"]);
    sandbox.clear_log();
    let connections = sandbox.connections();
    for filter in [r#"uid == "amelie.roux""#, r#"uid == "amelie.roux" || uid == "john.smith""#] {
        assert_eq!(refresh(&request(&sandbox, filter))["ok"], true);
    }
    assert_eq!(refresh(&request(&sandbox, r#"uid == "amelie.roux" || uid == "john.smith""#))["ok"], true);
    let endpoints: Vec<Endpoint> = sandbox.log().iter().map(|arrival| arrival.endpoint).collect();
    use Endpoint::{Count, Refresh, Search};
    assert_eq!(endpoints, [Search, Refresh, Search, Count, Refresh, Search, Refresh], "the size is asked for once");
    assert_eq!(sandbox.connections(), connections);
}

#[test]
fn an_attribute_that_is_not_searchable_is_refused() {
    let sandbox = Sandbox::start();
    let error = refused(&sandbox, &request(&sandbox, r#"costCenter == "CC-100""#), "preflight_unavailable");
    says(&error, "costCenter is an identity attribute that is not searchable");
    let error =
        refused(&sandbox, &request(&sandbox, r#"uid == "smith" || costCenter == "CC-100""#), "preflight_unavailable");
    says(&error, "costCenter");
    for (filter, near) in [
        (r#"departmnt == "Sales""#, "Was department meant?"),
        (r#"firstName == "Jo""#, "Was firstname meant?"),
        (r#"attributes.department == "Sales""#, "Was department meant?"),
        (r#"Uid == "smith""#, "Was uid meant?"),
    ] {
        says(&refused(&sandbox, &request(&sandbox, filter), "preflight_unavailable"), near);
    }
    assert_eq!(arrived(&sandbox, Endpoint::Search), 0, "nothing is searched for what cannot be sent");
}

#[test]
fn the_list_of_attributes_is_asked_for_each_time_and_not_for_standard_ones() {
    let sandbox = Sandbox::start();
    refreshes(&sandbox, &request(&sandbox, r#"firstname == "Jo" && lastname == "smith""#), &["smith"]);
    assert_eq!(arrived(&sandbox, Endpoint::IdentityAttributes), 0);
    for _ in 0..3 {
        refreshes(&sandbox, &request(&sandbox, r#"department == "Sales" && uid == "smith""#), &["smith"]);
    }
    assert_eq!(arrived(&sandbox, Endpoint::IdentityAttributes), 3);
}

#[test]
fn where_the_list_of_attributes_is_not_permitted_only_standard_ones_pass() {
    let client = Client::new("narrow", "secret").scopes(&["sp:search:read", "idn:identity:refresh"]);
    let sandbox = Sandbox::builder().client(client).start();
    sandbox.fault(Fault::on(Endpoint::IdentityAttributes).status(403).times(0));
    let error = refused(&sandbox, &request(&sandbox, r#"department == "Legal""#), "forbidden");
    says(&error, "idn:identity-profile-attribute:read");
    says(&error, "options.backend = process");
    assert_eq!(error["response"]["status"], 403);
    refreshes(&sandbox, &request(&sandbox, r#"uid == "amelie.roux""#), &["amelie.roux"]);
}

#[test]
fn a_filter_that_everybody_matches_is_refused_unless_everybody_was_named() {
    let sandbox = Sandbox::start();
    for filter in [
        "uid.notNull()",
        r#"uid != "nobody.at.all""#,
        r#"!(uid == "nobody.at.all")"#,
        r#"uid == "smith" || uid != "smith""#,
        r#"displayName.notNull() || uid == "smith""#,
        r#"uid.contains(".") || !(uid.contains("."))"#,
    ] {
        let error = refused(&sandbox, &request(&sandbox, filter), "would_refresh_all");
        says(&error, "allowFullRefresh");
    }
    // Nobody can tell of anyone but one whether he matches.
    let error = refused(&sandbox, &request(&sandbox, r#"uid == "smith" || correlated == true"#), "would_refresh_all");
    says(&error, "may match");

    let allowed = |arguments: Value, options: Value| {
        with(request_with(&sandbox, "uid.notNull()", options), &json!({ "refreshArgs": arguments }))
    };
    let all = json!({ "allowFullRefresh": true });
    refused(&sandbox, &allowed(json!({ "pruneIdentities": "true" }), all.clone()), "would_refresh_all");
    assert_eq!(refresh(&allowed(json!({ "pruneIdentities": false }), all))["ok"], true);
    let prune = json!({ "allowFullRefresh": true, "allowPruneAll": true });
    assert_eq!(refresh(&allowed(json!({ "pruneIdentities": true }), prune))["ok"], true);
}

#[test]
fn everybody_but_one_is_not_everybody() {
    let sandbox = Sandbox::start();
    let answer = refresh(&request(&sandbox, r#"uid != "amelie.roux""#));
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(sandbox.refreshes()[0].names.len(), 99, "the uncorrelated one, whom search does not know, among them");
}

#[test]
fn of_a_large_tenant_the_size_is_asked_for_once_however_many_pages_it_has() {
    let sandbox = Sandbox::builder().people(12_000).start();
    refused(&sandbox, &request(&sandbox, "uid.notNull()"), "would_refresh_all");
    assert!(arrived(&sandbox, Endpoint::Search) > 2);
    assert_eq!(
        arrived(&sandbox, Endpoint::Count),
        2,
        "of the tenant, and of those found: no page is believed above 10,000"
    );
}

#[test]
fn in_a_tenant_of_one_that_one_can_be_named() {
    let one = Sandbox::builder().people(1).start();
    refreshes(&one, &request(&one, r#"uid == "amelie.roux""#), &["amelie.roux"]);
    let two = Sandbox::builder().people(2).start();
    refused(&two, &request(&two, r#"uid.in({"amelie.roux", "john.smith"})"#), "would_refresh_all");
    refreshes(&two, &request(&two, r#"uid == "john.smith""#), &["john.smith"]);
    let nobody = Sandbox::builder().identities(Vec::new()).start();
    refused(&nobody, &request(&nobody, r#"uid == "amelie.roux""#), "no_match");
}

#[test]
fn a_size_that_is_old_is_asked_for_again_where_it_is_a_close_thing() {
    let sandbox = Sandbox::start();
    let of_example = r#"email.endsWith("@example.com")"#;
    let answer = refresh(&request(&sandbox, of_example));
    assert_eq!(answer["ok"], true, "CORP\\dana has another address: {answer}");
    // Asks for the size, which is 98.
    assert_eq!(refresh(&request(&sandbox, r#"uid == "smith" || uid == "john.smith""#))["ok"], true);
    sandbox.remove_identity("CORP\\dana");
    refused(&sandbox, &request(&sandbox, of_example), "would_refresh_all");
    for person in sandbox.identities().into_iter().skip(60) {
        sandbox.remove_identity(&person.id);
    }
    let exists = r#"_exists_"#;
    assert!(
        sandbox.arrivals(Endpoint::Search).iter().any(|search| search.text().contains(exists)),
        "narrowed by search"
    );
    refused(&sandbox, &request(&sandbox, "email.notNull()"), "would_refresh_all");
}

#[test]
fn somebody_who_matches_is_found_on_a_later_page() {
    let mut people: Vec<Identity> = (0..700).map(|n| Identity::new(&format!("sales {n}"))).collect();
    people.push(Identity::new("sales"));
    people.iter_mut().enumerate().for_each(|(n, person)| person.id = format!("{n:032x}"));
    let sandbox = Sandbox::builder().identities(people).start();
    let answer = refreshes(&sandbox, &request(&sandbox, r#"uid == "sales""#), &["sales"]);
    assert_eq!((&answer["matched"], &answer["matchedExactly"]), (&json!(1), &json!(true)), "{answer}");
    assert_eq!(arrived(&sandbox, Endpoint::Search), 2);
}

#[test]
fn whole_attributes_are_asked_for_where_single_ones_do_not_come() {
    let sandbox = Sandbox::start();
    let without = json!([{ "id": sandbox.identities()[0].id, "name": "amelie.roux", "displayName": "Amélie Roux" }]);
    sandbox.fault(Fault::on(Endpoint::Search).status(200).body(&without.to_string()));
    refreshes(&sandbox, &request(&sandbox, r#"uid == "amelie.roux""#), &["amelie.roux"]);
    let asked: Vec<bool> =
        sandbox.arrivals(Endpoint::Search).iter().map(|search| search.text().contains(r#""attributes""#)).collect();
    assert_eq!(asked, [false, true]);
}

#[test]
fn a_page_that_has_everybody_and_is_full_is_the_last() {
    let people = |number: u32| {
        (0..number).map(|n| {
            let mut person = Identity::new(&format!("person {n}")).with("department", "Sales");
            person.id = format!("{n:032x}");
            person
        })
    };
    let sandbox = Sandbox::builder().identities(people(250).chain([Identity::new("boss")]).collect()).start();
    let answer = refresh(&request(&sandbox, r#"department == "Sales""#));
    assert_eq!((&answer["matched"], &answer["matchedExactly"]), (&json!(250), &json!(true)), "{answer}");
    assert_eq!((arrived(&sandbox, Endpoint::Search), arrived(&sandbox, Endpoint::Count)), (1, 1), "{answer}");
}

#[test]
fn more_than_the_maximum_is_refused_with_the_number() {
    let sandbox = Sandbox::builder().people(1_000).start();
    let filter = r#"location == "London""#;
    let people = sandbox.judge(filter).expect("a filter").len() as u64;
    let correlated =
        sandbox.identities().iter().filter(|p| p.correlated && p.text("location") == "London").count() as u64;
    assert!(correlated > 100 && correlated < people);
    let error = refused(&sandbox, &request_with(&sandbox, filter, json!({ "maxIdentities": 100 })), "too_many_matches");
    assert_eq!(error["matched"], correlated);
    says(&error, &format!("{correlated} identities; maxIdentities is 100"));
    let enough = json!({ "maxIdentities": correlated });
    assert_eq!(refresh(&request_with(&sandbox, filter, enough))["ok"], true);

    // By the configuration; the request's own wins.
    let configured = |maximum: u64| with(configuration(sandbox.url()), &json!({ "maxIdentities": maximum }));
    let by = |maximum: u64| with(request(&sandbox, filter), &json!({ "configuration": configured(maximum) }));
    refused(&sandbox, &by(1), "too_many_matches");
    let own = with(by(1), &json!({ "options": { "maxIdentities": 1_000 } }));
    assert_eq!(refresh(&own)["ok"], true);

    // Of whom nobody can tell counts as well.
    let undecided = request_with(&sandbox, r#"uid == "smith""#, json!({ "maxIdentities": 1 }));
    says(&refused(&sandbox, &undecided, "too_many_matches"), "1 more that only the service can evaluate");
}

#[test]
fn a_maximum_holds_for_a_full_refresh_too() {
    let sandbox = Sandbox::start();
    let full = |maximum: u64| {
        let options = json!({ "allowFullRefresh": true, "maxIdentities": maximum });
        json!({ "options": options, "configuration": configuration(sandbox.url()) })
    };
    let error = refused(&sandbox, &full(50), "too_many_matches");
    assert_eq!(error["matched"], 98);
    assert_eq!(refresh(&full(98))["ok"], true);
    sandbox.fault(Fault::on(Endpoint::Count).status(404).times(0));
    refused(&sandbox, &full(98), "preflight_unavailable");
}

#[test]
fn a_maximum_that_nothing_would_keep_is_refused() {
    let sandbox = Sandbox::start();
    let filter = r#"uid == "smith""#;
    let error = refused(
        &sandbox,
        &request_with(&sandbox, filter, json!({ "maxIdentities": 5, "preflight": false })),
        "invalid_argument",
    );
    says(&error, "options.preflight = false is given");
    let skips = json!({ "maxIdentities": 5, "skipFilterCheck": true });
    says(&refused(&sandbox, &request_with(&sandbox, filter, skips), "invalid_argument"), "skipFilterCheck");
    let configured = with(configuration(sandbox.url()), &json!({ "maxIdentities": 5, "preflight": false }));
    let request = json!({ "filter": filter, "configuration": configured });
    says(&refused(&sandbox, &request, "invalid_argument"), "The configuration's maxIdentities");
    let counts = with(request, &json!({ "options": { "preflight": true } }));
    refreshes(&sandbox, &counts, &["smith"]);
    for wrong in [json!(0), json!(-1), json!(1.5), json!("5")] {
        let answer = refresh(&request_with(&sandbox, filter, json!({ "maxIdentities": wrong })));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
    }
    let both = json!({ "preflight": true, "skipFilterCheck": true });
    refused(&sandbox, &request_with(&sandbox, filter, both), "invalid_argument");
}

#[test]
fn what_only_the_service_can_judge_is_refused_without_a_question() {
    let sandbox = Sandbox::start();
    for (filter, part) in [
        ("uid == name", "uid == name"),
        (r#"uid == "smith" && uid == name"#, "uid == name"),
        ("id.join(Link.identity)", "id.join(Link.identity)"),
        ("type == Rule.Type.BuildMap", "Rule.Type.BuildMap"),
        ("uid.isEmpty()", "uid.isEmpty()"),
        (r#"!(uid.containsAll({"a"}))"#, "containsAll"),
    ] {
        says(&refused(&sandbox, &request(&sandbox, filter), "preflight_unavailable"), part);
    }
    assert_eq!(arrived(&sandbox, Endpoint::Search), 0);
    // Whoever matches for certain makes it a filter that matches somebody.
    let answer = refresh(&request(&sandbox, r#"uid == "smith" || (uid == name && displayName == "Amélie Roux")"#));
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!((&answer["matched"], &answer["undecided"]), (&json!(1), &json!(2)), "Smith and Amélie: {answer}");
}

#[test]
fn without_preflight_nothing_is_asked() {
    let sandbox = Sandbox::start();
    let configured = with(configuration(sandbox.url()), &json!({ "preflight": false }));
    let filter = r#"costCenter == "nothing""#;
    for request in [
        request_with(&sandbox, filter, json!({ "preflight": false })),
        request_with(&sandbox, filter, json!({ "skipFilterCheck": true })),
        json!({ "filter": filter, "configuration": configured }),
    ] {
        let answer = refresh(&request);
        assert_eq!(answer["ok"], true, "{answer}");
        assert_eq!(answer["matched"], Value::Null, "{answer}");
    }
    let endpoints: Vec<Endpoint> = sandbox.log().iter().map(|arrival| arrival.endpoint).collect();
    use Endpoint::{Refresh, Token};
    assert_eq!(endpoints, [Token, Refresh, Refresh, Refresh]);
    let checked = json!({ "filter": filter, "options": { "preflight": true }, "configuration": configured });
    refused(&sandbox, &checked, "preflight_unavailable");
}

#[test]
fn a_helpdesk_user_refreshes_by_id_name_or_email() {
    let sandbox = Sandbox::start();
    let helpdesk = |filter: &str| {
        let configuration = with(
            configuration(sandbox.url()),
            &json!({ "clientId": "helpdesk-client", "clientSecret": "helpdesk-secret" }),
        );
        json!({ "filter": filter, "configuration": configuration })
    };
    let amelie = &sandbox.identities()[0];
    for (filter, name) in [
        (format!("id == \"{}\"", amelie.id), "amelie.roux"),
        (r#"name == "smith""#.to_owned(), "smith"),
        (r#"name == "pat \"the hat\" o'neil""#.to_owned(), "pat \"the hat\" o'neil"),
        (r#"name == "CORP\\dana""#.to_owned(), "CORP\\dana"),
        (r#"name == "rock&roll""#.to_owned(), "rock&roll"),
        (r#"email == "mary.ann.lee@example.com""#.to_owned(), "mary ann lee"),
    ] {
        let answer = refreshes(&sandbox, &helpdesk(&filter), &[name]);
        assert_eq!(answer["matched"], 1, "{filter}: {answer}");
    }
    refused(&sandbox, &helpdesk(r#"name == "nobody.at.all""#), "no_match");
    refused(&sandbox, &helpdesk(r#"name == "x\" or alias sw \"""#), "no_match");
    for filter in [r#"uid == "smith""#, r#"name == "smith" || name == "Smith""#, r#"name.startsWith("smith")"#] {
        let error = refused(&sandbox, &helpdesk(filter), "forbidden");
        says(&error, "one of id, name (the user name) and email");
        says(&error, "sp:search:read");
        assert_eq!(error["response"]["status"], 403);
    }
    // Everybody has the same address.
    let shared: Vec<Identity> = Sandbox::builder()
        .people(300)
        .start()
        .identities()
        .into_iter()
        .map(|person| person.with("email", "it@example.com"))
        .collect();
    let shared = Sandbox::builder().identities(shared).start();
    let request = with(helpdesk(r#"email == "it@example.com""#), &json!({}));
    let configuration = with(request["configuration"].clone(), &json!({ "baseUrl": shared.url() }));
    refused(&shared, &with(request, &json!({ "configuration": configuration })), "would_refresh_all");
}

#[test]
fn who_may_not_ask_is_told_what_is_needed() {
    let sandbox = Sandbox::start();
    let of = |client: &str| {
        let configuration = with(
            configuration(sandbox.url()),
            &json!({ "clientId": format!("{client}-client"), "clientSecret": format!("{client}-secret") }),
        );
        json!({ "filter": "name == \"smith\"", "configuration": configuration })
    };
    let error = refused(&sandbox, &of("noscope"), "forbidden");
    says(&error, "idn:identity:read");
    assert_eq!(error["response"]["status"], 403);
}

#[test]
fn a_dry_run_names_ten_and_counts_the_rest() {
    let sandbox = Sandbox::builder().people(1_000).start();
    let filter = r#"location == "London" && inactive == false"#;
    let answer = refresh(&request_with(&sandbox, filter, json!({ "dryRun": true })));
    assert_eq!(answer["ok"], true, "{answer}");
    let meant = sandbox.identities();
    let meant: Vec<_> =
        meant.iter().filter(|p| p.correlated && !p.inactive && p.text("location") == "London").collect();
    assert_eq!(answer["matched"], meant.len(), "{answer}");
    assert_eq!((&answer["matchedExactly"], &answer["undecided"]), (&json!(true), &json!(0)));
    let plan = &answer["plan"];
    assert_eq!((&plan["everybody"], &plan["filter"]), (&json!(false), &json!(filter)), "{plan}");
    let named = plan["identities"].as_array().expect("a list");
    assert_eq!(named.len(), 10);
    for person in named {
        let meant = meant.iter().find(|meant| person["id"] == *meant.id).expect("one of those meant");
        assert_eq!((&person["name"], &person["displayName"]), (&json!(meant.name), &json!(meant.display_name())));
    }
    assert!(sandbox.refreshes().is_empty());
    refused(&sandbox, &request_with(&sandbox, r#"uid == "nobody""#, json!({ "dryRun": true })), "no_match");
}

#[test]
fn a_dry_run_of_a_full_refresh_tells_how_many_the_tenant_has() {
    let sandbox = Sandbox::start();
    let run = |client: &str| {
        let configuration = with(
            configuration(sandbox.url()),
            &json!({ "clientId": format!("{client}-client"), "clientSecret": format!("{client}-secret") }),
        );
        refresh(&json!({ "options": { "allowFullRefresh": true, "dryRun": true }, "configuration": configuration }))
    };
    for client in ["sandbox", "helpdesk"] {
        let answer = run(client);
        assert_eq!(
            (&answer["plan"]["everybody"], &answer["matched"]),
            (&json!(true), &json!(98)),
            "{client}: {answer}"
        );
        assert_eq!(answer["plan"]["identities"], Value::Null);
    }
    let answer = run("noscope");
    assert_eq!(
        (&answer["ok"], &answer["plan"]["everybody"], &answer["matched"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn what_cannot_be_counted_is_not_sent() {
    // Its token comes from the same host, so that the address is right and search is what is missing.
    for status in [400, 404, 405, 410, 500, 502, 503] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Search).status(status).times(0));
        let error = refused(&sandbox, &request(&sandbox, r#"uid == "amelie.roux""#), "preflight_unavailable");
        assert_eq!(error["response"]["status"], status);
        says(&error, "A filter that was not counted is not sent");
    }
    for (status, code) in [(401, "unauthorized"), (307, "http_status"), (429, "rate_limited"), (403, "forbidden")] {
        let sandbox = Sandbox::start();
        sandbox.fault(Fault::on(Endpoint::Search).status(status).retry_after(1_000).times(0));
        says(&refused(&sandbox, &request(&sandbox, r#"uid == "amelie.roux""#), code), "No refresh was sent");
    }
    // Several match, and the tenant's size is not to be had.
    let sandbox = Sandbox::start();
    sandbox.fault(Fault::on(Endpoint::Count).status(500).times(0));
    refused(&sandbox, &request(&sandbox, r#"uid.in({"amelie.roux", "john.smith"})"#), "preflight_unavailable");
}

#[test]
fn the_total_timeout_holds_for_preflight_and_refresh_together() {
    let sandbox = Sandbox::start();
    let slow = |endpoint| Fault::on(endpoint).kind(pssailpointcc_sandbox::FaultKind::Slow).times(0);
    let delay = std::time::Duration::from_millis(400);
    sandbox.fault(slow(Endpoint::Search).delay(delay));
    sandbox.fault(slow(Endpoint::Refresh).delay(delay));
    let began = std::time::Instant::now();
    let answer = refresh(&request_with(&sandbox, r#"uid == "amelie.roux""#, json!({ "totalTimeoutSec": 0.6 })));
    assert_eq!(answer["error"]["code"], "timeout", "{answer}");
    assert_eq!(answer["error"]["sent"], "maybe", "it timed out at the refresh: {answer}");
    assert!(began.elapsed() < delay * 2, "each exchange had a time of its own");
    let in_time = request_with(&sandbox, r#"uid == "amelie.roux""#, json!({ "totalTimeoutSec": 0.1 }));
    refused(&sandbox, &in_time, "timeout");
}

#[test]
fn a_wrong_filter_is_refused_before_anything_is_looked_for() {
    let answer = refresh(&json!({ "filter": "uid = \"x\"", "configuration": { "lookup": support::nowhere() } }));
    assert_eq!(answer["error"]["code"], "invalid_filter", "{answer}");
    let answer = refresh(&json!({ "filter": "uid == \"x\"", "configuration": { "lookup": support::nowhere() } }));
    assert_eq!(answer["error"]["code"], "not_configured", "{answer}");
}

#[test]
fn nothing_is_pruned_by_a_filter_that_nobody_has_counted() {
    for unchecked in [json!({ "skipFilterCheck": true }), json!({ "preflight": false })] {
        let sandbox = Sandbox::start();
        for name in ["pruneIdentities", "PruneIdentities"] {
            let request = json!({
                "filter": "uid == \"amelie.roux\"", "refreshArgs": { name: "True" }, "options": unchecked,
                "configuration": support::configuration(sandbox.url()),
            });
            let answer = support::refresh(&request);
            assert_eq!(answer["error"]["code"], "would_refresh_all", "{answer}");
        }
        assert!(sandbox.log().is_empty());
    }
}

#[test]
fn an_attribute_that_has_just_lost_its_searchability_is_not_sent() {
    let sandbox = Sandbox::start();
    let request =
        json!({ "filter": "department == \"Engineering\"", "configuration": support::configuration(sandbox.url()) });
    assert_eq!(support::refresh(&request)["ok"], true);
    let settings = json!({ "notSearchable": ["department"] }).to_string();
    let client = reqwest::blocking::Client::builder().no_proxy().build().expect("a client");
    client.post(format!("{}/sandbox/settings", sandbox.url())).body(settings).send().expect("the sandbox answers");
    let answer = support::refresh(&request);
    assert_eq!(answer["error"]["code"], "preflight_unavailable", "{answer}");
    assert_eq!(sandbox.refreshes().len(), 1);
}

#[test]
fn one_person_who_was_not_named_may_be_everybody_that_search_knows() {
    let sandbox = Sandbox::builder()
        .identities(vec![pssailpointcc_sandbox::Identity::new("amelie.roux").with("uid", "amelie.roux")])
        .start();
    for (filter, ok) in [
        ("uid == \"amelie.roux\"", true),
        ("uid.notNull()", false),
        ("uid != \"zzz\"", false),
        ("!(uid == \"zzz\")", false),
    ] {
        let answer =
            support::refresh(&json!({ "filter": filter, "configuration": support::configuration(sandbox.url()) }));
        assert_eq!(answer["ok"], ok, "{filter}: {answer}");
    }
}
