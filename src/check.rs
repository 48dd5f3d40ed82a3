//! Checks a filter without the network.

use serde::Serialize;

use crate::error::Result;
use crate::json::Object;
use crate::request;

/// The answer of `cc_check_filter`.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    filter: Meaning,
}

#[derive(Debug, Serialize)]
struct Meaning {
    canonical: String,
    attributes: Vec<String>,
    warnings: Vec<String>,
    /// The parts that only the service can evaluate.
    undecidable: Vec<String>,
}

/// Parses `{"filter": "…"}` and the filter.
pub(crate) fn check(text: &str) -> Result<Checked> {
    let mut object = Object::parse(text, "The request")?;
    let filter = object.text("filter")?;
    object.client()?;
    object.finish()?;
    let filter = request::filter(&filter.ok_or_else(request::missing_filter)?)?;
    Ok(Checked {
        filter: Meaning {
            canonical: filter.canonical(),
            attributes: filter.attributes(),
            warnings: filter.warnings(),
            undecidable: filter.undecidable(),
        },
    })
}
