//! Sets of labels, each name once.

use crate::prometheus::Label;

/// Labels in the order of their names. A label without a value is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct LabelSet {
    labels: Vec<Label>,
}

/// The label with a metric's name.
pub(super) const NAME: &str = "__name__";

/// The label with a job's name.
pub(super) const JOB: &str = "job";

/// The label with a target's address.
pub(super) const INSTANCE: &str = "instance";

impl LabelSet {
    /// The value of a label; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let place = self.place_of(name).ok();
        place.and_then(|place| self.labels.get(place)).map_or("", |label| &label.value)
    }

    /// Writes a label, or removes it where the value is empty.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.place_of(name) {
            Ok(place) if value.is_empty() => {
                self.labels.remove(place);
            }
            Ok(place) => {
                if let Some(label) = self.labels.get_mut(place) {
                    value.clone_into(&mut label.value);
                }
            }
            Err(_) if value.is_empty() => {}
            Err(place) => self.labels.insert(place, Label::new(name, value)),
        }
    }

    /// Keeps the labels of which `keep` says so.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Label) -> bool) {
        self.labels.retain(keep);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Label> {
        self.labels.iter()
    }

    pub(super) const fn len(&self) -> usize {
        self.labels.len()
    }

    fn place_of(&self, name: &str) -> Result<usize, usize> {
        self.labels.binary_search_by(|label| label.name.as_str().cmp(name))
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for LabelSet {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(labels: I) -> Self {
        let mut set = Self::default();
        labels.into_iter().for_each(|(name, value)| set.set(name.as_ref(), value.as_ref()));
        set
    }
}
