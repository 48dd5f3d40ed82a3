//! Reads a filter. What is wrong is found here, and explained in `mistakes`.

use super::MAX_NESTING;
use super::ast::{Expr, Literal, Operand, Operator, Test};
use super::mistakes;
use super::problem::Problem;

pub(super) type Parsed<T> = Result<T, Box<Problem>>;

/// Reads the whole text as one filter.
pub(super) fn filter(text: &str) -> Parsed<Expr> {
    nested_filter(text, 0)
}

/// Reads a filter that stands inside of `depth` brackets.
pub(super) fn nested_filter(text: &str, depth: usize) -> Parsed<Expr> {
    let mut parser = Parser::new(text);
    parser.depth = depth;
    if parser.byte().is_none() {
        return Err(Problem::new(0, mistakes::EMPTY));
    }
    let expr = parser.chain()?;
    if parser.at < text.len() {
        return Err(mistakes::after_condition(&parser));
    }
    Ok(expr)
}

/// Whether a word is one of the values without quotes, however it is written: it is no attribute's name.
pub(super) fn is_value_word(word: &str) -> bool {
    ["true", "false", "null"].iter().any(|value| word.eq_ignore_ascii_case(value))
}

/// Where the parser stands in a text.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    /// In bytes, always at the border of a character.
    pub(super) at: usize,
    /// The brackets that are open here.
    pub(super) depth: usize,
}

impl<'t> Parser<'t> {
    /// Stands at the first character that is not blank.
    pub(super) fn new(text: &'t str) -> Self {
        let mut parser = Self { text, at: 0, depth: 0 };
        parser.skip_blanks();
        parser
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes `token` and the blanks after it, if it stands here.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.text.as_bytes()[self.at..].starts_with(token.as_bytes());
        if found {
            self.at += token.len();
            self.skip_blanks();
        }
        found
    }

    /// `a && b && c` or `a || b || c`, up to the first thing that does not go on with it.
    pub(super) fn chain(&mut self) -> Parsed<Expr> {
        let first = self.unary()?;
        let Some(is_and) = self.connective() else {
            return Ok(first);
        };
        let mut parts = Vec::with_capacity(4);
        push_flat(&mut parts, first, is_and);
        let mut next = Some(is_and);
        while let Some(this_is_and) = next {
            if this_is_and != is_and {
                return Err(Problem::new(self.at, mistakes::MIXED));
            }
            self.at += 2;
            self.skip_blanks();
            let part = self.unary()?;
            push_flat(&mut parts, part, is_and);
            next = self.connective();
        }
        Ok(if is_and { Expr::And(parts) } else { Expr::Or(parts) })
    }

    /// Which connective stands here, left where it is: `true` for `&&`, `false` for `||`.
    pub(super) fn connective(&self) -> Option<bool> {
        match self.text.as_bytes()[self.at..] {
            [b'&', b'&', ..] => Some(true),
            [b'|', b'|', ..] => Some(false),
            _ => None,
        }
    }

    /// `!(…)`, `(…)` or one condition, and the blanks after it.
    pub(super) fn unary(&mut self) -> Parsed<Expr> {
        match self.byte() {
            Some(b'(') => self.bracket(),
            Some(b'!') if self.text.as_bytes().get(self.at + 1) == Some(&b'(') => {
                self.at += 1;
                Ok(Expr::Not(Box::new(self.bracket()?)))
            }
            _ => self.condition(),
        }
    }

