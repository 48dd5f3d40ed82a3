//! The JSON text of an answer: `{"ok":true,…}` or `{"ok":false,"error":{…}}`.

use serde::Serialize;

use crate::error::{Details, Error};
use crate::report::{Ambiguous, CallReport, FailedPerson, Failure, Totals};
use crate::wording::{self, Client};

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

/// Returns the text of the envelope.
pub(crate) fn write<T: Serialize, E: Into<Failure>>(client: Client, result: Result<T, E>) -> Vec<u8> {
    match result {
        Ok(result) => text(client, &Success { ok: true, result }),
        Err(failure) => write_failure(client, None, failure.into()),
    }
}

/// The envelope of a failed batch.
pub(crate) fn write_batch_failure(client: Client, batch_info: &BatchInfo<'_>, failure: Failure) -> Vec<u8> {
    write_failure(client, Some(batch_info), failure)
}

fn write_failure(client: Client, batch_info: Option<&BatchInfo<'_>>, Failure { error, report }: Failure) -> Vec<u8> {
    text(
        client,
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

fn text(client: Client, envelope: &impl Serialize) -> Vec<u8> {
    // Enough for most answers, so that the buffer does not grow.
    let mut text = Vec::with_capacity(1024);
    match serde_json::to_writer(&mut text, envelope) {
        Ok(()) => wording::render(text, client),
        // Serialisation fails only for maps with keys that are not text, or for a `Serialize` that fails; there are
        // none here.
        Err(_) => INTERNAL.into(),
    }
}

/// The envelope of an error without a report.
pub(crate) fn write_error(client: Client, error: Error) -> Vec<u8> {
    write::<(), _>(client, Err(error))
}

/// The envelope of a caught panic. The text of the panic is not shown, because it may hold secrets.
pub(crate) const INTERNAL: &str = concat!(
    r#"{"ok":false,"error":{"code":"internal","message":"A defect of PSSailpointCC has ended this call.","#,
    r#""hint":"Please report it, with the version and the call. It is not known whether a refresh was sent.","sent":"maybe"}}"#
);
