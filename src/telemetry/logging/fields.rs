//! From an event's fields to the values in its log line.

use std::fmt;

use serde_json::Value;
use tracing::field::{Field, Visit};

use super::LogFields;

/// Gathers the fields of an event or a span; the message stands apart.
#[derive(Default)]
pub struct FieldCollector {
    /// The event's sentence.
    pub message: String,
    /// Everything else, in the order written.
    pub fields: LogFields,
}

impl FieldCollector {
    fn push(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.push(field.name(), value.into());
    }
}

impl Visit for FieldCollector {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.push(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.push(field, value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.push(field, format!("{value:?}"));
        }
    }
}
