//! How often the values of a field come, counted in bounded memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use super::Field;

/// How many different values of a field are counted at least, and how many bytes their texts have at most.
const MOST_VALUES: usize = 2_048;
const MOST_BYTES: usize = 256 << 10;

/// How often each value of a field comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The field.
    pub field: Field,
    /// How many items have the field, whatever its value.
    pub items: u64,
    /// Its values as text, most frequent first and equally frequent ones by name.
    pub values: Vec<(String, u64)>,
}

impl Facet {
    /// The most frequent of values that were counted, up to `values_each`.
    pub fn of(field: &Field, counts: BTreeMap<String, u64>, values_each: usize) -> Self {
        let items = counts.values().sum();
        let mut values: Vec<(String, u64)> = counts.into_iter().collect();
        values.sort_by_key(|(_, count)| Reverse(*count));
        values.truncate(values_each);
        Self { field: field.clone(), items, values }
    }
}

/// Counts values. Of very many different ones those that came least often so far are forgotten again and again: what is
/// frequent stays, with a count that is at most too low.
#[derive(Debug, Clone)]
pub struct ValueCounts {
    counts: HashMap<String, u64, RandomState>,
    bytes: usize,
    most_values: usize,
    items: u64,
    is_cut: bool,
}

impl ValueCounts {
    /// Nothing is counted yet; the `wanted` most frequent will be asked for.
    pub fn new(wanted: usize) -> Self {
        Self {
            counts: HashMap::default(),
            bytes: 0,
            most_values: MOST_VALUES.max(wanted.saturating_mul(2)),
            items: 0,
            is_cut: false,
        }
    }

    /// Counts a value that came so many times.
    pub fn add(&mut self, value: &str, count: u64) {
        self.items += count;
        if let Some(counted) = self.counts.get_mut(value) {
            *counted += count;
            return;
        }
        self.bytes += value.len();
        self.counts.insert(value.to_owned(), count);
        if self.counts.len() > self.most_values || self.bytes > MOST_BYTES {
            self.forget_rare();
        }
    }

    /// True where values were forgotten.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The most frequent values with their counts, equally frequent ones by name.
    pub fn into_most_frequent(self, wanted: usize) -> Vec<(String, u64)> {
        let mut values = sorted(self.counts);
        values.truncate(wanted);
        values
    }

    /// The same as a facet.
    pub fn into_facet(self, field: &Field, values_each: usize) -> Facet {
        Facet { field: field.clone(), items: self.items, values: self.into_most_frequent(values_each) }
    }

    /// Keeps the more frequent half, by number and by bytes.
    fn forget_rare(&mut self) {
        self.is_cut = true;
        let (values, mut bytes) = (sorted(std::mem::take(&mut self.counts)), 0);
        for (value, count) in values.into_iter().take(self.most_values / 2) {
            if bytes + value.len() <= MOST_BYTES / 2 {
                bytes += value.len();
                self.counts.insert(value, count);
            }
        }
        self.bytes = bytes;
    }
}

fn sorted(counts: HashMap<String, u64, RandomState>) -> Vec<(String, u64)> {
    let mut values: Vec<(String, u64)> = counts.into_iter().collect();
    values.sort_unstable_by(|(one, count), (other, other_count)| {
        other_count.cmp(count).then_with(|| one.cmp(other))
    });
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_come_first_and_equal_ones_by_name() {
        let mut counts = ValueCounts::new(2);
        for (value, count) in [("b", 2), ("c", 3), ("a", 1), ("a", 1)] {
            counts.add(value, count);
        }
        assert!(!counts.is_cut());
        let facet = counts.into_facet(&Field::Service, 2);
        assert_eq!((facet.items, facet.values), (7, vec![("c".to_owned(), 3), ("a".to_owned(), 2)]));
    }

    #[test]
    fn frequent_values_are_counted_among_very_many() {
        let mut counts = ValueCounts::new(10);
        for number in 0..200_000 {
            counts.add(&format!("request-{number}"), 1);
            if number % 10 == 0 {
                counts.add(if number % 30 == 0 { "rare" } else { "frequent" }, 1);
            }
            assert!(counts.counts.len() <= MOST_VALUES && counts.bytes <= MOST_BYTES);
        }
        assert!(counts.is_cut());
        let facet = counts.into_facet(&Field::Service, 2);
        assert_eq!(facet.items, 220_000);
        assert_eq!(facet.values, [("frequent".to_owned(), 13_333), ("rare".to_owned(), 6_667)]);
    }

    #[test]
    fn long_values_are_bounded_by_their_bytes() {
        let mut counts = ValueCounts::new(10);
        for number in 0..100 {
            counts.add(&format!("{number}{}", "x".repeat(MOST_BYTES / 10)), 1);
            counts.add("short", 1);
            assert!(counts.bytes <= MOST_BYTES);
        }
        assert_eq!(counts.into_most_frequent(1), [("short".to_owned(), 100)]);
    }
}
