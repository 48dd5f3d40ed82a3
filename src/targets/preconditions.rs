//! Checks of a filter before anything is counted: its attributes are searchable, because otherwise the service
//! refreshes everybody, and it can be evaluated here.

use std::collections::HashSet;

use crate::error::{Code, Error, Result};
use crate::filter::{Expr, Filter, Literal, Operand, Operator, Test};
use crate::hint::WayOut;
use crate::response::{Response, StatusClass};
use crate::service::{self, Call};
use crate::text::{nearest, shortened};

/// The maximum number of parts or names in an error.
const SHOWN: usize = 3;

/// Rejects a filter that only the service can evaluate.
pub(crate) fn decidable(filter: &Filter) -> Result<()> {
    let Some(parts) = undecidable(filter) else { return Ok(()) };
    Err(Error::new(
        Code::PreflightUnavailable,
        format!("Only the service itself can evaluate {parts}, so nobody can be known to match before sending."),
    )
    .hint(format!("Nothing was sent. {BY_VALUES_HINT}")))
}

/// The same if ids are sent, so that the service does not evaluate the filter either.
pub(crate) fn decidable_here(filter: &Filter) -> Result<()> {
    let Some(parts) = undecidable(filter) else { return Ok(()) };
    Err(Error::new(
        Code::UnsupportedArgument,
        format!("Only /cc itself could evaluate {parts}: its successor takes the ids of people, and no filter."),
    )
    .hint(format!("Nothing was sent. {BY_VALUES_HINT}")))
}

const BY_VALUES_HINT: &str = "Name people by the values of their attributes instead, such as: uid == \"amelie.roux\"";

/// The parts because of which the filter can match nobody for certain; `None` if it can.
fn undecidable(filter: &Filter) -> Option<String> {
    if can_have_verdict(true, filter.expr()) {
        return None;
    }
    let mut parts = filter.undecidable();
    if parts.is_empty() {
        parts.push(filter.canonical());
    }
    let parts: Vec<String> = parts.iter().take(SHOWN).map(|part| shortened(part, 80)).collect();
    Some(parts.join(", "))
}

/// Whether a filter names the people it matches.
pub(crate) fn names_people(expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().any(names_people),
        Expr::Or(parts) => parts.iter().all(names_people),
        Expr::Not(_) => false,
        Expr::Condition { attribute, test } => {
            let is_name = matches!(attribute.as_str(), "id" | "name" | "uid" | "email");
            is_name
                && matches!(
                    test,
                    Test::In { .. }
                        | Test::Compare { operator: Operator::Equal, value: Operand::Literal(Literal::Text(_)), .. }
                )
        }
    }
}

/// Whether a document can exist for which the filter has this verdict.
fn can_have_verdict(verdict: bool, expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) if verdict => parts.iter().all(|part| can_have_verdict(true, part)),
        Expr::And(parts) => parts.iter().any(|part| can_have_verdict(false, part)),
        Expr::Or(parts) if verdict => parts.iter().any(|part| can_have_verdict(true, part)),
        Expr::Or(parts) => parts.iter().all(|part| can_have_verdict(false, part)),
        Expr::Not(inner) => can_have_verdict(!verdict, inner),
        Expr::Condition { test, .. } => match test {
            Test::Compare { value, .. } => matches!(value, Operand::Literal(literal) if !is_constant(literal)),
            Test::In { values, .. } => !values.iter().any(is_constant),
            Test::Like { .. } | Test::IsNull | Test::NotNull => true,
            Test::ContainsAll { .. }
            | Test::IsEmpty
            | Test::Join { .. }
            | Test::CollectionCondition { .. }
            | Test::Subquery { .. } => false,
        },
    }
}

fn is_constant(literal: &Literal) -> bool {
    matches!(literal, Literal::Constant(_))
}

/// The attributes that filters can use in every tenant.
const STANDARD: [&str; 14] = [
    "id",
    "name",
    "uid",
    "displayName",
    "email",
    "firstname",
    "lastname",
    "correlated",
    "protected",
    "inactive",
    "manager",
    "manager.id",
    "manager.name",
    "manager.displayName",
];

/// Whether filters can use an attribute in every tenant.
pub(crate) fn is_standard(attribute: &str) -> bool {
    STANDARD.contains(&attribute)
}

