//! The JSON that leaves: `{"ok":true,…}` or `{"ok":false,"error":{…}}`.

use serde::Serialize;

use crate::error::{Details, Error};
use crate::report::{Ambiguous, CallReport, FailedPerson};

/// A success: `"ok":true` before the members of `T`.
#[derive(Serialize)]
struct Success<T: Serialize> {
    ok: bool,
    #[serde(flatten)]
    result: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    ok: bool,
    error: &'a Details,
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
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    calls: &'a [CallReport],
}

/// The envelope's text.
pub(crate) fn write<T: Serialize>(result: Result<T, Error>) -> Vec<u8> {
    // Most answers fit, and their text need not move while it grows.
    let mut text = Vec::with_capacity(1024);
    let written = match &result {
        Ok(result) => serde_json::to_writer(&mut text, &Success { ok: true, result }),
        Err(error) => {
            let details = error.details();
            let failure = Failure {
                ok: false,
                error: details,
                fallback: details.fallback.as_deref(),
                warnings: &details.warnings,
                unmatched: &details.names.unmatched,
                ambiguous: &details.names.ambiguous,
                failed: &details.failed,
                calls: &details.calls,
            };
            serde_json::to_writer(&mut text, &failure)
        }
    };
    // Only a map with keys that are no text, or a failing `Serialize` of our own, could fail: there is neither.
    if written.is_err() { INTERNAL.into() } else { text }
}

/// The envelope of a caught panic, whose text may hold anything and is not shown.
pub(crate) const INTERNAL: &str = concat!(
    r#"{"ok":false,"error":{"code":"internal","message":"PSSailpointCC has hit a defect of its own and stopped this call.","#,
    r#""hint":"Please report it with the version and what was called. Whether a refresh had left is not known.","sent":"maybe"}}"#
);
