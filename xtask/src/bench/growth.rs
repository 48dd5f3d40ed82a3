//! How work grows with the number of values and of people, by benches/growth.rs.

use std::time::Duration;

use super::table::{Figure, Line};
use super::{Bench, Part, command, output};
use crate::Result;

/// How much more each part of the largest may take than each part of the smallest: n log n from 10 to 100,000, and what
/// no longer fits into the processor's caches.
const AIM: f64 = 5.0;

pub(super) fn measure(bench: &Bench) -> Result<Part> {
    let text = output(command(&bench.growth).arg("--bench"))?;
    let mut lines: Vec<Line> = Vec::new();
    let mut smallest = None;
    for line in text.lines() {
        let columns: Vec<&str> = line.split(" | ").collect();
        let [what, size, each] = columns[..] else {
            return Err(format!("benches/growth.rs gave no figure, but: {line}"));
        };
        let each: f64 = each.parse().map_err(|_| format!("benches/growth.rs gave no figure, but: {line}"))?;
        let each = Figure::Time(Duration::from_secs_f64(each / 1e9));
        let first = match &smallest {
            Some((name, first)) if *name == what => *first,
            _ => smallest.insert((what, each)).1,
        };
        let other = Some(("each of the fewest", first));
        lines.push(Line { what: format!("{what}, {size}: each"), ours: each, other, aim: Some(AIM) });
    }
    Ok((lines, Vec::new()))
}