/// Rejects a filter with an attribute that is not known to be searchable: the service would ignore it.
pub(crate) fn searchable(call: &Call<'_>, filter: &Filter) -> Result<()> {
    let mut names = filter.names();
    names.retain(|name| !is_standard(name));
    if names.is_empty() {
        return Ok(());
    }
    // Not cached: with an attribute that is no longer searchable, the filter would match everybody.
    let attributes = service::identity_attributes(call).map_err(|error| list_unavailable(call, error, &names))?;
    let searchable: HashSet<&str> =
        attributes.iter().filter(|attribute| attribute.searchable).map(|attribute| attribute.name.as_str()).collect();
    match names.iter().find(|name| !searchable.contains(**name)) {
        None => Ok(()),
        Some(name) => Err(not_searchable(name, &attributes)),
    }
}

fn not_searchable(name: &str, attributes: &[service::Attribute]) -> Error {
    let shown = shortened(name, 60);
    let error = |message: String, advice: &str| {
        Error::new(Code::PreflightUnavailable, message).hint(format!("Nothing was sent. {advice}"))
    };
    if attributes.iter().any(|attribute| attribute.name == name) {
        let message = format!(
            "{shown} is an identity attribute that is not searchable, and a filter that names one refreshes every identity."
        );
        let advice = "Make it searchable in the tenant's identity attributes, or name people by another attribute.";
        return error(message, advice).way(WayOut::Process);
    }
    let message = format!(
        "{shown} is no identity attribute of this tenant, and a filter that names it refreshes every identity."
    );
    let usable = attributes.iter().filter(|attribute| attribute.searchable).map(|attribute| attribute.name.as_str());
    let usable: Vec<&str> = STANDARD.into_iter().chain(usable).collect();
    let bare = name.strip_prefix("attributes.").unwrap_or(name);
    match usable.iter().find(|usable| **usable == bare).copied().or_else(|| nearest(bare, &usable)) {
        Some(near) => error(message, &format!("Was {near} meant?")),
        None => {
            let advice = "Upper and lower case count; the names are in the tenant's identity attributes.";
            let error = error(message, advice);
            // Search's documents have further members.
            let top = name.split('.').next().unwrap_or(name);
            if OF_DOCUMENTS.contains(&top) { error.way(WayOut::Process) } else { error }
        }
    }
}

/// Members of search's documents that are no identity attributes.
const OF_DOCUMENTS: [&str; 12] = [
    "created",
    "modified",
    "synced",
    "phone",
    "status",
    "employeeNumber",
    "isManager",
    "identityProfile",
    "source",
    "processingState",
    "lastRefresh",
    "accountCount",
];

fn list_unavailable(call: &Call<'_>, error: Error, names: &[&str]) -> Error {
    let names: Vec<String> = names.iter().take(SHOWN).map(|name| shortened(name, 60)).collect();
    let error = as_preflight_error(call, error, &format!("Whether filters can use {} is not known", names.join(", ")));
    // The successor does not need this list, but search.
    let is_of_list = error.is_forbidden_endpoint() || error.details().code == Code::PreflightUnavailable;
    match is_of_list {
        true if service::may_search(call) => error.way(WayOut::Process),
        true if service::may_list(call) => error.way(WayOut::OtherAttribute).way(WayOut::OtherFilter),
        _ => error,
    }
}

/// The error of a question before a refresh. What is wrong with the token, the address, the permission or the connection
/// concerns the whole call, and keeps its code. Otherwise the preflight is not possible: the host has no search, or it
/// has failed.
pub(crate) fn as_preflight_error(call: &Call<'_>, error: Error, what: &str) -> Error {
    let details = error.details();
    let answer = details.response.as_ref().filter(|answer| details.is_endpoint_answer && !answer.is_html());
    let is_impossible = match answer.map(Response::class) {
        Some(StatusClass::NotThere) => call.service.has_token_of_host(),
        Some(StatusClass::Invalid | StatusClass::ServerError | StatusClass::Gateway | StatusClass::Other) => true,
        _ => false,
    };
    if is_impossible {
        let message = format!("{what}, so nothing was sent: {}", details.message);
        let hint = details.hint.clone();
        return error.reworded(Code::PreflightUnavailable, message, hint).add_hint(
            "A filter that was not counted is not sent: if the service cannot use it, or it matches nobody, everybody is refreshed.",
        );
    }
    match details.code {
        Code::PreflightUnavailable | Code::Cancelled => error,
        _ => error.add_hint("No refresh was sent: whom the filter matches is counted first."),
    }
}
