//! `cc_find_identities` and `cc_check_filter`: whom a filter would touch, held against the sandbox's own judgement.

mod filter_support;
mod support;

use std::collections::BTreeSet;

use filter_support::random::{Random, quoted};
use pssailpointcc_sandbox::{Endpoint, Fault, Identity, Sandbox};
use serde_json::{Value, json};
use support::{check_filter, configuration, find, with};

fn request(sandbox: &Sandbox, filter: &str) -> Value {
    json!({ "filter": filter, "configuration": configuration(sandbox.url()) })
}

/// All pages of at most `limit`, joined; each answer says the same total.
fn all(sandbox: &Sandbox, filter: &str, limit: u64) -> (u64, Vec<Value>) {
    let mut request = with(request(sandbox, filter), &json!({ "limit": limit }));
    let (mut total, mut people) = (None, Vec::new());
    loop {
        let answer = find(&request);
        assert_eq!(answer["ok"], true, "{filter}: {answer}");
        let page = answer["identities"].as_array().expect("a list");
        assert!(page.len() as u64 <= limit, "{filter}");
        people.extend(page.iter().cloned());
        assert_eq!(*total.get_or_insert(answer["total"].clone()), answer["total"], "{filter}");
        if answer["after"].is_null() {
            return (total.and_then(|total| total.as_u64()).expect("a number"), people);
        }
        assert_eq!(page.len() as u64, limit, "a page that is not the last is full: {filter}");
        request["after"] = answer["after"].clone();
    }
}

fn names(people: &[Value]) -> BTreeSet<&str> {
    people.iter().map(|person| person["name"].as_str().expect("a name")).collect()
}

