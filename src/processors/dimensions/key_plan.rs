//! What becomes of the attributes of a data point, decided once for all points with the same keys.

use super::rules::Rule;
use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{KeyHasher, StreamHasher, StreamId};
use crate::otlp::wire::put_length_delimited;
use crate::otlp::{KeyValueView, List};

/// What becomes of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyAction {
    /// It stays.
    Keep,
    /// It goes.
    Delete,
    /// It gets this key.
    Rename(Box<str>),
}

/// What becomes of the attributes of points that have `keys`, in this order.
#[derive(Debug)]
pub(super) struct KeyPlan {
    keys: Vec<PlannedKey>,
    /// True where an attribute goes or gets another key.
    pub changes_points: bool,
    /// True where a point with other attributes may end up with those that this plan leaves.
    pub can_be_joined: bool,
}

/// A key of the points, and what becomes of its attribute.
#[derive(Debug)]
struct PlannedKey {
    key: Box<[u8]>,
    action: KeyAction,
    before: KeyHasher,
    /// Where the attribute is renamed.
    after: Option<KeyHasher>,
}

/// The value that the point before had under a key, with its fingerprints: many values are the same in a
/// whole batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastValue<'b> {
    encoded_value: &'b [u8],
    before: StreamId,
    after: StreamId,
}

impl KeyPlan {
    /// The plan of `rule` for points with `keys`.
    pub fn new(rule: &Rule, hasher: &StreamHasher, keys: &[&[u8]]) -> Self {
        let actions = actions(rule, keys);
        let changes_points = actions.iter().any(|action| *action != KeyAction::Keep);
        // Without rules about keys a set of attributes shrinks only to exactly the largest size.
        let is_below_limit = rule.max_dimensions.is_none_or(|most| keys.len() < most);
        let planned = keys.iter().zip(actions).map(|(key, action)| PlannedKey {
            key: Box::from(*key),
            before: hasher.key(key),
            after: match &action {
                KeyAction::Keep | KeyAction::Delete => None,
                KeyAction::Rename(name) => Some(hasher.key(name.as_bytes())),
            },
            action,
        });
        Self {
            keys: planned.collect(),
            changes_points,
            can_be_joined: rule.has_key_rules() || !is_below_limit,
        }
    }

    /// What becomes of the attribute at `index`.
    pub fn action(&self, index: usize) -> &KeyAction {
        self.keys.get(index).map_or(&KeyAction::Keep, |planned| &planned.action)
    }

    /// The fingerprints of a point's attributes, as they are and as the plan leaves them; none where the
    /// plan is for other keys. `last` is of the point before, and becomes that of this one.
    pub fn fingerprints<'b>(
        &self,
        last: &mut Vec<Option<LastValue<'b>>>,
        attributes: List<'b, KeyValueView<'b>>,
    ) -> Option<(StreamId, StreamId)> {
        let (mut before, mut after) = (StreamId::NO_ATTRIBUTES, StreamId::NO_ATTRIBUTES);
        last.resize(self.keys.len(), None);
        let mut planned = self.keys.iter().zip(last);
        for attribute in attributes {
            let (planned, last) = planned.next()?;
            if attribute.key.as_bytes() != &*planned.key {
                return None;
            }
            let value = match last {
                Some(last) if last.encoded_value == attribute.encoded_value => *last,
                _ => *last.insert(planned.value(attribute)),
            };
            before = before.with(value.before);
            after = after.with(value.after);
        }
        planned.next().is_none().then_some((before, after))
    }

    /// A point's attributes as the plan leaves them.
    pub fn apply(&self, attributes: List<'_, KeyValueView<'_>>) -> MessageList {
        // Room for four bytes of framing an attribute; more only where one is longer than 127 bytes.
        let mut left = MessageList::with_capacity(self.room_for(attributes));
        for (attribute, planned) in attributes.iter().zip(&self.keys) {
            match &planned.action {
                KeyAction::Keep => left.push(attribute.bytes),
                KeyAction::Delete => {}
                KeyAction::Rename(key) => left.push_with(|out| {
                    put_length_delimited(out, 1, key.as_bytes());
                    put_length_delimited(out, 2, attribute.encoded_value);
                }),
            }
        }
        left
    }

    fn room_for(&self, attributes: List<'_, KeyValueView<'_>>) -> usize {
        let stays = |(attribute, planned): (KeyValueView<'_>, &PlannedKey)| match &planned.action {
            KeyAction::Keep => attribute.bytes.len() + 4,
            KeyAction::Delete => 0,
            KeyAction::Rename(key) => key.len() + attribute.encoded_value.len() + 8,
        };
        attributes.iter().zip(&self.keys).map(stays).sum()
    }
}

