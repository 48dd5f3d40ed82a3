//! Random values, filters and identity documents, the same ones for the same seed.

use serde_json::{Map, Value};

/// Values that look alike, and values that try to break out of whatever they stand in.
pub(crate) const VALUES: [&str; 54] = [
    "smith",
    "Smith",
    "SMITH",
    "Smith-Jones",
    "john.smith",
    "John Smith",
    "john smith ",
    " smith",
    "smithson",
    "Sales",
    "sales",
    "R&D",
    "Research && Development",
    "a || b",
    "AND",
    "OR NOT",
    "the",
    "and the",
    "*",
    "?",
    "smith*",
    "sm?th",
    "\"",
    "\\",
    "\\\"",
    "\" OR *",
    "\\\" OR * OR \\\"",
    "\") OR (*",
    "x\\",
    "a\"b",
    "a:b",
    "attributes.uid:*",
    "a/b/",
    "/.*/",
    "[a TO z]",
    "{a}",
    "~2",
    "^9",
    "+a -b",
    "é",
    "e\u{301}",
    "É",
    "ß",
    "SS",
    "İ",
    "李明",
    "Иванов",
    "🎉",
    "👩‍👩‍👧",
    "2026-01-01",
    "2026-11-25",
    "100",
    "true",
    "amelie.roux@example.com",
];

pub(crate) const ATTRIBUTES: [&str; 12] = [
    "uid",
    "name",
    "id",
    "email",
    "department",
    "attributes.department",
    "location",
    "manager.name",
    "inactive",
    "displayName",
    "employeeNumber",
    "links.name",
];

/// Xorshift: as random as these tests need, and the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("53 bits fit") % limit
    }

    pub(crate) fn one_of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    pub(crate) fn value(&mut self) -> String {
        match self.below(12) {
            0 => format!("{}{}", self.one_of(&VALUES), self.one_of(&VALUES)),
            1 => format!("{} {}", self.one_of(&VALUES), self.one_of(&VALUES)),
            2 => (0..self.below(8))
                .map(|_| char::from_u32(u32::try_from(self.below(0xD7FF)).expect("small")).expect("no surrogate"))
                .filter(|c| !c.is_control())
                .collect(),
            3 if self.below(50) == 0 => {
                format!("long {} {}", "value ".repeat(5500), self.one_of(&VALUES))
            }
            4 if self.below(50) == 0 => "x".repeat(32 * 1024),
            _ => self.one_of(&VALUES).to_owned(),
        }
    }

    /// A filter's text, nested at most `depth` deep.
    pub(crate) fn filter(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 1 } else { 6 }) {
            0..=2 => self.condition(),
            3 => format!("!({})", self.filter(depth - 1)),
            choice => {
                let connective = if choice == 4 { " && " } else { " || " };
                let parts: Vec<String> =
                    (0..2 + self.below(3)).map(|_| format!("({})", self.filter(depth - 1))).collect();
                parts.join(connective)
            }
        }
    }

    fn condition(&mut self) -> String {
        let attribute = self.one_of(&ATTRIBUTES);
        let i = self.one_of(&["", "", "i"]);
        let ignore_case = self.one_of(&["", "", "IgnoreCase"]);
        match self.below(12) {
            0..=4 => format!("{attribute} {i}== {}", self.literal()),
            5 => format!("{attribute} {i}!= {}", self.literal()),
            6 => format!("{attribute} {i}{} {}", self.one_of(&["<", ">", "<=", ">="]), self.literal()),
            7 => format!("{attribute}.in{ignore_case}({{{}}})", self.literals()),
            8 => format!("{attribute}.{}()", self.one_of(&["isNull", "notNull", "isEmpty"])),
            9 => format!("{attribute}.containsAll{ignore_case}({{{}}})", self.literals()),
            10 => {
                let text = self.value();
                let words: Vec<&str> = text.split(' ').collect();
                let text = if self.below(3) == 0 { words[0] } else { &text };
                format!(
                    "{attribute}.{}{ignore_case}({})",
                    self.one_of(&["startsWith", "endsWith", "contains"]),
                    quoted(text)
                )
            }
            _ => format!("{attribute} == {}", self.one_of(&["name", "manager.name", "Rule.Type.BuildMap"])),
        }
    }

    fn literals(&mut self) -> String {
        let literals: Vec<String> = (0..1 + self.below(4)).map(|_| self.literal()).collect();
        literals.join(", ")
    }

    fn literal(&mut self) -> String {
        match self.below(12) {
            0 => self.one_of(&["100", "0", "999999999999999999"]).to_owned(),
            1 => self.one_of(&["true", "false"]).to_owned(),
            2 => "null".to_owned(),
            _ => quoted(&self.value()),
        }
    }

    /// An identity document of search.
    pub(crate) fn document(&mut self) -> Value {
        let mut attributes = Map::new();
        for name in ["uid", "department", "location", "email", "displayName", "employeeNumber"] {
            self.put(&mut attributes, name);
        }
        let mut manager = Map::new();
        self.put(&mut manager, "name");
        let mut document = Map::new();
        for name in ["id", "name", "displayName", "email", "employeeNumber"] {
            self.put(&mut document, name);
        }
        if self.below(4) > 0 {
            document.insert("inactive".to_owned(), Value::Bool(self.below(2) == 0));
        }
        if self.below(4) > 0 {
            document.insert("manager".to_owned(), Value::Object(manager));
        }
        document.insert("attributes".to_owned(), Value::Object(attributes));
        Value::Object(document)
    }

    fn put(&mut self, members: &mut Map<String, Value>, name: &str) {
        let value = match self.below(14) {
            0 => return,
            1 => Value::Null,
            2 => Value::String(String::new()),
            3 => Value::from(self.below(200)),
            4 => Value::Array((0..self.below(3)).map(|_| Value::String(self.value())).collect()),
            _ => Value::String(self.value()),
        };
        members.insert(name.to_owned(), value);
    }
}

pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
