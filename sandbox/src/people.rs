//! The people of the tenant: generated, always the same for the same number, or read from a CSV file.

use std::collections::BTreeMap;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

/// One identity.
///
/// `attributes` holds every identity attribute under its camelCase name, `uid`, `displayName`, `email`, `firstname`
/// and `lastname` among them; values are texts, or lists of texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// 32 hex digits.
    pub id: String,
    /// The user name: `name` in `/cc` filters and in search, `alias` in `GET /identities`.
    pub name: String,
    /// Every identity attribute.
    pub attributes: Attributes,
    /// Whether it belongs to an authoritative source. Search leaves out those that do not.
    pub correlated: bool,
    /// Whether it is protected.
    pub protected: bool,
    /// Whether it is inactive.
    pub inactive: bool,
    /// How many accounts it has. Without any, `pruneIdentities` deletes it.
    pub accounts: usize,
    /// The manager's id.
    pub manager: Option<String>,
    /// When the last refresh of it ended, ISO 8601.
    pub last_refresh: Option<String>,
    /// `ERROR` after a refresh that failed, nothing otherwise. Search sees it after its lag.
    pub processing_state: Option<String>,
    /// How often it has been refreshed, by whatever way.
    pub refreshes: u64,
}

/// Identity attributes by name. Copies share them until one of them changes: the tenant and its search hold everybody
/// each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(Arc<BTreeMap<String, Value>>);

impl Deref for Attributes {
    type Target = BTreeMap<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Attributes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl Identity {
    /// An identity with a user name, which is its `uid` and display name as well until something else is set.
    pub fn new(name: &str) -> Self {
        let mut identity = Self {
            id: id(hash(name)),
            name: name.to_owned(),
            attributes: Attributes::default(),
            correlated: true,
            protected: false,
            inactive: false,
            accounts: 1,
            manager: None,
            last_refresh: None,
            processing_state: None,
            refreshes: 0,
        };
        for attribute in ["uid", "displayName"] {
            identity = identity.with(attribute, name);
        }
        identity
    }

    /// The same with an identity attribute set.
    pub fn with(mut self, attribute: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(attribute.to_owned(), value.into());
        self
    }

    /// An identity attribute that is a text; `""` where it is missing or is a list.
    pub fn text(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).and_then(Value::as_str).unwrap_or_default()
    }

    /// An identity attribute, those included that the service sets.
    pub(crate) fn attribute(&self, name: &str) -> Option<Value> {
        self.attributes.get(name).cloned().or_else(|| self.service_attribute(name))
    }

    /// Every identity attribute, those included that the service sets.
    pub(crate) fn all_attributes(&self) -> impl Iterator<Item = (&str, Value)> {
        let is_set = |name: &&str| !self.attributes.contains_key(*name);
        let set = SERVICE_ATTRIBUTES.into_iter().filter(is_set);
        let own = self.attributes.iter().map(|(name, value)| (name.as_str(), value.clone()));
        own.chain(set.filter_map(|name| Some((name, self.service_attribute(name)?))))
    }

    fn service_attribute(&self, name: &str) -> Option<Value> {
        match name {
            "cloudLifecycleState" => Some(if self.inactive { "inactive" } else { "active" }.into()),
            "identityState" => Some(if self.inactive { "INACTIVE_LONG_TERM" } else { "ACTIVE" }.into()),
            "cloudStatus" => Some("UNREGISTERED".into()),
            "internalCloudStatus" => Some(self.attribute("cloudStatus")?),
            _ => None,
        }
    }

    /// The display name.
    pub fn display_name(&self) -> &str {
        self.text("displayName")
    }
}

/// The identity attributes that the service sets where the identity's own do not say otherwise.
pub(crate) const SERVICE_ATTRIBUTES: [&str; 4] =
    ["cloudLifecycleState", "cloudStatus", "identityState", "internalCloudStatus"];

/// The first `number` people of the one sequence that there is. It begins with people who look alike or whose names
/// are awkward ([`HAND_WRITTEN`] of them).
pub fn generate(number: usize) -> Vec<Identity> {
    let mut people: Vec<Identity> = hand_written().into_iter().take(number).collect();
    let boss = people.first().map(|person| person.id.clone());
    for index in people.len()..number {
        people.push(generated(index, boss.as_deref()));
    }
    people
}

/// How many people of [`generate`] are written by hand.
pub const HAND_WRITTEN: usize = 14;

