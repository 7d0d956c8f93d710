//! `include` and `exclude`: which spans, log records or metrics a processor is for.
//!
//! A record is chosen where it matches `include`, if there is one, and does not match `exclude`, if there
//! is one. It matches where all fields written match; within most fields one of the items is enough, but
//! `attributes`, `resources` and `libraries` have to match item by item, as in the Collector.

mod condition;
mod config;
mod matcher;

#[cfg(test)]
mod tests;

pub use self::condition::TextCondition;
pub use self::config::{MatchProperties, RegexpCacheConfig};
use self::matcher::Matcher;
use crate::otlp::{ResourceGroup, ScopeGroup, Signal, View};

/// Chooses records.
#[derive(Debug, Default)]
pub struct RecordFilter {
    include: Option<Matcher>,
    exclude: Option<Matcher>,
}

impl RecordFilter {
    /// Compiles the sections for records of `signal`.
    ///
    /// # Errors
    /// What is wrong with them, in the Collector's words; some fields are for some signals only.
    pub fn compile(
        signal: Signal,
        include: Option<&MatchProperties>,
        exclude: Option<&MatchProperties>,
    ) -> Result<Self, String> {
        let compile = |properties: Option<&MatchProperties>| {
            properties.map(|properties| Matcher::compile(signal, properties)).transpose()
        };
        Ok(Self { include: compile(include)?, exclude: compile(exclude)? })
    }

    /// What is known of the records of a scope group before any of them is looked at.
    pub fn scope_group(&self, resource_group: ResourceGroup<'_>, scope_group: &[u8]) -> ChosenOfScopeGroup {
        if self.include.is_none() && self.exclude.is_none() {
            return ChosenOfScopeGroup::All;
        }
        let scope = ScopeGroup::parse(scope_group).scope;
        let matches = |matcher: &Matcher| matcher.matches_above(resource_group.resource, scope);
        let is_included = self.include.as_ref().is_none_or(matches);
        let exclude = self.exclude.as_ref().filter(|exclude| matches(exclude));
        let is_excluded = exclude.is_some_and(|exclude| !exclude.looks_at_records());
        if !is_included || is_excluded {
            return ChosenOfScopeGroup::None;
        }
        let looks_at_records = self.include.as_ref().is_some_and(Matcher::looks_at_records);
        if !looks_at_records && exclude.is_none() {
            return ChosenOfScopeGroup::All;
        }
        ChosenOfScopeGroup::Some { may_be_excluded: exclude.is_some() }
    }

    /// True where an encoded span, log record or metric of a group is chosen.
    pub fn chooses(&self, of_group: ChosenOfScopeGroup, record: &[u8]) -> bool {
        match of_group {
            ChosenOfScopeGroup::All => true,
            ChosenOfScopeGroup::None => false,
            ChosenOfScopeGroup::Some { may_be_excluded } => {
                let matches = |matcher: &Matcher| matcher.matches_record(record);
                let is_excluded = || may_be_excluded && self.exclude.as_ref().is_some_and(matches);
                self.include.as_ref().is_none_or(matches) && !is_excluded()
            }
        }
    }
}

/// Which records of a scope group are chosen, as far as resource and scope tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenOfScopeGroup {
    /// All of them.
    All,
    /// None.
    None,
    /// Each has to be looked at.
    Some {
        /// Whether resource and scope are those of `exclude`.
        may_be_excluded: bool,
    },
}
