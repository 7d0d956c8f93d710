//! The labels of one series after the other, put together in one buffer: the quick way to what
//! [`LabelRules::of_series`] says.

use super::{FamilyKind, InvalidLabelName, Label, LabelRules};
use crate::otlp::{KeyValueView, List, ResourceGroup, ScopeGroup};

/// The labels of a series of one scope.
pub struct SeriesLabels<'r> {
    rules: &'r LabelRules,
    /// Names and values: first those that all series of the scope have.
    text: String,
    of_scope: Vec<Placed>,
    scope_text_length: usize,
    labels: Vec<Placed>,
}

/// Where a label stands in the text: its name and behind it its value.
#[derive(Clone, Copy)]
struct Placed {
    start: usize,
    name_end: usize,
    end: usize,
}

impl<'r> SeriesLabels<'r> {
    /// Of no scope yet.
    pub const fn new(rules: &'r LabelRules) -> Self {
        Self { rules, text: String::new(), of_scope: Vec::new(), scope_text_length: 0, labels: Vec::new() }
    }

    /// Goes on to the series of a scope.
    ///
    /// # Errors
    ///
    /// Where an attribute of the scope cannot be a label: none of its series can be written then.
    pub fn enter(
        &mut self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
    ) -> Result<(), InvalidLabelName> {
        self.text.clear();
        self.labels.clear();
        for (name, value) in self.rules.own_labels(group, scope_group)? {
            self.push(&name, &value);
        }
        for Label { name, value } in self.rules.constant_labels() {
            self.push(name, value);
        }
        for attribute in self.rules.chosen_of_resource(group) {
            self.push_attribute(attribute)?;
        }
        self.of_scope.clone_from(&self.labels);
        self.scope_text_length = self.text.len();
        Ok(())
    }

    /// Puts the labels of a series of that scope together.
    ///
    /// # Errors
    ///
    /// Where an attribute's key cannot be the name of a label.
    pub fn read(
        &mut self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
        attributes: List<'_, KeyValueView<'_>>,
        kind: FamilyKind,
    ) -> Result<(), InvalidLabelName> {
        self.text.truncate(self.scope_text_length);
        self.labels.clone_from(&self.of_scope);
        for attribute in attributes.iter() {
            self.push_attribute(attribute)?;
        }
        let text = self.text.as_str();
        self.labels.sort_unstable_by(|left, right| left.name(text).cmp(right.name(text)));
        let is_taken = |name: &str| name == "__name__" || Some(name) == kind.sample_label();
        let meet = self.labels.windows(2).any(|pair| match pair {
            [left, right] => left.name(text) == right.name(text),
            _ => false,
        });
        if meet || self.labels.iter().any(|label| is_taken(label.name(text))) {
            return self.read_slowly(group, scope_group, attributes, kind);
        }
        Ok(())
    }

    /// Names and values in the order of the names, which differ.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|label| (label.name(&self.text), label.value(&self.text)))
    }

    /// Labels that meet under one name.
    fn read_slowly(
        &mut self,
        group: &ResourceGroup<'_>,
        scope_group: &ScopeGroup<'_>,
        attributes: List<'_, KeyValueView<'_>>,
        kind: FamilyKind,
    ) -> Result<(), InvalidLabelName> {
        let labels = self.rules.of_series(group, scope_group, attributes, kind)?;
        self.text.truncate(self.scope_text_length);
        self.labels.clear();
        for Label { name, value } in labels.iter().filter(|label| label.name != "__name__") {
            self.push(name, value);
        }
        Ok(())
    }

    fn push(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let name_end = self.text.len();
        self.text.push_str(value);
        self.labels.push(Placed { start, name_end, end: self.text.len() });
    }

    fn push_attribute(&mut self, attribute: KeyValueView<'_>) -> Result<(), InvalidLabelName> {
        let start = self.text.len();
        let key = attribute.key.to_str();
        let is_name = self.rules.naming().append_label(&mut self.text, &key);
        let name_end = self.text.len();
        attribute.value().append_text(&mut self.text);
        let placed = Placed { start, name_end, end: self.text.len() };
        if !self.rules.shows(placed.value(&self.text)) {
            self.text.truncate(start);
            return Ok(());
        }
        if !is_name || !self.rules.may_be_named(placed.name(&self.text)) {
            return Err(InvalidLabelName(key.into_owned()));
        }
        self.labels.push(placed);
        Ok(())
    }
}

impl Placed {
    fn name(self, text: &str) -> &str {
        text.get(self.start..self.name_end).unwrap_or_default()
    }

    fn value(self, text: &str) -> &str {
        text.get(self.name_end..self.end).unwrap_or_default()
    }
}
