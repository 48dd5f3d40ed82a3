//! The names that a run has seen: each is refreshed once, even if it is repeated.

use std::hash::{BuildHasher, Hash, RandomState};

/// Names as hashes of 95 bits, at most 13 bytes per name. In a run of a million names, the probability that two names
/// have the same hash is below 10^-16. The hash keys are random, so that nobody can choose colliding names.
#[derive(Debug)]
pub(crate) struct Seen {
    keys: [RandomState; 2],
    /// By the first byte of the hash, sorted.
    shards: Vec<Vec<Entry>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameStatus {
    New,
    /// Done according to the journal, and new in this run.
    Done,
    Repeated,
}

/// A big-endian hash. The last bit is set if the journal has the name as done.
type Entry = [u8; 12];

const SHARDS: usize = 256;

impl Seen {
    pub(crate) fn new() -> Self {
        Self { keys: [RandomState::new(), RandomState::new()], shards: vec![Vec::new(); SHARDS] }
    }

    /// Inserts a name of an attribute, and returns what was known of it.
    pub(crate) fn insert(&mut self, attribute: &str, name: &str) -> NameStatus {
        let (shard, entry) = self.entry(attribute, name);
        match Self::find(shard, &entry) {
            Ok(at) if is_done(&shard[at]) => {
                shard[at] = entry;
                NameStatus::Done
            }
            Ok(_) => NameStatus::Repeated,
            Err(at) => {
                insert_sorted(shard, at, entry);
                NameStatus::New
            }
        }
    }

    /// Marks a name as done according to the journal.
    pub(crate) fn mark_done(&mut self, attribute: &str, name: &str) {
        let (shard, mut entry) = self.entry(attribute, name);
        let found = Self::find(shard, &entry);
        entry[11] |= 1;
        match found {
            Ok(at) => shard[at] = entry,
            Err(at) => insert_sorted(shard, at, entry),
        }
    }

    /// Forgets a name.
    pub(crate) fn forget(&mut self, attribute: &str, name: &str) {
        let (shard, entry) = self.entry(attribute, name);
        if let Ok(at) = Self::find(shard, &entry) {
            shard.remove(at);
        }
    }

    fn entry(&mut self, attribute: &str, name: &str) -> (&mut Vec<Entry>, Entry) {
        let hash = |key: &RandomState| {
            let mut hasher = key.build_hasher();
            (attribute, name).hash(&mut hasher);
            std::hash::Hasher::finish(&hasher).to_be_bytes()
        };
        let (first, second) = (hash(&self.keys[0]), hash(&self.keys[1]));
        let mut entry = [0; 12];
        entry[..8].copy_from_slice(&first);
        entry[8..].copy_from_slice(&second[..4]);
        entry[11] &= !1;
        (&mut self.shards[usize::from(first[0])], entry)
    }

    fn find(shard: &[Entry], entry: &Entry) -> Result<usize, usize> {
        shard.binary_search_by(|known| {
            let mut known = *known;
            known[11] &= !1;
            known.cmp(entry)
        })
    }
}

fn is_done(entry: &Entry) -> bool {
    entry[11] & 1 == 1
}

/// Inserts in order. Grows by a sixteenth: a vector that doubles would take up to 24 bytes per name.
fn insert_sorted(shard: &mut Vec<Entry>, at: usize, entry: Entry) {
    if shard.len() == shard.capacity() {
        shard.reserve_exact(4 + shard.len() / 16);
    }
    shard.insert(at, entry);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_new_once_and_done_once() {
        let mut seen = Seen::new();
        seen.mark_done("uid", "done");
        assert_eq!(seen.insert("uid", "done"), NameStatus::Done);
        assert_eq!(seen.insert("uid", "done"), NameStatus::Repeated);
        for name in ["a", "A", "\u{e9}", "e\u{301}", "a\nb", ""] {
            assert_eq!(seen.insert("uid", name), NameStatus::New, "{name:?}");
            assert_eq!(seen.insert("uid", name), NameStatus::Repeated, "{name:?}");
        }
        assert_eq!(seen.insert("email", "a"), NameStatus::New, "of another attribute");
        seen.mark_done("uid", "a");
        assert_eq!(seen.insert("uid", "a"), NameStatus::Done, "known as done since");
        seen.mark_done("uid", "failed");
        seen.forget("uid", "failed");
        seen.forget("uid", "nobody");
        assert_eq!(seen.insert("uid", "failed"), NameStatus::New);
    }

    #[test]
    fn a_name_takes_at_most_sixteen_bytes() {
        let mut seen = Seen::new();
        let names = 100_000;
        let new =
            (0..names).filter(|number| seen.insert("uid", &format!("person.{number}")) == NameStatus::New).count();
        assert_eq!(new, names);
        let bytes: usize = seen.shards.iter().map(|shard| shard.capacity() * size_of::<Entry>()).sum();
        assert!(bytes <= 16 * names, "{bytes} bytes for {names} names");
    }
}
