//! Reads methods: `.in({"a", "b"})` and the others, with their arguments.

use super::MAX_NESTING;
use super::ast::{Expr, Literal, Part, Test};
use super::mistakes;
use super::parse::{Parsed, Parser, nested_filter};
use super::problem::Problem;

impl<'t> Parser<'t> {
    /// `attribute.method(…)`, standing at the bracket.
    pub(super) fn method(&mut self, path: &'t str, start: usize) -> Parsed<Expr> {
        let Some((attribute, method)) = path.rsplit_once('.') else {
            self.at = start;
            return Err(mistakes::method_without_attribute(self));
        };
        let (plain, ignore_case) = match method.strip_suffix("IgnoreCase") {
            Some(plain) => (plain, true),
            None => (method, false),
        };
        let open = self.at;
        let test = match (plain, ignore_case) {
            ("in", _) => Test::In { ignore_case, values: self.list(method)? },
            ("containsAll", _) => Test::ContainsAll { ignore_case, values: self.list(method)? },
            ("startsWith", _) => Test::Like { part: Part::Start, ignore_case, text: self.text_argument(method)? },
            ("endsWith", _) => Test::Like { part: Part::End, ignore_case, text: self.text_argument(method)? },
            ("contains", _) => Test::Like { part: Part::Anywhere, ignore_case, text: self.text_argument(method)? },
            ("isNull", false) => self.no_argument(Test::IsNull)?,
            ("notNull", false) => self.no_argument(Test::NotNull)?,
            ("isEmpty", false) => self.no_argument(Test::IsEmpty)?,
            ("join", false) => self.join()?,
            ("collectionCondition", false) => {
                self.open_arguments();
                let condition = Box::new(self.quoted_filter()?);
                Test::CollectionCondition { condition }
            }
            ("subquery", false) => self.subquery()?,
            _ => {
                self.at = start + attribute.len() + 1;
                return Err(mistakes::unknown_method(self));
            }
        };
        self.skip_blanks();
        if self.byte() != Some(b')') {
            let is_open = self.byte().is_none() || self.connective().is_some();
            return Err(if is_open {
                mistakes::bracket_not_closed(self, open)
            } else {
                mistakes::argument_expected(self, method)
            });
        }
        self.take(")");
        Ok(Expr::Condition { attribute: attribute.to_owned(), test })
    }

    fn open_arguments(&mut self) {
        self.at += 1;
        self.skip_blanks();
    }

    fn no_argument(&mut self, test: Test) -> Parsed<Test> {
        self.open_arguments();
        Ok(test)
    }

    fn text_argument(&mut self, method: &str) -> Parsed<String> {
        self.open_arguments();
        if self.byte() != Some(b'"') {
            return Err(mistakes::argument_expected(self, method));
        }
        self.string()
    }

    /// `({"a", "b"}`
    fn list(&mut self, method: &str) -> Parsed<Vec<Literal>> {
        self.open_arguments();
        if !self.take("{") {
            return Err(mistakes::argument_expected(self, method));
        }
        let mut values = Vec::new();
        loop {
            let value = self.literal()?;
            let Some(value) = value else {
                return Err(mistakes::argument_expected(self, method));
            };
            values.push(value);
            self.skip_blanks();
            if self.take("}") {
                return Ok(values);
            }
            if !self.take(",") {
                return Err(mistakes::argument_expected(self, method));
            }
        }
    }

    /// `(Class.property`
    fn join(&mut self) -> Parsed<Test> {
        self.open_arguments();
        match self.name() {
            Some(name) if name.contains('.') => Ok(Test::Join { property: name.to_owned() }),
            _ => Err(mistakes::argument_expected(self, "join")),
        }
    }

    /// `("property", Class, "property", "filter"` or the same with `null` as the last
    fn subquery(&mut self) -> Parsed<Test> {
        let wrong = |parser: &Self| mistakes::argument_expected(parser, "subquery");
        self.open_arguments();
        let property = self.property_argument(wrong)?;
        let Some(class) = self.name() else {
            return Err(wrong(self));
        };
        self.skip_blanks();
        if !self.take(",") {
            return Err(wrong(self));
        }
        let class_property = self.property_argument(wrong)?;
        let condition = match self.byte() {
            Some(b'"') => Some(Box::new(self.quoted_filter()?)),
            _ if self.name() == Some("null") => None,
            _ => return Err(wrong(self)),
        };
        Ok(Test::Subquery { property, class: class.to_owned(), class_property, condition })
    }

    /// `"property",`
    fn property_argument(&mut self, wrong: impl Fn(&Self) -> Box<Problem>) -> Parsed<String> {
        if self.byte() != Some(b'"') {
            return Err(wrong(self));
        }
        let property = self.string()?;
        self.skip_blanks();
        if self.take(",") { Ok(property) } else { Err(wrong(self)) }
    }

    /// A string that holds a filter of its own.
    fn quoted_filter(&mut self) -> Parsed<Expr> {
        if self.byte() != Some(b'"') {
            return Err(mistakes::argument_expected(self, "collectionCondition"));
        }
        let open = self.at;
        let text = self.string()?;
        if self.depth == MAX_NESTING {
            self.at = open;
            return Err(mistakes::too_deep(self));
        }
        nested_filter(&text, self.depth + 1).map_err(|problem| {
            let at = open + 1 + offset_before_unescaping(&self.text[open + 1..], problem.at);
            mistakes::in_quoted_filter(&text, *problem, at)
        })
    }
}

/// Where in the inside of a string, as it is written, the byte stands that has `offset` once escapes are resolved.
fn offset_before_unescaping(written: &str, offset: usize) -> usize {
    let bytes = written.as_bytes();
    let mut at = 0;
    for _ in 0..offset {
        at += if bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
    }
    at
}