#[test]
fn people_are_told_by_id_name_and_display_name() {
    let sandbox = Sandbox::start();
    let answer = find(&request(&sandbox, r#"uid == "amelie.roux""#));
    let id = &sandbox.identities()[0].id;
    assert_eq!(answer["identities"], json!([{ "id": id, "name": "amelie.roux", "displayName": "Amélie Roux" }]));
    assert_eq!((&answer["total"], &answer["undecided"], &answer["after"]), (&json!(1), &json!(0), &Value::Null));
    assert_eq!(answer["baseUrl"], sandbox.url());
    let nobody = find(&request(&sandbox, r#"uid == "nobody""#));
    assert_eq!((&nobody["ok"], &nobody["total"], &nobody["identities"]), (&json!(true), &json!(0), &json!([])));
    assert!(sandbox.refreshes().is_empty());
}

#[test]
fn pages_join_to_everybody_once_in_the_order_of_their_ids() {
    let sandbox = Sandbox::builder().people(2_000).start();
    let filter = r#"location == "London""#;
    let meant: BTreeSet<String> = sandbox
        .identities()
        .into_iter()
        .filter(|person| person.correlated && person.text("location") == "London")
        .map(|person| person.id)
        .collect();
    for limit in [1_000, 250, 77, meant.len() as u64, meant.len() as u64 - 1] {
        let (total, people) = all(&sandbox, filter, limit);
        assert_eq!(total, meant.len() as u64, "{limit}");
        let ids: Vec<&str> = people.iter().map(|person| person["id"].as_str().expect("an id")).collect();
        assert!(ids.is_sorted(), "{limit}");
        assert_eq!(ids, meant.iter().map(String::as_str).collect::<Vec<_>>(), "{limit}");
    }
}

#[test]
fn more_than_ten_thousand_are_found_by_searching_on() {
    let sandbox = Sandbox::builder().people(23_000).start();
    let (total, people) = all(&sandbox, r#"uid != "amelie.roux""#, 10_000);
    let correlated = sandbox.identities().iter().filter(|person| person.correlated).count() as u64;
    assert_eq!(total, correlated - 1);
    assert_eq!(names(&people).len() as u64, total);
    let searches = sandbox.arrivals(Endpoint::Search);
    assert!(searches.iter().skip(1).all(|search| search.text().contains("searchAfter")), "never by offset");
    assert!(searches.len() < 20, "{} searches", searches.len());
}

#[test]
fn pages_stay_consistent_while_people_come_and_go() {
    let people = |range: std::ops::Range<u32>| {
        range.map(|n| {
            let mut person = Identity::new(&format!("person {n}"));
            person.id = format!("{n:032x}");
            person
        })
    };
    let sandbox = Sandbox::builder().identities(people(0..400).filter(|p| !p.id.ends_with('7')).collect()).start();
    let first = find(&with(request(&sandbox, "uid.notNull()"), &json!({ "limit": 100 })));
    sandbox.remove_identity(first["identities"][50]["id"].as_str().expect("an id"));
    people(0..400).filter(|person| person.id.ends_with('7')).for_each(|person| sandbox.put_identity(person));
    let mut found = first["identities"].as_array().cloned().expect("a list");
    let mut after = first["after"].clone();
    while !after.is_null() {
        let page = find(&with(request(&sandbox, "uid.notNull()"), &json!({ "limit": 100, "after": after })));
        found.extend(page["identities"].as_array().cloned().expect("a list"));
        after = page["after"].clone();
    }
    let ids: Vec<&str> = found.iter().map(|person| person["id"].as_str().expect("an id")).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "nobody twice");
    let stayed = people(0..400).filter(|person| !person.id.ends_with('7')).map(|person| person.id);
    assert!(stayed.into_iter().all(|id| ids.contains(&id.as_str())), "whoever was there all the time is found");
}

#[test]
fn an_after_of_another_filter_or_of_nobody_is_refused() {
    let sandbox = Sandbox::start();
    let first = find(&with(request(&sandbox, "uid.notNull()"), &json!({ "limit": 10 })));
    for (filter, after) in [
        (r#"uid == "smith""#, first["after"].clone()),
        ("uid.notNull()", json!("2c91")),
        ("uid.notNull()", json!("")),
        ("uid.notNull()", json!(5)),
    ] {
        let answer = find(&with(request(&sandbox, filter), &json!({ "after": after })));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
        assert_eq!(answer["error"]["sent"], "no");
    }
    for limit in [json!(0), json!(10_001), json!("250"), json!(-1)] {
        let answer = find(&with(request(&sandbox, "uid.notNull()"), &json!({ "limit": limit })));
        assert_eq!(answer["error"]["code"], "invalid_argument", "{answer}");
    }
    let unknown = find(&with(request(&sandbox, "uid.notNull()"), &json!({ "first": 3 })));
    assert_eq!(unknown["error"]["code"], "invalid_argument", "{unknown}");
}

#[test]
fn random_filters_find_whom_the_sandbox_means() {
    let mut random = Random::new(21);
    let people: Vec<Identity> = (0..60)
        .map(|n| {
            let value = random.value();
            let mut person = Identity::new(&value).with("department", random.value()).with("location", random.value());
            person.id = format!("{n:032x}");
            person
        })
        .collect();
    let sandbox = Sandbox::builder().identities(people.clone()).start();
    let mut certain = 0;
    for _ in 0..400 {
        let mut condition = || {
            let attribute = random.one_of(&["uid", "name", "department", "location", "displayName"]);
            let person = &people[random.below(people.len())];
            let value = if attribute == "name" { person.name.as_str() } else { person.text(attribute) };
            let test = random.one_of(&["== ", "i== ", "!= ", ".startsWith(", ".contains(", ".in({"]);
            let end = if test.ends_with('{') {
                "})"
            } else if test.ends_with('(') {
                ")"
            } else {
                ""
            };
            format!("{attribute} {test}{}{end}", quoted(value)).replace(" .", ".")
        };
        let (one, other) = (condition(), condition());
        let filter = match random.below(3) {
            0 => one,
            1 => format!("{one} || {other}"),
            _ => format!("({one}) && ({other})"),
        };
        let meant = sandbox.judge(&filter).unwrap_or_default();
        let answer = find(&with(request(&sandbox, &filter), &json!({ "limit": 1_000 })));
        assert_eq!(answer["ok"], true, "{filter}: {answer}");
        let (total, undecided) =
            (answer["total"].as_u64().expect("a number"), answer["undecided"].as_u64().expect("a number"));
        let found = answer["identities"].as_array().expect("a list");
        assert_eq!(found.len() as u64, total, "{filter}");
        assert!(found.iter().all(|person| meant.iter().any(|name| person["name"] == **name)), "{filter}: {answer}");
        assert!(meant.len() as u64 <= total + undecided, "{filter}: {} meant, {answer}", meant.len());
        certain += usize::from(undecided == 0 && total > 0);
    }
    assert!(certain > 150, "{certain}");
}

#[test]
fn what_cannot_be_searched_or_judged_is_an_error_with_its_reason() {
    let sandbox = Sandbox::start();
    let undecidable = find(&request(&sandbox, "uid == name"));
    assert_eq!(undecidable["error"]["code"], "preflight_unavailable", "{undecidable}");
    assert!(sandbox.log().is_empty());
    let of = |client: &str, filter: &str| {
        let configuration = with(
            configuration(sandbox.url()),
            &json!({ "clientId": format!("{client}-client"), "clientSecret": format!("{client}-secret") }),
        );
        find(&json!({ "filter": filter, "configuration": configuration }))
    };
    let helpdesk = of("helpdesk", r#"uid == "smith""#);
    assert_eq!(helpdesk["error"]["code"], "forbidden", "{helpdesk}");
    assert!(helpdesk["error"]["hint"].as_str().is_some_and(|hint| hint.contains("sp:search:read")), "{helpdesk}");
    let by_name = of("helpdesk", r#"name == "smith""#);
    assert_eq!(
        (&by_name["total"], &by_name["identities"][0]["displayName"]),
        (&json!(1), &json!("smith")),
        "{by_name}"
    );
    sandbox.fault(Fault::on(Endpoint::Search).status(503).times(0));
    let away = find(&request(&sandbox, r#"uid == "smith""#));
    assert_eq!((&away["error"]["code"], &away["error"]["sent"]), (&json!("http_status"), &json!("no")), "{away}");
}

#[test]
fn a_helpdesk_user_finds_page_by_page_too() {
    let shared: Vec<Identity> = (0..600)
        .map(|n| {
            let mut person = Identity::new(&format!("person {n}")).with("email", "it@example.com");
            person.id = format!("{n:032x}");
            person
        })
        .collect();
    let sandbox = Sandbox::builder().identities(shared).start();
    let helpdesk = json!({ "clientId": "helpdesk-client", "clientSecret": "helpdesk-secret" });
    let configuration = with(configuration(sandbox.url()), &helpdesk);
    let mut request = json!({ "filter": "email == \"it@example.com\"", "limit": 255, "configuration": configuration });
    let mut found = Vec::new();
    for left in [true, true, false] {
        let page = find(&request);
        assert_eq!((&page["ok"], &page["total"]), (&json!(true), &json!(600)), "{page}");
        found.extend(page["identities"].as_array().cloned().expect("a list"));
        assert_eq!(!page["after"].is_null(), left, "{page}");
        request["after"] = page["after"].clone();
    }
    assert_eq!((found.len(), names(&found).len()), (600, 600));
}

#[test]
fn a_filter_is_checked_without_any_configuration() {
    let answer = check_filter(r#"(uid=="a"||department != "Sales")&&uid == name"#);
    assert_eq!(answer["filter"]["canonical"], r#"(uid == "a" || department != "Sales") && uid == name"#);
    assert_eq!(answer["filter"]["attributes"], json!(["uid", "department", "name"]));
    assert_eq!(answer["filter"]["undecidable"], json!(["uid == name"]));
    let warned = check_filter(r#"name != null"#);
    assert!(warned["filter"]["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty()), "{warned}");
    let wrong = check_filter(r#"uid == "a","b""#);
    assert_eq!(
        (&wrong["error"]["code"], &wrong["error"]["position"]),
        (&json!("invalid_filter"), &json!(10)),
        "{wrong}"
    );
    assert!(wrong["error"]["hint"].as_str().is_some_and(|hint| hint.contains(".in({")), "{wrong}");
}

#[test]
fn what_documents_leave_out_is_null_where_somebody_has_it() {
    let sandbox = Sandbox::start();
    sandbox.put_identity(Identity::new("bare"));
    // Without a manager: the first one, and whoever was added.
    for (filter, expected) in [
        ("manager.isNull()", &["amelie.roux", "bare"][..]),
        ("manager.name.isNull()", &["amelie.roux", "bare"]),
        ("email.isNull()", &["bare"]),
        ("firstname.isNull()", &["bare"]),
        ("employeeNumber.isNull()", &["bare"]),
        ("attributes.department.isNull()", &["bare"]),
        ("location.isNull() && manager.isNull()", &["bare"]),
        ("manager.isNull() && !(email.isNull())", &["amelie.roux"]),
        ("!(manager.notNull())", &["amelie.roux", "bare"]),
    ] {
        let answer = find(&request(&sandbox, filter));
        let people = answer["identities"].as_array().unwrap_or_else(|| panic!("{filter}: {answer}"));
        assert_eq!(names(people), expected.iter().copied().collect(), "{filter}");
        assert_eq!(answer["undecided"], 0, "{filter}");
    }
    // An attribute that no document of the tenant has stays unknown.
    let everybody = sandbox.identities().iter().filter(|person| person.correlated).count();
    let answer = find(&request(&sandbox, "nickname.isNull()"));
    assert_eq!((&answer["total"], &answer["undecided"]), (&json!(0), &json!(everybody)), "{answer}");
    sandbox.put_identity(Identity::new("nick").with("nickname", "Nick"));
    let answer = find(&request(&sandbox, "nickname.isNull()"));
    assert_eq!((&answer["total"], &answer["undecided"]), (&json!(everybody), &json!(0)), "{answer}");
}
