//! From a mistake's place to an error that helps: what was probably meant, and the caret.

use std::ops::Range;

use super::FilterError;
use super::parse;

/// What is wrong with a text. Places are in bytes.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) at: usize,
    /// One sentence.
    pub(super) message: String,
    /// Further lines, each a sentence.
    pub(super) advice: Vec<String>,
    /// Whole filters, of which one was meant, and only the author knows which.
    pub(super) choices: Vec<String>,
    pub(super) fix: Option<Fix>,
}

/// What to put in whose place.
#[derive(Debug)]
pub(super) struct Fix {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// A correction is looked for only in texts that a person can have written by hand, and only so many times.
const LONGEST_CORRECTED: usize = 1000;
const MOST_CORRECTIONS: usize = 24;
/// Characters of the filter on each side of the place that are shown.
const SHOWN_BEFORE: usize = 50;
const SHOWN_AFTER: usize = 40;

impl Problem {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { at, message: message.into(), advice: Vec::new(), choices: Vec::new(), fix: None })
    }

    pub(super) fn advise(mut self: Box<Self>, line: impl Into<String>) -> Box<Self> {
        self.advice.push(line.into());
        self
    }

    /// Proposes `text` in place of a part of the filter.
    pub(super) fn fix(mut self: Box<Self>, range: Range<usize>, text: impl Into<String>) -> Box<Self> {
        self.fix = Some(Fix { range, text: text.into() });
        self
    }

    pub(super) fn choices(mut self: Box<Self>, choices: Vec<String>) -> Box<Self> {
        self.choices = choices;
        self
    }

    pub(super) fn into_error(self, text: &str) -> FilterError {
        let mut lines = self.meant(text);
        lines.extend(self.advice);
        let (line, caret) = place(text, self.at);
        lines.push(line);
        lines.push(caret);
        FilterError { message: self.message, hint: lines.join("\n"), position: text[..self.at].chars().count() }
    }

    /// The lines that say what was probably meant, if that is known.
    pub(super) fn meant(&self, text: &str) -> Vec<String> {
        let meant = if self.choices.is_empty() { self.corrected(text) } else { self.choices.clone() };
        match meant.as_slice() {
            [one] => vec![format!("Probably meant: {}", one_line(one))],
            several => several
                .iter()
                .enumerate()
                .map(|(index, one)| format!("{}{}", if index == 0 { "Either: " } else { "or:     " }, one_line(one)))
                .collect(),
        }
    }

    /// The filters that were probably meant: this problem's fix applied, then that of the next problem found, until
    /// nothing is wrong any more. None where that is not reached: a correction that is wrong itself helps nobody.
    fn corrected(&self, text: &str) -> Vec<String> {
        let Some(fix) = &self.fix else {
            return Vec::new();
        };
        let mut corrected = apply(text, fix);
        for _ in 0..MOST_CORRECTIONS {
            if corrected.len() > LONGEST_CORRECTED {
                break;
            }
            match parse::filter(&corrected) {
                Ok(expr) => return vec![expr.to_string()],
                Err(problem) if !problem.choices.is_empty() => {
                    let readable = problem.choices.iter().all(|choice| parse::filter(choice).is_ok());
                    return if readable { problem.choices } else { Vec::new() };
                }
                Err(problem) => match &problem.fix {
                    Some(fix) => corrected = apply(&corrected, fix),
                    None => break,
                },
            }
        }
        Vec::new()
    }
}

fn apply(text: &str, fix: &Fix) -> String {
    format!("{}{}{}", &text[..fix.range.start], fix.text, &text[fix.range.end..])
}

/// The line of the filter with the place, shortened around it, and the line with the caret.
fn place(text: &str, at: usize) -> (String, String) {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let before = &text[line_start..at];
    let after = &text[at..line_end];

    let first = before.char_indices().rev().nth(SHOWN_BEFORE - 1).map_or(0, |(index, _)| index);
    let last = after.char_indices().nth(SHOWN_AFTER).map_or(after.len(), |(index, _)| index);
    let cut_before = if first > 0 { "..." } else { "" };
    let cut_after = if last < after.len() { "..." } else { "" };
    let shown_before = &before[first..];

    let line = format!("    {cut_before}{}{cut_after}", one_line(&format!("{shown_before}{}", &after[..last])));
    let blanks = 4 + cut_before.len() + shown_before.chars().count();
    (line.trim_end().to_owned(), format!("{}^", " ".repeat(blanks)))
}

/// Line breaks, tabs, invisible characters and those that change the direction of writing, each as one visible
/// character, so that the caret stands where it should.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' => ' ',
            c if c.is_control() || is_invisible(c) => '?',
            c => c,
        })
        .collect()
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
