//! From a mistake's place to an error that helps: what was probably meant, and the caret.

use super::FilterError;
use super::mistakes;

/// What is wrong with a text.
#[derive(Debug)]
pub(super) struct Problem {
    /// In bytes.
    pub(super) at: usize,
    /// One sentence.
    pub(super) message: String,
    /// Further lines, each a sentence.
    pub(super) advice: Vec<String>,
}

/// Shown where nothing better is known about what was meant.
const EXAMPLE: &str = "A filter that works: uid == \"amelie.roux\"";
/// Characters of the filter on each side of the place that are shown.
const SHOWN_BEFORE: usize = 50;
const SHOWN_AFTER: usize = 40;
/// Characters of a text that a sentence repeats.
const SHOWN_OF_TEXT: usize = 80;

impl Problem {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { at, message: message.into(), advice: Vec::new() })
    }

    pub(super) fn advise(mut self: Box<Self>, line: impl Into<String>) -> Box<Self> {
        self.advice.push(line.into());
        self
    }

    pub(super) fn into_error(self, text: &str) -> FilterError {
        let mut lines = self.lines(text);
        let (line, caret) = place(text, self.at);
        lines.extend([line, caret]);
        FilterError { message: self.message, hint: lines.join("\n"), position: text[..self.at].chars().count() }
    }

    /// What was probably meant, if that is known, or else what a filter looks like; and the advice.
    pub(super) fn lines(&self, text: &str) -> Vec<String> {
        let mut lines = match mistakes::probably_meant(text).as_slice() {
            [one, other] => vec![format!("Either: {}", one_line(one)), format!("or:     {}", one_line(other))],
            [one] => vec![format!("Probably meant: {}", one_line(one))],
            _ if self.advice.is_empty() => vec![EXAMPLE.to_owned()],
            _ => Vec::new(),
        };
        lines.extend(self.advice.iter().cloned());
        lines
    }
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

/// What a sentence repeats of a text: one line, and not a long one.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_OF_TEXT) {
        Some((end, _)) => format!("{}...", one_line(&text[..end])),
        None => one_line(text),
    }
}

pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
