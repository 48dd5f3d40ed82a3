//! What an error tells the caller to do next.

use std::fmt;

use serde::{Serialize, Serializer};

/// Advice, and the ways out that the situation permits, a line each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hint {
    advice: String,
    ways: Vec<WayOut>,
}

/// An option by which the same request goes on. An error has a way out only if it can succeed, and if it refreshes
/// nobody whom the request does not name. A filter that nobody could evaluate or count is therefore never sent
/// uncounted by a way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayOut {
    /// The successor of `/cc`, which takes ids.
    Process,
    /// Without the count of the tenant, if the filter names its people, and one of them was found.
    NoPreflight,
    /// Names of another attribute, which the list of identities can look up.
    OtherAttribute,
    /// A filter that the list of identities can look up.
    OtherFilter,
    /// Everybody, if that is meant: the option says it.
    Everybody,
    /// The same with `pruneIdentities`.
    PruneEverybody,
    RaiseMaximum,
    AllowBroader,
}

impl WayOut {
    fn text(self) -> &'static str {
        match self {
            Self::Process => {
                "⟦backend-process⟧ sends the ids of the matches only, so that nobody else can be refreshed."
            }
            Self::NoPreflight => {
                "The filter names its people, and they were found: ⟦no-preflight⟧ sends it without this count."
            }
            Self::OtherAttribute => {
                "Without permission to search, name people by ⟦identity-attribute⟧ name (the user name) or email."
            }
            Self::OtherFilter => {
                "Without permission to search, a filter can compare one of id, name (the user name) and email by ==, \
                 such as: name == \"amelie.roux\""
            }
            Self::Everybody => "Where everybody is meant, say so: ⟦everybody⟧.",
            Self::PruneEverybody => {
                "Where every identity without an account is to be deleted, say so: ⟦prune-all⟧, on SailPoint's guidance only."
            }
            Self::RaiseMaximum => "Where so many are meant, ⟦raise-max⟧.",
            Self::AllowBroader => {
                "Or let it do what it can, with a warning of each: ⟦allow-broader⟧, ⟦always-broader⟧."
            }
        }
    }
}

impl Hint {
    pub(crate) fn is_empty(&self) -> bool {
        self.advice.is_empty() && self.ways.is_empty()
    }

    /// Replaces the advice.
    pub(crate) fn set_advice(&mut self, advice: impl Into<String>) {
        self.advice = advice.into();
    }

    /// Adds a line of advice.
    pub(crate) fn add(&mut self, line: &str) {
        if !self.advice.is_empty() {
            self.advice.push('\n');
        }
        self.advice.push_str(line);
    }

    pub(crate) fn add_ways(&mut self, ways: impl IntoIterator<Item = WayOut>) {
        self.ways.extend(ways);
    }

    pub(crate) fn retain_ways(&mut self, is_permitted: impl Fn(WayOut) -> bool) {
        self.ways.retain(|way| is_permitted(*way));
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = Some(self.advice.as_str()).filter(|advice| !advice.is_empty());
        let lines = advice.into_iter().chain(self.ways.iter().map(|way| way.text()));
        for (number, line) in lines.enumerate() {
            f.write_str(if number == 0 { "" } else { "\n" })?;
            f.write_str(line)?;
        }
        Ok(())
    }
}

impl Serialize for Hint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
