//! The JSON text of an answer: `{"ok":true,…}` or `{"ok":false,"error":{…}}`.

mod door;

use std::ops::Deref;

use serde::Serialize;

use crate::error::{Details, Error};
use crate::json;
use crate::report::{Ambiguous, CallReport, FailedPerson, Failure, Totals};
use crate::secret::Secrets;
use crate::wording::{self, Client};

/// The text of an envelope. Only this module makes one, and every text that it makes has passed the door: the ABI
/// returns nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope(Vec<u8>);

impl Deref for Envelope {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A success: `"ok":true` before the members of `T`.
#[derive(Serialize)]
struct Success<T: Serialize> {
    ok: bool,
    #[serde(flatten)]
    result: T,
}

/// The batch of a streamed refresh that an envelope is about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchInfo<'a> {
    pub(crate) backend: &'a str,
    pub(crate) base_url: &'a str,
    pub(crate) batch: u64,
    pub(crate) identity_attribute: &'a str,
}

/// A failure: the error with its report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    ok: bool,
    error: &'a Details,
    #[serde(flatten)]
    batch_info: Option<&'a BatchInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unmatched: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ambiguous: &'a [Ambiguous],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failed: &'a [FailedPerson],
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<&'a Totals>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    calls: &'a [CallReport],
}

/// Returns the text of the envelope. `secrets` are those of the call.
pub(crate) fn write<T: Serialize, E: Into<Failure>>(
    client: Client,
    secrets: &Secrets,
    result: Result<T, E>,
) -> Envelope {
    match result {
        Ok(result) => text(client, secrets, &Success { ok: true, result }),
        Err(failure) => write_failure(client, secrets, None, failure.into()),
    }
}

/// The envelope of a failed batch.
pub(crate) fn write_batch_failure(
    client: Client,
    secrets: &Secrets,
    batch_info: &BatchInfo<'_>,
    failure: Failure,
) -> Envelope {
    write_failure(client, secrets, Some(batch_info), failure)
}

fn write_failure(
    client: Client,
    secrets: &Secrets,
    batch_info: Option<&BatchInfo<'_>>,
    Failure { error, report }: Failure,
) -> Envelope {
    text(
        client,
        secrets,
        &Failed {
            ok: false,
            error: error.details(),
            batch_info,
            fallback: report.fallback.as_deref(),
            warnings: &report.warnings,
            unmatched: &report.names.unmatched,
            ambiguous: &report.names.ambiguous,
            failed: &report.failed,
            totals: report.totals.as_ref(),
            calls: &report.calls,
        },
    )
}

fn text(client: Client, secrets: &Secrets, envelope: &impl Serialize) -> Envelope {
    match json::written(envelope) {
        Ok(text) => Envelope(wording::render(door::without_secrets(text, &secrets.mask()), client)),
        // There are no maps whose keys are not text, and no `Serialize` that fails.
        Err(_) => internal(),
    }
}

/// The envelope of an error without a report, in a call that has used no secrets.
pub(crate) fn write_error(client: Client, error: Error) -> Envelope {
    write::<(), _>(client, &Secrets::default(), Err(error))
}

/// The answer of a wait: the state, and an envelope as its `result`.
pub(crate) fn wrapped(state: &str, envelope: &Envelope) -> Envelope {
    Envelope([br#"{"ok":true,"state":""#.as_slice(), state.as_bytes(), br#"","result":"#, envelope, b"}"].concat())
}

/// The envelope of an error, with a state.
pub(crate) fn write_state(state: &str, error: Error) -> Envelope {
    let Envelope(mut text) = write_error(Client::C, error);
    text.splice(FAILED.len()..FAILED.len(), format!(r#""state":"{state}","#).into_bytes());
    Envelope(text)
}

/// The beginning of an error's envelope.
const FAILED: &str = r#"{"ok":false,"#;

/// The envelope of a caught panic.
pub(crate) fn internal() -> Envelope {
    Envelope(INTERNAL.into())
}

/// The text of the panic is not shown, because it may hold secrets.
const INTERNAL: &str = concat!(
    r#"{"ok":false,"error":{"code":"internal","message":"A defect of PSSailpointCC has ended this call.","#,
    r#""hint":"Please report it, with the version and the call. It is not known whether a refresh was sent.","sent":"maybe"}}"#
);
