//! Search's query language: Elasticsearch's `query_string`, which is Lucene's classic query parser.
//!
//! Read as Lucene reads it: `AND` and `OR` are no operators with precedence, they make the clauses beside them
//! required or leave them optional; between two clauses without an operator stands OR. Not known here, and 400:
//! regular expressions (`/…/`), wildcards in field names, nested queries (`@accounts(…)`). A boost is read and ignored.

/// How deep parentheses may nest.
const DEEPEST: usize = 100;

/// What a query asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Query {
    Everything,
    Leaf {
        field: Option<String>,
        test: Test,
    },
    /// Clauses of a Lucene boolean query: all of the first and none of the last; one of the middle where there are
    /// none of the first.
    Clauses {
        must: Vec<Query>,
        should: Vec<Query>,
        must_not: Vec<Query>,
    },
}

/// What one clause asks of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    /// One of the words of a text that stood without quotes.
    Words(String),
    /// All words of a text in quotes, one after the other; with a slop (`~3`) anywhere.
    Phrase {
        text: String,
        loose: bool,
    },
    /// `*` and `?`.
    Wildcard(Vec<Glob>),
    /// A word that differs in at most two letters.
    Fuzzy(String),
    Exists,
    Range {
        low: Option<Bound>,
        high: Option<Bound>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Glob {
    Any,
    One,
    Is(char),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) text: String,
    pub(crate) inclusive: bool,
}

