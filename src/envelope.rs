//! The JSON that leaves: `{"ok":true,…}` or `{"ok":false,"error":{…}}`.

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

/// Which batch of a streamed refresh an envelope is about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place<'a> {
    pub(crate) backend: &'a str,
    pub(crate) base_url: &'a str,
    pub(crate) batch: u64,
    pub(crate) identity_attribute: &'a str,
}

/// A failure: the error, and the report beside it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    ok: bool,
    error: &'a Details,
    #[serde(flatten)]
    place: Option<&'a Place<'a>>,
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

/// The envelope's text.
pub(crate) fn write<T: Serialize, E: Into<Failure>>(client: Client, result: Result<T, E>) -> Vec<u8> {
    match result {
        Ok(result) => text(client, &Success { ok: true, result }),
        Err(failure) => write_failure(client, None, failure.into()),
    }
}

/// The envelope of a batch that has failed.
pub(crate) fn write_batch_failure(client: Client, place: &Place<'_>, failure: Failure) -> Vec<u8> {
    write_failure(client, Some(place), failure)
}

fn write_failure(client: Client, place: Option<&Place<'_>>, Failure { error, report }: Failure) -> Vec<u8> {
    text(
        client,
        &Failed {
            ok: false,
            error: error.details(),
            place,
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
    // Most answers fit, and their text need not move while it grows.
    let mut text = Vec::with_capacity(1024);
    match serde_json::to_writer(&mut text, envelope) {
        Ok(()) => wording::render(text, client),
        // Only a map with keys that are no text, or a failing `Serialize` of our own, could fail: there is neither.
        Err(_) => INTERNAL.into(),
    }
}

/// The envelope of an error that comes alone.
pub(crate) fn write_error(client: Client, error: Error) -> Vec<u8> {
    write::<(), _>(client, Err(error))
}

/// The envelope of a caught panic, whose text may hold anything and is not shown.
pub(crate) const INTERNAL: &str = concat!(
    r#"{"ok":false,"error":{"code":"internal","message":"PSSailpointCC has hit a defect of its own and stopped this call.","#,
    r#""hint":"Please report it with the version and what was called. Whether a refresh had left is not known.","sent":"maybe"}}"#
);