fn hand_written() -> Vec<Identity> {
    let people: [(&str, &str, &str, &str, &str, &str); HAND_WRITTEN] = [
        ("amelie.roux", "Amélie Roux", "Amélie", "Roux", "amelie.roux@example.com", "Engineering"),
        ("john.smith", "John Smith", "John", "Smith", "john.smith@example.com", "Sales"),
        ("smith", "smith", "Jo", "smith", "smith@example.com", "Sales"),
        ("Smith", "Smith", "Jon", "Smith", "Smith@example.com", "sales"),
        ("Smith-Jones", "Smith-Jones", "Mary", "Smith-Jones", "smith-jones@example.com", "Sales Operations"),
        ("mary ann lee", "Mary Ann Lee", "Mary Ann", "Lee", "mary.ann.lee@example.com", "Human Resources"),
        ("pat \"the hat\" o'neil", "Pat \"the Hat\" O'Neil", "Pat", "O'Neil", "pat.oneil@example.com", "Legal"),
        ("CORP\\dana", "Dana \\ Corp", "Dana", "Corp", "dana@corp.example.com", "Finance"),
        ("rock&roll", "Rock & Roll", "Rock", "Roll", "rock&roll@example.com", "Research & Development"),
        ("star*light", "Star*light?", "Star", "Light", "star*light@example.com", "Research & Development"),
        ("山田太郎", "山田 太郎 🙂", "太郎", "山田", "taro.yamada@example.com", "エンジニアリング"),
        ("AND", "AND OR NOT", "AND", "NOT", "and@example.com", "Support"),
        ("no.accounts", "No Accounts", "No", "Accounts", "no.accounts@example.com", "Support"),
        ("legacy.account", "Legacy Account", "Legacy", "Account", "legacy.account@example.com", "Support"),
    ];
    let mut written: Vec<Identity> = people
        .iter()
        .enumerate()
        .map(|(index, (uid, display_name, first, last, email, department))| {
            let mut person = Identity::new(uid)
                .with("displayName", *display_name)
                .with("firstname", *first)
                .with("lastname", *last)
                .with("email", *email)
                .with("department", *department)
                .with("location", LOCATIONS[index % LOCATIONS.len()])
                .with("costCenter", COST_CENTERS[index % COST_CENTERS.len()])
                .with("employeeNumber", format!("{}", 1_000 + index));
            person.id = id(index as u64);
            person
        })
        .collect();
    let boss = written[0].id.clone();
    for person in &mut written[1..] {
        person.manager = Some(boss.clone());
    }
    written[0].attributes.insert("projects".to_owned(), json!(["Apollo", "Zephyr"]));
    written[1].attributes.insert("projects".to_owned(), json!(["Apollo"]));
    written[12].accounts = 0;
    written[13].correlated = false;
    written
}

fn generated(index: usize, boss: Option<&str>) -> Identity {
    let number = index as u64;
    let first = FIRST_NAMES[index % FIRST_NAMES.len()];
    let last = LAST_NAMES[index / FIRST_NAMES.len() % LAST_NAMES.len()];
    let round = index / (FIRST_NAMES.len() * LAST_NAMES.len());
    let suffix = if round == 0 { String::new() } else { round.to_string() };
    let uid = format!("{}.{}{suffix}", first.to_ascii_lowercase(), last.to_ascii_lowercase());
    let pick = |list: &[&'static str], salt: u64| list[(mix(number ^ (salt << 40)) % list.len() as u64) as usize];
    let mut person = Identity::new(&uid)
        .with("displayName", format!("{first} {last}{}{suffix}", if round == 0 { "" } else { " " }))
        .with("firstname", first)
        .with("lastname", last)
        .with("email", format!("{uid}@example.com"))
        .with("department", pick(&DEPARTMENTS, 1))
        .with("location", pick(&LOCATIONS, 2))
        .with("costCenter", pick(&COST_CENTERS, 3))
        .with("employeeNumber", format!("{}", 1_000 + index));
    if index.is_multiple_of(5) {
        person = person.with("projects", json!([pick(&PROJECTS, 4), "Hermes"]));
    }
    person.id = id(number);
    person.manager = boss.map(str::to_owned);
    person.inactive = index % 23 == 7;
    person.accounts = if index % 19 == 11 { 0 } else { 1 + index % 3 };
    person.correlated = index % 97 != 50;
    person
}

/// People from a CSV file with a header line.
///
/// Columns `name` (or `alias`), `uid`, `id`, `correlated`, `protected`, `inactive`, `accounts` (a number) and
/// `manager` (a user name) have their own meaning; every other column is an identity attribute, `firstName` and
/// `lastName` under their attribute names `firstname` and `lastname`. A column whose name ends in `[]` holds lists,
/// separated by `;`. An empty cell is a missing value. `name` or `uid` must be there; the other is taken from it.
///
/// # Errors
///
/// Where the file cannot be read, is not UTF-8 CSV, or has neither `name` nor `uid`: the text says in which line.
pub fn read_csv(path: &Path) -> io::Result<Vec<Identity>> {
    let in_file = |text: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {text}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(|error| in_file(error.to_string()))?;
    let header = reader.headers().map_err(|error| in_file(error.to_string()))?.clone();
    let mut people = Vec::new();
    let mut managers = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| in_file(error.to_string()))?;
        let cells: BTreeMap<&str, &str> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).zip(record.iter()).collect();
        let person =
            from_cells(&cells, index).ok_or_else(|| in_file(format!("line {} has neither name nor uid", index + 2)))?;
        managers.push(cells.get("manager").copied().unwrap_or_default().to_owned());
        people.push(person);
    }
    let ids: BTreeMap<String, String> = people.iter().map(|person| (person.name.clone(), person.id.clone())).collect();
    for (person, manager) in people.iter_mut().zip(managers) {
        person.manager = ids.get(&manager).cloned();
    }
    Ok(people)
}