impl PlannedKey {
    fn value<'b>(&self, attribute: KeyValueView<'b>) -> LastValue<'b> {
        let value = attribute.value();
        let before = self.before.attribute(value);
        let after = match (&self.action, &self.after) {
            (KeyAction::Keep, _) => before,
            (_, Some(after)) => after.attribute(value),
            (_, None) => StreamId::NO_ATTRIBUTES,
        };
        LastValue { encoded_value: attribute.encoded_value, before, after }
    }
}

fn actions(rule: &Rule, keys: &[&[u8]]) -> Vec<KeyAction> {
    let mut actions: Vec<KeyAction> = keys
        .iter()
        .map(|key| match (rule.keeps(key), rule.new_name(key)) {
            (false, _) => KeyAction::Delete,
            (true, None) => KeyAction::Keep,
            (true, Some(name)) => KeyAction::Rename(name.into()),
        })
        .collect();
    // A renamed attribute takes the place of one that has its new key already.
    let taken: Vec<Box<str>> = actions
        .iter()
        .filter_map(|action| match action {
            KeyAction::Rename(name) => Some(name.clone()),
            _ => None,
        })
        .collect();
    for (action, key) in actions.iter_mut().zip(keys) {
        if *action == KeyAction::Keep && taken.iter().any(|name| name.as_bytes() == *key) {
            *action = KeyAction::Delete;
        }
    }
    delete_beyond_limit(rule, keys, &mut actions);
    actions
}

/// Leaves the attributes that the rule's priorities name first, then those first in the alphabet.
fn delete_beyond_limit(rule: &Rule, keys: &[&[u8]], actions: &mut [KeyAction]) {
    let Some(most) = rule.max_dimensions else { return };
    let mut ranked: Vec<(usize, Vec<u8>, usize)> = actions
        .iter()
        .zip(keys)
        .enumerate()
        .filter_map(|(index, (action, key))| {
            let key = match action {
                KeyAction::Keep => key,
                KeyAction::Delete => return None,
                KeyAction::Rename(name) => name.as_bytes(),
            };
            Some((rule.rank(key), key.to_vec(), index))
        })
        .collect();
    ranked.sort();
    for (_, _, index) in ranked.into_iter().skip(most) {
        if let Some(action) = actions.get_mut(index) {
            *action = KeyAction::Delete;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::{DimensionsConfig, MetricRuleConfig};
    use super::super::rules::Rules;
    use super::*;

    fn left(rule: MetricRuleConfig, keys: &[&str]) -> Vec<String> {
        let config = DimensionsConfig {
            metrics: vec![MetricRuleConfig { name: "*".to_owned(), ..rule }],
            ..DimensionsConfig::default()
        };
        let rules = Rules::new(&config).unwrap();
        let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
        let plan = KeyPlan::new(rules.get(rules.place_of(b"any")), &StreamHasher::new(), &keys);
        let names = keys.iter().enumerate().filter_map(|(index, key)| match plan.action(index) {
            KeyAction::Keep => Some(String::from_utf8(key.to_vec()).unwrap()),
            KeyAction::Delete => None,
            KeyAction::Rename(name) => Some(name.to_string()),
        });
        names.collect()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn what_is_kept_and_not_dropped_stays() {
        let rule = || MetricRuleConfig {
            keep: texts(&["a*", "/^b/"]),
            drop: texts(&["ab"]),
            ..MetricRuleConfig::default()
        };
        assert_eq!(left(rule(), &["aa", "ab", "b1", "cb"]), ["aa", "b1"]);
        let nothing_said = MetricRuleConfig::default();
        assert_eq!(left(nothing_said, &["b", "a"]), ["b", "a"]);
    }

    #[test]
    fn a_renamed_key_takes_the_place_of_an_older_one() {
        let rename = [("a", "b"), ("b", "c")].map(|(old, new)| (old.to_owned(), new.to_owned()));
        let rule = || MetricRuleConfig { rename: rename.clone().into(), ..MetricRuleConfig::default() };
        assert_eq!(left(rule(), &["a", "b"]), ["b", "c"], "all at once, not one after the other");
        assert_eq!(left(rule(), &["c", "b"]), ["c"]);
        assert_eq!(left(rule(), &["x", "c"]), ["x", "c"]);
    }

    #[test]
    fn of_too_many_the_named_ones_survive_then_the_first_of_the_alphabet() {
        let rule = || MetricRuleConfig {
            rename: [("y".to_owned(), "route".to_owned())].into(),
            priority: Some(texts(&["route", "s*"])),
            max_dimensions: Some(3),
            ..MetricRuleConfig::default()
        };
        assert_eq!(left(rule(), &["b", "sb", "a", "y", "sa"]), ["sb", "route", "sa"]);
        assert_eq!(left(rule(), &["c", "b", "a", "d"]), ["c", "b", "a"]);
    }
}
