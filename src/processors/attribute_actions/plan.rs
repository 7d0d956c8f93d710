//! Compiled actions: keys and constants by index, patterns compiled.

use std::sync::Arc;

use regex::bytes::Regex;

use super::client_value::ClientValue;
use super::compile::{KeyTable, compile_action};
use super::{ActionConfig, ActionRun};
use crate::otlp::Batch;

/// A list of actions, ready to be applied.
#[derive(Debug, Clone)]
pub struct AttributeActions {
    plan: Arc<Plan>,
}

/// An index into [`KeyTable`].
pub(super) type KeyId = usize;

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) keys: KeyTable,
    /// True where keys that no action names may match a pattern, so that all are noted.
    pub(super) has_key_patterns: bool,
}

/// One action.
#[derive(Debug)]
pub(super) enum Step {
    Put { key: KeyId, source: ValueSource, fallback: Option<Vec<u8>>, condition: PutCondition },
    Delete(Affected),
    Hash(Affected),
    Extract { key: KeyId, pattern: Regex, targets: Vec<KeyId> },
    Convert { key: KeyId, to: ConvertedType },
}

/// When a value is put: `insert`, `update`, `upsert`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PutCondition {
    Absent,
    Present,
    Always,
}

#[derive(Debug)]
pub(super) enum ValueSource {
    /// An encoded `AnyValue`.
    Constant(Vec<u8>),
    Attribute(KeyId),
    Client(ClientValue),
    /// The fallback alone.
    Nothing,
}

/// Which attributes an action without a value is about.
#[derive(Debug)]
pub(super) struct Affected {
    pub(super) key: Option<KeyId>,
    pub(super) pattern: Option<Regex>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConvertedType {
    Int,
    Double,
    String,
}

impl AttributeActions {
    /// Compiles a list that [`check_actions`](super::check_actions) found nothing wrong with.
    ///
    /// # Errors
    /// What is wrong with the first action that is wrong.
    pub fn compile(actions: &[ActionConfig]) -> Result<Self, String> {
        let mut keys = KeyTable::default();
        let mut steps = Vec::with_capacity(actions.len());
        for (index, action) in actions.iter().enumerate() {
            steps.push(compile_action(index, action, &mut keys).map_err(|invalid| invalid.message)?);
        }
        let has_key_patterns = steps.iter().any(|step| match step {
            Step::Delete(affected) | Step::Hash(affected) => affected.pattern.is_some(),
            _ => false,
        });
        Ok(Self { plan: Arc::new(Plan { steps, keys, has_key_patterns }) })
    }

    /// Prepares the actions for the messages of `batch`.
    pub fn run_for(&self, batch: &Batch) -> ActionRun<'_> {
        ActionRun::new(&self.plan, batch.client().map(AsRef::as_ref))
    }
}