    /// `(…)`
    fn bracket(&mut self) -> Parsed<Expr> {
        let open = self.at;
        if self.depth == MAX_NESTING {
            return Err(mistakes::too_deep(self));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_blanks();
        let inner = self.chain()?;
        if self.byte() != Some(b')') {
            return Err(mistakes::bracket_not_closed(self, open));
        }
        self.take(")");
        self.depth -= 1;
        Ok(inner)
    }

    /// `attribute == value` or `attribute.method(…)`
    fn condition(&mut self) -> Parsed<Expr> {
        let start = self.at;
        let Some(name) = self.name() else {
            return Err(mistakes::condition_expected(self));
        };
        match name.split_once('.') {
            Some((first, _)) if is_value_word(first) => {
                return Err(mistakes::value_as_attribute(first, start));
            }
            None if is_value_word(name) => {
                self.at = start;
                return Err(mistakes::condition_expected(self));
            }
            _ => {}
        }
        if self.byte() == Some(b'(') {
            return self.method(name, start);
        }
        self.skip_blanks();
        let operator_at = self.at;
        let (operator, ignore_case) = self.operator(name, start)?;
        self.skip_blanks();
        let value = self.operand(name, operator_at)?;
        self.skip_blanks();
        let test = Test::Compare { operator, ignore_case, value };
        Ok(Expr::Condition { attribute: name.to_owned(), test })
    }

    /// A name with its dots; stands behind it, blanks not skipped. `None`, standing where it stood, if none begins here.
    pub(super) fn name(&mut self) -> Option<&'t str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start;
        loop {
            if !bytes.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
                break;
            }
            while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                at += 1;
            }
            self.at = at;
            if bytes.get(at) != Some(&b'.') {
                break;
            }
            at += 1;
        }
        (self.at > start).then(|| &self.text[start..self.at])
    }

    fn operator(&mut self, name: &str, condition_at: usize) -> Parsed<(Operator, bool)> {
        let start = self.at;
        let bytes = &self.text.as_bytes()[start..];
        let ignore_case = matches!(bytes, [b'i', b'=' | b'!' | b'<' | b'>', ..]);
        let bytes = if ignore_case { &bytes[1..] } else { bytes };
        let (operator, length) = match bytes {
            [b'=', b'=', ..] => (Operator::Equal, 2),
            [b'!', b'=', ..] => (Operator::NotEqual, 2),
            [b'<', b'=', ..] => (Operator::LessOrEqual, 2),
            [b'>', b'=', ..] => (Operator::GreaterOrEqual, 2),
            [b'<', ..] => (Operator::Less, 1),
            [b'>', ..] => (Operator::Greater, 1),
            _ => return Err(mistakes::operator_expected(self, name, condition_at)),
        };
        // `===`, `!==`, `<>`, `<=>`: none of them is an operator and then a value.
        if matches!(bytes.get(length), Some(b'=' | b'<' | b'>' | b'~')) {
            return Err(mistakes::operator_expected(self, name, condition_at));
        }
        self.at = start + length + usize::from(ignore_case);
        Ok((operator, ignore_case))
    }

    /// The right side of a comparison; stands behind it, blanks not skipped.
    fn operand(&mut self, attribute: &str, operator_at: usize) -> Parsed<Operand> {
        let start = self.at;
        if let Some(literal) = self.literal()? {
            return Ok(Operand::Literal(literal));
        }
        match self.name() {
            Some(name) if is_value_word(name) => Err(mistakes::value_in_capitals(name, start)),
            Some(name) if self.at_border() => Ok(Operand::Attribute(name.to_owned())),
            _ => {
                self.at = start;
                Err(mistakes::value_expected(self, attribute, operator_at))
            }
        }
    }

    /// A literal; stands behind it, blanks not skipped. `None`, standing where it stood, if there is none here.
    pub(super) fn literal(&mut self) -> Parsed<Option<Literal>> {
        let start = self.at;
        match self.byte() {
            Some(b'"') => Ok(Some(Literal::Text(self.string()?))),
            Some(b'0'..=b'9') => {
                while matches!(self.byte(), Some(b'0'..=b'9')) {
                    self.at += 1;
                }
                let digits = &self.text[start..self.at];
                if self.at_border() && digits.len() <= 18 {
                    return Ok(Some(Literal::Number(digits.to_owned())));
                }
                self.at = start;
                Err(mistakes::unquoted(self))
            }
            _ => {
                let literal = match self.name() {
                    Some("true") => Literal::Bool(true),
                    Some("false") => Literal::Bool(false),
                    Some("null") => Literal::Null,
                    Some(name) if is_constant(name) => Literal::Constant(name.to_owned()),
                    _ => {
                        self.at = start;
                        return Ok(None);
                    }
                };
                if self.at_border() {
                    return Ok(Some(literal));
                }
                self.at = start;
                Err(mistakes::unquoted(self))
            }
        }
    }

    /// Whether an unquoted value may end here.
    fn at_border(&self) -> bool {
        matches!(
            self.byte(),
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b')' | b'&' | b'|' | b',' | b'}' | b';' | b'"')
        )
    }

    /// A text between double quotes, its escapes resolved; stands behind it, blanks not skipped.
    pub(super) fn string(&mut self) -> Parsed<String> {
        let open = self.at;
        let bytes = self.text.as_bytes();
        let mut value = String::new();
        let mut from = open + 1;
        self.at = from;
        loop {
            match bytes.get(self.at) {
                None => {
                    return Err(Problem::new(open, mistakes::TEXT_NOT_CLOSED));
                }
                Some(b'"') => {
                    if let Some(at) = self.text[open..self.at].find(char::is_control) {
                        self.at = open + at;
                        return Err(mistakes::control_character(self));
                    }
                    value.push_str(&self.text[from..self.at]);
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => {
                    if !matches!(bytes.get(self.at + 1), Some(b'"' | b'\\')) {
                        return Err(Problem::new(self.at, mistakes::UNKNOWN_ESCAPE));
                    }
                    value.push_str(&self.text[from..self.at]);
                    // The escaped character is the first of the next piece.
                    from = self.at + 1;
                    self.at += 2;
                }
                Some(_) => self.at += 1,
            }
        }
    }
}

/// Adds to a chain; a chain of the same kind in parentheses becomes part of it, so that depth is never wasted.
fn push_flat(parts: &mut Vec<Expr>, part: Expr, is_and: bool) {
    match part {
        Expr::And(inner) if is_and => parts.extend(inner),
        Expr::Or(inner) if !is_and => parts.extend(inner),
        other => parts.push(other),
    }
}

/// Whether a name on the right side is a qualified constant. By Java's conventions: one of SailPoint's packages, or
/// a class, written with a capital, in front of a dot. `manager.name` is neither.
fn is_constant(name: &str) -> bool {
    let Some((qualifier, _)) = name.rsplit_once('.') else {
        return false;
    };
    name.starts_with("sailpoint.")
        || qualifier.split('.').any(|part| part.starts_with(|c: char| c.is_ascii_uppercase()))
}
