//! A host that answers without end costs its own call its time, and nobody else's. It is not in the fault table, because
//! hosts share threads from the ninth on.

mod support;

use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox};
use serde_json::json;
use support::{Operation, configuration, refresh, until, with};

#[test]
fn interim_answers_without_end_end_at_the_deadline_and_hold_up_no_other_host() {
    let other = Sandbox::start();
    let request = |sandbox: &Sandbox| {
        let settings = with(configuration(sandbox.url()), &json!({ "timeoutSec": 3, "maximumRetryCount": 0 }));
        json!({ "filter": "uid == \"smith\"", "configuration": settings })
    };
    for (endpoint, sent) in [(Endpoint::Token, "no"), (Endpoint::Search, "no"), (Endpoint::Refresh, "maybe")] {
        let flooding = Sandbox::start();
        flooding.fault(Fault::on(endpoint).kind(FaultKind::Flood).times(0));
        let flooded = Operation::start("cc_refresh_identities", &request(&flooding));
        until("the flood", || flooding.log().iter().any(|arrival| arrival.endpoint == endpoint).then_some(()));
        // On the flooded thread each of them would wait for up to a second.
        for _ in 0..10 {
            let answer = refresh(&request(&other));
            assert_eq!(answer["ok"], true, "{answer}");
        }
        assert_eq!(flooded.wait(0)["state"], "running");
        let answer = flooded.result();
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["sent"]),
            (&json!("timeout"), &json!(sent)),
            "{endpoint:?}: {answer}"
        );
        assert_eq!(flooding.arrivals(Endpoint::Refresh).len(), usize::from(endpoint == Endpoint::Refresh), "sent once");
    }
}