fn from_cells(cells: &BTreeMap<&str, &str>, index: usize) -> Option<Identity> {
    let cell = |name: &str| cells.get(name).copied().filter(|value| !value.is_empty());
    let name = cell("name").or_else(|| cell("alias")).or_else(|| cell("uid"))?;
    let truth = |name: &str, otherwise: bool| cell(name).map_or(otherwise, |value| value.eq_ignore_ascii_case("true"));
    let mut person = Identity::new(name);
    person.id = cell("id").map_or_else(|| id(index as u64), str::to_owned);
    person.correlated = truth("correlated", true);
    person.protected = truth("protected", false);
    person.inactive = truth("inactive", false);
    person.accounts = cell("accounts").and_then(|value| value.parse().ok()).unwrap_or(1);
    for (column, value) in cells.iter().filter(|(_, value)| !value.is_empty()) {
        match *column {
            "name" | "alias" | "id" | "correlated" | "protected" | "inactive" | "accounts" | "manager" => {}
            "firstName" => person = person.with("firstname", *value),
            "lastName" => person = person.with("lastname", *value),
            other => match other.strip_suffix("[]") {
                Some(list) => person = person.with(list, value.split(';').collect::<Vec<_>>()),
                None => person = person.with(other, *value),
            },
        }
    }
    Some(person)
}

/// The id of the n-th person.
fn id(number: u64) -> String {
    format!("2c91{:012x}{:016x}", mix(number) >> 16, mix(number ^ 0x5a11_0001))
}

/// A number for a text, always the same (FNV-1a).
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Scatters a number over 64 bits, always the same way (splitmix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

const FIRST_NAMES: [&str; 40] = [
    "Ada", "Bela", "Carla", "Dario", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Lars", "Mina",
    "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Sami", "Tara", "Ugo", "Vera", "Wim", "Xenia", "Yara", "Zeno", "Anna",
    "Boris", "Cleo", "David", "Esra", "Finn", "Gina", "Hans", "Iris", "Jan", "Kaja", "Leo", "Maja", "Noah",
];
const LAST_NAMES: [&str; 50] = [
    "Adler", "Bauer", "Costa", "Dumas", "Evans", "Fabre", "Garcia", "Huber", "Ivanov", "Jansen", "Keller", "Lopez",
    "Moreau", "Novak", "Olsen", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Unger", "Vogel", "Weber", "Xu",
    "Young", "Zimmer", "Abbott", "Becker", "Clark", "Dietrich", "Ekman", "Fischer", "Gruber", "Hansen", "Ito", "Jung",
    "Klein", "Lang", "Meyer", "Nagy", "Otto", "Park", "Ramos", "Sato", "Thomas", "Ueda", "Varga", "Wolf", "Yilmaz",
    "Ziegler",
];
const DEPARTMENTS: [&str; 9] = [
    "Engineering",
    "Sales",
    "Sales Operations",
    "Finance",
    "Human Resources",
    "Legal",
    "Support",
    "Marketing",
    "Research & Development",
];
const LOCATIONS: [&str; 6] = ["Austin", "München", "São Paulo", "東京", "Austin North", "London"];
const COST_CENTERS: [&str; 4] = ["CC-100", "CC-200", "CC-300", "CC-400"];
const PROJECTS: [&str; 4] = ["Apollo", "Zephyr", "Orion", "Gemini"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_number_gives_the_same_people_and_no_two_alike() {
        let people = generate(5_000);
        assert_eq!(people, generate(5_000));
        assert_eq!(people[..100], generate(100)[..]);
        for of in [|person: &Identity| person.id.clone(), |person: &Identity| person.name.clone()] {
            assert_eq!(people.iter().map(of).collect::<BTreeSet<_>>().len(), 5_000);
        }
        assert!(people.iter().all(|person| person.id.len() == 32));
    }
}