/// Reads a query.
///
/// # Errors
///
/// What was expected, and after how many characters.
pub(crate) fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser { characters: text.chars().collect(), at: 0, depth: 0 };
    let query = parser.clauses(None)?;
    match parser.peek() {
        None => Ok(query),
        Some(found) => Err(parser.fault(&format!("`{found}` was not expected"))),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Occur {
    Must,
    Should,
    MustNot,
}

/// A word or a sign, of which the operators are some.
enum Token {
    And,
    Or,
    Not,
    /// The word with its escapes undone, its wildcards, and whether there are any.
    Word(Vec<Glob>, bool),
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    /// Clauses up to the end or a closing parenthesis.
    fn clauses(&mut self, field: Option<&str>) -> Result<Query, String> {
        let mut clauses: Vec<(Occur, Query)> = Vec::new();
        loop {
            self.blanks();
            if clauses.is_empty() && self.is_at_end() {
                return Err(self.fault("a clause was expected"));
            }
            if self.is_at_end() {
                return Ok(combined(clauses));
            }
            let mut is_and = false;
            if !clauses.is_empty() {
                match self.operator() {
                    Some(Token::And) => is_and = true,
                    Some(Token::Or) | None => {}
                    Some(_) => unreachable!("operator() gives these only"),
                }
            }
            // As Lucene's addClause does it.
            if is_and && let Some((occur @ Occur::Should, _)) = clauses.last_mut() {
                *occur = Occur::Must;
            }
            let occur = match self.modifier() {
                Some(Occur::MustNot) => Occur::MustNot,
                Some(_) => Occur::Must,
                None if is_and => Occur::Must,
                None => Occur::Should,
            };
            clauses.push((occur, self.clause(field)?));
        }
    }

    fn is_at_end(&self) -> bool {
        matches!(self.peek(), None | Some(')'))
    }

    /// `AND`, `&&`, `OR`, `||`: words like others, but for their meaning.
    fn operator(&mut self) -> Option<Token> {
        self.blanks();
        let start = self.at;
        match self.word() {
            Ok(token @ (Token::And | Token::Or)) => Some(token),
            _ => {
                self.at = start;
                None
            }
        }
    }

    fn modifier(&mut self) -> Option<Occur> {
        self.blanks();
        let sign = match self.peek() {
            Some('+') => Some(Occur::Must),
            Some('-' | '!') => Some(Occur::MustNot),
            _ => None,
        };
        if sign.is_some() {
            self.at += 1;
            return sign;
        }
        let start = self.at;
        if matches!(self.word(), Ok(Token::Not)) {
            return Some(Occur::MustNot);
        }
        self.at = start;
        None
    }

    fn clause(&mut self, field: Option<&str>) -> Result<Query, String> {
        self.blanks();
        match self.peek() {
            Some('(') => return self.group(field),
            Some('"') => return self.phrase(field),
            Some('[' | '{') => return self.range(field),
            _ => {}
        }
        let start = self.at;
        let Token::Word(word, has_wildcards) = self.word()? else {
            self.at = start;
            return Err(self.fault("a clause was expected, not an operator"));
        };
        self.blanks();
        if self.peek() != Some(':') {
            return self.term(field, &word, has_wildcards);
        }
        self.at += 1;
        let name: String = if has_wildcards { "*".to_owned() } else { plain(&word) };
        if has_wildcards && word != [Glob::Any] {
            return Err(self.fault("wildcards in field names are not known here"));
        }
        self.value(&name)
    }

    /// What follows `field:`.
    fn value(&mut self, name: &str) -> Result<Query, String> {
        self.blanks();
        if name == "_exists_" {
            let Token::Word(word, false) = self.word()? else { return Err(self.fault("a field was expected")) };
            return Ok(Query::Leaf { field: Some(plain(&word)), test: Test::Exists });
        }
        let field = if name == "*" { None } else { Some(name) };
        for (sign, below, inclusive) in
            [("<=", true, true), (">=", false, true), ("<", true, false), (">", false, false)]
        {
            if !self.takes(sign) {
                continue;
            }
            self.blanks();
            let text = match self.peek() {
                Some('"') => self.quoted()?,
                _ => match self.word()? {
                    Token::Word(word, false) => plain(&word),
                    _ => return Err(self.fault("a bound was expected")),
                },
            };
            let bound = Some(Bound { text, inclusive });
            let (low, high) = if below { (None, bound) } else { (bound, None) };
            return Ok(leaf(field, Test::Range { low, high }));
        }
        if self.is_at_end() {
            return Err(self.fault("a value was expected after the colon"));
        }
        match self.peek() {
            Some('(') => self.group(field),
            Some('"') => self.phrase(field),
            Some('[' | '{') => self.range(field),
            _ => match self.word()? {
                Token::Word(word, has_wildcards) => self.term(field, &word, has_wildcards),
                _ => Err(self.fault("a value was expected, not an operator")),
            },
        }
    }

    fn group(&mut self, field: Option<&str>) -> Result<Query, String> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault("fewer parentheses were expected"));
        }
        let inner = self.clauses(field)?;
        if self.peek() != Some(')') {
            return Err(self.fault("`)` was expected"));
        }
        self.at += 1;
        self.depth -= 1;
        self.boost()?;
        Ok(inner)
    }

    fn phrase(&mut self, field: Option<&str>) -> Result<Query, String> {
        let text = self.quoted()?;
        let loose = self.takes("~");
        if loose {
            self.digits();
        }
        self.boost()?;
        Ok(leaf(field, Test::Phrase { text, loose }))
    }

    /// `[low TO high]`, with braces where the bound itself is not meant, and `*` for none.
    fn range(&mut self, field: Option<&str>) -> Result<Query, String> {
        let low_inclusive = self.peek() == Some('[');
        self.at += 1;
        let low = self.bound()?;
        self.blanks();
        if !self.takes("TO") {
            return Err(self.fault("`TO` was expected"));
        }
        let high = self.bound()?;
        self.blanks();
        let high_inclusive = match self.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(self.fault("`]` or `}` was expected")),
        };
        self.at += 1;
        self.boost()?;
        let bound = |text: Option<String>, inclusive| text.map(|text| Bound { text, inclusive });
        Ok(leaf(field, Test::Range { low: bound(low, low_inclusive), high: bound(high, high_inclusive) }))
    }

    fn bound(&mut self) -> Result<Option<String>, String> {
        self.blanks();
        if self.peek() == Some('"') {
            return self.quoted().map(Some);
        }
        let start = self.at;
        while self.peek().is_some_and(|character| !" \t\r\n]}".contains(character)) {
            self.at += 1;
        }
        let text: String = self.characters[start..self.at].iter().collect();
        match text.as_str() {
            "" => Err(self.fault("a bound was expected")),
            "*" => Ok(None),
            _ => Ok(Some(text.replace('\\', ""))),
        }
    }

    fn term(&mut self, field: Option<&str>, word: &[Glob], has_wildcards: bool) -> Result<Query, String> {
        let fuzzy = self.takes("~");
        if fuzzy {
            self.digits();
        }
        self.boost()?;
        Ok(match (has_wildcards, field) {
            (true, None) if word == [Glob::Any] => Query::Everything,
            (true, _) if word == [Glob::Any] => leaf(field, Test::Exists),
            (true, _) => leaf(field, Test::Wildcard(word.to_vec())),
            (false, _) if fuzzy => leaf(field, Test::Fuzzy(plain(word))),
            (false, _) => leaf(field, Test::Words(plain(word))),
        })
    }

    fn boost(&mut self) -> Result<(), String> {
        if self.takes("^") && self.digits() == 0 {
            return Err(self.fault("a number was expected after `^`"));
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|character| character.is_ascii_digit() || character == '.') {
            self.at += 1;
        }
        self.at - start
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let character = self.peek().ok_or_else(|| self.fault("a closing quote was expected"))?;
            self.at += 1;
            match character {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let character = self.peek().ok_or_else(|| self.fault("a character was expected after the backslash"))?;
        self.at += 1;
        if character != 'u' {
            return Ok(character);
        }
        let digits: String = self.characters.iter().skip(self.at).take(4).collect();
        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4).and_then(char::from_u32);
        let character = code.ok_or_else(|| self.fault("four hex digits were expected after `\\u`"))?;
        self.at += 4;
        Ok(character)
    }

    /// A run of the characters that words consist of.
    fn word(&mut self) -> Result<Token, String> {
        let start = self.at;
        let mut word = Vec::new();
        let (mut has_wildcards, mut has_escapes) = (false, false);
        while let Some(character) = self.peek() {
            match character {
                '\\' => {
                    self.at += 1;
                    has_escapes = true;
                    word.push(Glob::Is(self.escaped()?));
                    continue;
                }
                '*' => word.push(Glob::Any),
                '?' => word.push(Glob::One),
                '+' | '-' if !word.is_empty() => word.push(Glob::Is(character)),
                ' ' | '\t' | '\n' | '\r' | '\u{3000}' | '+' | '-' | '!' | '(' | ')' | ':' | '^' | '[' | ']' | '"'
                | '{' | '}' | '~' | '/' => break,
                other => word.push(Glob::Is(other)),
            }
            has_wildcards |= "*?".contains(character);
            self.at += 1;
        }
        if word.is_empty() {
            let found = self.peek().map_or("the end".to_owned(), |found| format!("`{found}`"));
            return Err(self.fault(&format!("a word was expected, not {found}")));
        }
        let written: String = self.characters[start..self.at].iter().collect();
        Ok(match written.as_str() {
            "AND" | "&&" if !has_escapes => Token::And,
            "OR" | "||" if !has_escapes => Token::Or,
            "NOT" if !has_escapes => Token::Not,
            _ => Token::Word(word, has_wildcards),
        })
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = sign.chars().enumerate().all(|(offset, wanted)| {
            self.characters.get(self.at + offset).is_some_and(|character| *character == wanted)
        });
        if found {
            self.at += sign.len();
        }
        found
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|character| " \t\r\n\u{3000}".contains(character)) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn fault(&self, what: &str) -> String {
        format!("{what} after {} characters", self.at)
    }
}

