//! One action as users write it, and what can be wrong with it.

use super::compile::{KeyTable, compile_action};
use crate::config::{Anything, Checking};
use crate::config_section;

config_section! {
    /// One action on attributes. Actions are applied in the order written.
    pub struct ActionConfig {
        /// The attribute to act upon. `delete` and `hash` may have a `pattern` instead.
        pub key: String = String::new(),
        /// `insert` adds the attribute where there is none with this key, `update` changes it where there is
        /// one, and `upsert` does either. `delete` removes it, `hash` puts the SHA-256 of its value in hex in
        /// its place, `extract` makes attributes of the parts of its value that `pattern` finds, and
        /// `convert` changes the type of its value. Case does not matter.
        pub action: String = String::new(),
        /// For `insert`, `update` and `upsert`: the value, of whatever type it is written as.
        pub value: Anything = Anything::default(),
        /// For `insert`, `update` and `upsert`: the attribute whose value to take. Without it nothing happens.
        pub from_attribute: String = String::new(),
        /// For `insert`, `update` and `upsert`: what to take of the client: `metadata.<header>` (with
        /// `include_metadata` at the receiver; several values are joined by `;`), `auth.<attribute>` or
        /// `client.address`. Without it nothing happens.
        pub from_context: String = String::new(),
        /// For `insert`, `update` and `upsert`: the value where `from_attribute` or `from_context` has none.
        pub default_value: Anything = Anything::default(),
        /// For `delete` and `hash`: a regular expression; attributes whose keys it finds are acted upon. For
        /// `extract`: one with named groups only; each group becomes an attribute of that name. In Go's syntax.
        pub pattern: String = String::new(),
        /// For `convert`: the type wanted: `int`, `double` or `string`. What cannot be converted stays.
        pub converted_type: String = String::new(),
    }
}

/// Notes what is wrong with each action of the list under `field`.
pub fn check_actions(field: &str, actions: &[ActionConfig], checking: &mut Checking) {
    if actions.is_empty() {
        checking.error_at(field, format!("missing required field {field:?}"));
    }
    for (index, action) in actions.iter().enumerate() {
        if let Err(invalid) = compile_action(index, action, &mut KeyTable::default()) {
            checking.within(field, |checking| {
                checking.within(format!("[{index}]"), |checking| {
                    checking.error_at(invalid.field, invalid.message);
                });
            });
        }
    }
}
