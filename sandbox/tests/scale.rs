//! A tenant of a hundred thousand people.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pssailpointcc_sandbox::{ACCESS_TOKEN, Identity, Sandbox};
use reqwest::blocking::Client;
use serde_json::{Value, json};

const PEOPLE: usize = 100_000;

fn search(sandbox: &Sandbox, query: &str, after: Option<&str>) -> Vec<Value> {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().expect("a plain client can be built")
    });
    let body = json!({
        "indices": ["identities"], "query": { "query": query }, "sort": ["id"], "searchAfter": after.map(|id| [id]),
        "queryResultFilter": { "includes": ["id", "attributes.uid"] },
    });
    let request = CLIENT.post(format!("{}/search/v1?limit=10000", sandbox.url())).bearer_auth(ACCESS_TOKEN);
    let answer = request.body(body.to_string()).send().and_then(|response| response.bytes());
    serde_json::from_slice(&answer.expect("the sandbox answers")).expect("the answer is a list")
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.pointer(member).and_then(Value::as_str).expect("it is a text")
}

fn any_of(people: &[&Identity], attribute: &str) -> String {
    let term = |person: &&Identity| {
        let value = person.text(attribute).replace('\\', "\\\\").replace('"', "\\\"");
        format!("attributes.{attribute}:\"{value}\"")
    };
    people.iter().map(term).collect::<Vec<_>>().join(" OR ")
}

#[test]
fn everybody_is_on_one_page_and_every_name_is_found() {
    let sandbox = Sandbox::builder().people(PEOPLE).start();
    let people = sandbox.identities();
    let correlated: Vec<&Identity> = people.iter().filter(|person| person.correlated).collect();
    let (mut found, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let page = search(&sandbox, "*", after.as_deref());
        let Some(last) = page.last() else { break };
        after = Some(text(last, "/id").to_owned());
        pages += 1;
        found.extend(page.iter().map(|document| text(document, "/id").to_owned()));
    }
    assert_eq!((pages, found.len()), (correlated.len().div_ceil(10_000), correlated.len()));
    assert!(found.is_sorted());
    assert_eq!(
        found.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        correlated.iter().map(|person| person.id.as_str()).collect::<BTreeSet<_>>()
    );
    // The hand-written ones look alike, and are found by each other's names; an address's `com` is everybody's.
    for some in correlated[pssailpointcc_sandbox::HAND_WRITTEN..].chunks(250).step_by(40) {
        let wanted: BTreeSet<&str> = some.iter().map(|person| person.text("uid")).collect();
        for attribute in ["uid", "email"] {
            let found = search(&sandbox, &any_of(some, attribute), None);
            let found: BTreeSet<&str> = found.iter().map(|document| text(document, "/attributes/uid")).collect();
            assert_eq!(found, wanted, "{attribute}");
        }
    }
}

#[test]
fn two_people_may_have_the_same_name() {
    let sandbox = Sandbox::builder().people(3).start();
    let mut twin = Identity::new("smith").with("department", "Legal");
    twin.id = "2c918084000000000000000000000002".to_owned();
    sandbox.put_identity(twin.clone());
    let found = search(&sandbox, "attributes.uid.exact:\"smith\"", None);
    assert_eq!(found.len(), 2);
    assert_eq!(sandbox.judge("uid == \"smith\"").map(|names| names.len()), Ok(2));
    sandbox.remove_identity(&twin.id);
    assert_eq!(search(&sandbox, "attributes.uid.exact:\"smith\"", None).len(), 1);
}
