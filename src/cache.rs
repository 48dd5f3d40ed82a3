//! A small bounded cache, shared by threads, that evicts the least recently used entry.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Holds at most `capacity` values by key. A look-up compares the keys one by one, the most recently used first: there
/// are few keys, or few look-ups.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    capacity: usize,
    /// The first entry is the least recently used one.
    entries: Mutex<Vec<(K, V)>>,
}

impl<K, V: Clone> Cache<K, V> {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self { capacity, entries: Mutex::new(Vec::new()) }
    }

    /// Returns the value whose key `is_wanted` accepts. A predicate avoids copying a key for the comparison.
    pub(crate) fn get(&self, is_wanted: impl Fn(&K) -> bool) -> Option<V> {
        Self::renew(&mut self.lock(), is_wanted)
    }

    /// Returns the value of `key`, and makes it if there is none. `make` runs under the lock. A value that takes long
    /// to make is made before the call, and dropped if another thread was faster.
    pub(crate) fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> V
    where
        K: PartialEq,
    {
        // Declared before the guard, so that it is dropped after the guard.
        let _evicted;
        let mut entries = self.lock();
        if let Some(value) = Self::renew(&mut entries, |other| *other == key) {
            return value;
        }
        let value = make();
        _evicted = (entries.len() == self.capacity).then(|| entries.remove(0));
        entries.push((key, value.clone()));
        value
    }

    /// Drops the values that `is_kept` refuses.
    pub(crate) fn retain(&self, is_kept: impl Fn(&V) -> bool) {
        let mut entries = self.lock();
        let all = std::mem::take(&mut *entries);
        let (kept, dropped): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, value)| is_kept(value));
        *entries = kept;
        // Their drop is not under the lock.
        drop(entries);
        drop(dropped);
    }

    fn renew(entries: &mut [(K, V)], is_wanted: impl Fn(&K) -> bool) -> Option<V> {
        let index = entries.iter().rposition(|(key, _)| is_wanted(key))?;
        entries[index..].rotate_left(1);
        entries.last().map(|(_, value)| value.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(K, V)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_least_recently_used_entry_is_evicted() {
        let cache = Cache::new(2);
        let insert = |key: &str, value| cache.get_or_insert_with(key.to_owned(), || value);
        let keys = || ["a", "b", "c"].map(|wanted| cache.lock().iter().any(|(key, _)| key == wanted));
        assert_eq!((insert("a", 1), insert("b", 2)), (1, 2));
        assert_eq!(cache.get(|key| key == "a"), Some(1));
        assert_eq!(insert("c", 3), 3);
        assert_eq!(keys(), [true, false, true], "a look-up counts as use");
        assert_eq!(insert("a", 4), 1, "what is there is not made again");
        assert_eq!(insert("b", 5), 5);
        assert_eq!(keys(), [true, true, false], "and so does an insertion of what is there");
        assert_eq!(cache.get(|key| key == "c"), None);
    }

    #[test]
    fn threads_that_make_the_same_value_share_the_first() {
        let cache: Cache<u32, Arc<u32>> = Cache::new(4);
        let values: Vec<Arc<u32>> = std::thread::scope(|scope| {
            let make = |number| {
                scope.spawn({
                    let cache = &cache;
                    move || cache.get_or_insert_with(7, || Arc::new(number))
                })
            };
            let threads: Vec<_> = (0..8).map(make).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(values.iter().all(|value| Arc::ptr_eq(value, &values[0])), "{values:?}");
    }

    #[test]
    fn a_value_that_panics_while_it_is_made_leaves_the_cache_usable() {
        let cache: Cache<u32, u32> = Cache::new(1);
        let make = || cache.get_or_insert_with(1, || panic!("a test's panic"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).is_err());
        assert_eq!(cache.get_or_insert_with(1, || 2), 2);
    }
}