fn leaf(field: Option<&str>, test: Test) -> Query {
    Query::Leaf { field: field.map(str::to_owned), test }
}

fn plain(word: &[Glob]) -> String {
    word.iter()
        .map(|part| match part {
            Glob::Any => '*',
            Glob::One => '?',
            Glob::Is(character) => *character,
        })
        .collect()
}

fn combined(mut clauses: Vec<(Occur, Query)>) -> Query {
    if clauses.len() == 1 && clauses[0].0 != Occur::MustNot {
        return clauses.remove(0).1;
    }
    let (mut must, mut should, mut must_not) = (Vec::new(), Vec::new(), Vec::new());
    for (occur, query) in clauses {
        match occur {
            Occur::Must => must.push(query),
            Occur::Should => should.push(query),
            Occur::MustNot => must_not.push(query),
        }
    }
    Query::Clauses { must, should, must_not }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn these_texts_do_not_parse() {
        for text in [
            "",
            "  ",
            "()",
            "name:",
            "name:(",
            "name:\"a",
            "(a",
            "a)",
            "AND a",
            "a AND",
            "a AND OR b",
            "name:AND",
            "NOT",
            "a:b:c",
            "[a TO b",
            "[a b]",
            "a/b",
            "/a.*/",
            "name:/a/",
            "a^",
            "\\",
            "\"\\u12\"",
            "+",
            "a!",
            "n*:x",
            "{a TO",
            "_exists_:",
            "_exists_:*",
        ] {
            assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
    }

    #[test]
    fn operators_make_the_clauses_beside_them_required_as_lucene_has_it() {
        let word = |text: &str| leaf(None, Test::Words(text.to_owned()));
        let clauses = |must: &[&str], should: &[&str], must_not: &[&str]| {
            let of = |words: &[&str]| words.iter().map(|text| word(text)).collect();
            Ok(Query::Clauses { must: of(must), should: of(should), must_not: of(must_not) })
        };
        assert_eq!(parse("a b"), clauses(&[], &["a", "b"], &[]));
        assert_eq!(parse("a OR b AND c"), clauses(&["b", "c"], &["a"], &[]));
        assert_eq!(parse("a && b || c"), clauses(&["a", "b"], &["c"], &[]));
        assert_eq!(parse("+a b -c !d NOT e"), clauses(&["a"], &["b"], &["c", "d", "e"]));
        assert_eq!(parse("a AND NOT b"), clauses(&["a"], &[], &["b"]));
        assert_eq!(parse("a&&b"), Ok(word("a&&b")));
        assert_eq!(parse("ANDROID"), Ok(word("ANDROID")));
        assert_eq!(parse("\\AND"), Ok(word("AND")));
        assert_eq!(parse("*:*"), Ok(Query::Everything));
    }

    #[test]
    fn fields_hold_for_groups_and_values_are_unescaped() {
        let words = |text: &str| leaf(Some("a.b"), Test::Words(text.to_owned()));
        let should = vec![words("x"), words("y:z")];
        assert_eq!(parse("a.b:(x OR y\\:z)"), Ok(Query::Clauses { must: vec![], should, must_not: vec![] }));
        assert_eq!(parse("x:(a.b:x)"), Ok(words("x")));
        let phrase = |text: &str, loose| Ok(leaf(Some("name"), Test::Phrase { text: text.to_owned(), loose }));
        assert_eq!(parse("name:\"a \\\"b\\\" \\\\ (c)\""), phrase("a \"b\" \\ (c)", false));
        assert_eq!(parse("name:\"a b\"~3^2.5"), phrase("a b", true));
        let bound = |text: &str, inclusive| Some(Bound { text: text.to_owned(), inclusive });
        let range = |low, high| Ok(leaf(Some("n"), Test::Range { low, high }));
        assert_eq!(parse("n:[1 TO 5}"), range(bound("1", true), bound("5", false)));
        assert_eq!(parse("n:{* TO \"a b\"]"), range(None, bound("a b", true)));
        assert_eq!(parse("n:>=10"), range(bound("10", true), None));
        assert_eq!(parse("n:<10"), range(None, bound("10", false)));
    }
}
