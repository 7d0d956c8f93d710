//! The operators that read a format: each makes a map of a text, or finds an entry's time, severity, trace or
//! scope in a field.

pub(super) mod container;
pub(super) mod csv;
pub(super) mod json;
pub(super) mod json_array;
pub(super) mod key_value;
pub(super) mod regex;
pub(super) mod scope_name;
pub(super) mod severity;
pub(super) mod syslog;
pub(super) mod timestamp;
pub(super) mod trace;
pub(super) mod uri;
