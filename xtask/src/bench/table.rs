//! The printed table and its arithmetic.

use std::time::Duration;

/// A comparison.
pub(super) struct Line {
    pub(super) what: String,
    pub(super) ours: Figure,
    /// Name and figure; `None` if the tool is missing.
    pub(super) other: Option<(&'static str, Figure)>,
    /// The maximum ratio.
    pub(super) aim: Option<f64>,
}

/// A figure with its unit; both figures of a line have the same unit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Figure {
    Time(Duration),
    /// A time for which a nanosecond is too coarse.
    Seconds(f64),
    Instructions(f64),
    Bytes(f64),
    Number(f64),
}

impl Figure {
    fn value(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::Seconds(number) | Self::Instructions(number) | Self::Bytes(number) | Self::Number(number) => number,
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (number, unit) = match *self {
            Self::Time(time) => return Self::Seconds(time.as_secs_f64()).fmt(f),
            Self::Seconds(time) if time < 10e-6 => (time * 1e9, "ns"),
            Self::Seconds(time) if time < 1e-3 => (time * 1e6, "us"),
            Self::Seconds(time) if time < 10.0 => (time * 1e3, "ms"),
            Self::Seconds(time) => (time, "s"),
            Self::Instructions(number) => (number / 1e3, "k instr."),
            Self::Bytes(number) => (number / 1e6, "MB"),
            Self::Number(number) => return f.pad(&number.to_string()),
        };
        let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
        f.pad(&format!("{number:.digits$} {unit}"))
    }
}

/// The median, which is robust against disturbed measurements.
pub(super) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(super) fn print(lines: &[Line]) {
    println!("{:<40} {:>15} {:>15}  {:<30} {:>6}  aim", "", "ours", "other", "", "ratio");
    for Line { what, ours, other, aim } in lines {
        let Some((name, other)) = other else {
            println!("{what:<40} {ours:>15} {:>15}", "-");
            continue;
        };
        let ratio = ours.value() / other.value();
        let verdict = match aim {
            Some(aim) if ratio <= *aim => format!("<= {aim} met"),
            Some(aim) => format!("<= {aim} MISSED"),
            None => "-".to_owned(),
        };
        let digits = if ratio < 0.1 { 4 } else { 3 };
        println!("{what:<40} {ours:>15} {other:>15}  {name:<30} {ratio:>6.digits$}  {verdict}");
    }
}
