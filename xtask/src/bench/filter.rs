//! Checking a filter, by benches/filter.rs.

use std::time::Duration;

use super::table::{Figure, Line};
use super::{Bench, Part, command, output};
use crate::Result;

/// The target for a filter of 100 characters.
const AIM: Duration = Duration::from_micros(2);

pub(super) fn measure(bench: &Bench) -> Result<Part> {
    let text = output(command(&bench.filter).arg("--bench"))?;
    let figure = |what: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("100 characters ")?.split_once(what));
        let nanoseconds = line.and_then(|(_, rest)| rest.trim().strip_suffix(" ns")?.parse().ok());
        nanoseconds
            .map(|nanoseconds| Figure::Time(Duration::from_nanos(nanoseconds)))
            .ok_or_else(|| format!("benches/filter.rs has no figure of \"{what}\", but:\n{text}"))
    };
    let aim = Some(("what it may take", Figure::Time(AIM)));
    let lines = vec![
        Line { what: "filter of 100 characters: parse".into(), ours: figure(", parse:")?, other: aim, aim: Some(1.0) },
        Line {
            what: "filter of 100 characters: whole check".into(),
            ours: figure(", parse and all that a check returns:")?,
            other: aim,
            aim: Some(1.0),
        },
    ];
    Ok((lines, Vec::new()))
}
