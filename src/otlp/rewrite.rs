//! Editing telemetry on the wire: one walk that copies what stays in long runs and splices what changes.
//!
//! An [`Editor`] is asked about each message on the way down, and about each attribute of the messages
//! it enters. Unknown fields survive, the lengths around a change are put right, and a batch in which
//! nothing changed keeps its bytes.
//!
//! ```
//! # use bytes::Bytes;
//! # use weir::otlp::{AnyValueView, Batch, Signal, Text};
//! use weir::otlp::{AttributeList, AttributeVerdict, Context, Editor, KeyValueView, MessageKind, Verdict};
//!
//! /// Deletes `password` from every span and marks the span.
//! struct Redact;
//!
//! impl Editor for Redact {
//!     fn message(&mut self, kind: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
//!         match kind {
//!             MessageKind::ResourceGroup | MessageKind::ScopeGroup | MessageKind::Span => Verdict::Enter,
//!             _ => Verdict::Keep,
//!         }
//!     }
//!
//!     fn attribute(
//!         &mut self, _: MessageKind, attribute: KeyValueView<'_>, _: &mut AttributeList<'_, '_>,
//!     ) -> AttributeVerdict {
//!         if attribute.key == "password" { AttributeVerdict::Delete } else { AttributeVerdict::Keep }
//!     }
//!
//!     fn end_of_attributes(&mut self, kind: MessageKind, list: &mut AttributeList<'_, '_>) {
//!         if kind == MessageKind::Span {
//!             list.push("redacted", AnyValueView::Bool(true));
//!         }
//!     }
//! }
//!
//! # let body = Bytes::from_static(b"\x0a\x18\x12\x16\x12\x14\x4a\x12\x0a\x08password\x12\x06\x0a\x04hunt");
//! # let batch = Batch::from_untrusted_part(Signal::Traces, body)?;
//! let batch = batch.rewrite(&mut Redact);
//! # let group = batch.resource_groups().next().unwrap().scope_groups.iter().next().unwrap();
//! # let span = group.spans().next().unwrap();
//! # assert!(span.attributes.get("password").is_none());
//! # assert!(matches!(span.attributes.get("redacted"), Some(AnyValueView::Bool(true))));
//! # Ok::<(), weir::otlp::InvalidBody>(())
//! ```

mod attribute_list;
mod attributes_in_place;
mod layout;
mod output;
mod walk;

#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use self::attribute_list::{AttributeList, put_any_value};
pub use self::attributes_in_place::{AttributePlace, AttributesInPlace, PlacedAttributes};
pub use self::layout::MessageKind;
use self::walk::Walk;
use super::{Batch, KeyValueView, ResourceGroup, ScopeGroup, Signal};

/// What is to become of each message and attribute of a batch.
///
/// Calls come in the order of the bytes. A group without a `Resource` or `InstrumentationScope` is asked
/// about an empty one first, so that attributes can be added to it.
pub trait Editor {
    /// Decides about one message, given encoded; `context` shows what is above it, before any edit.
    fn message(&mut self, kind: MessageKind, message: &[u8], context: &Context<'_>) -> Verdict;

    /// Decides about one attribute of an entered message. What is pushed to `list` goes before it, or in
    /// its place if it is deleted.
    fn attribute(
        &mut self,
        owner: MessageKind,
        attribute: KeyValueView<'_>,
        list: &mut AttributeList<'_, '_>,
    ) -> AttributeVerdict {
        let _ = (owner, attribute, list);
        AttributeVerdict::Keep
    }

    /// Called after the last attribute of an entered message: what is pushed to `list` is appended.
    fn end_of_attributes(&mut self, owner: MessageKind, list: &mut AttributeList<'_, '_>) {
        let _ = (owner, list);
    }

    /// Edits all attributes of a message together, where [`Verdict::EditAttributes`] was the answer.
    fn edit_attributes(&mut self, owner: MessageKind, attributes: &mut AttributesInPlace<'_, '_>) {
        let _ = (owner, attributes);
    }

    /// True where a metric left without data points, a scope group left without records and a resource
    /// group left without scope groups are to go too. Only entered ones are looked at.
    fn removes_empty_parents(&self) -> bool {
        false
    }
}

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It stays as it is, and nobody is asked about what is in it.
    Keep,
    /// It goes, with all in it.
    Drop,
    /// Its attributes and the messages in it are decided about one by one.
    Enter,
    /// Its attributes are edited as one list; what else is in it stays as it is.
    EditAttributes,
    /// These bytes, a valid message of the same type, take its place.
    Replace(Vec<u8>),
}

/// What is to become of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeVerdict {
    /// It stays as it is.
    Keep,
    /// It goes.
    Delete,
}

/// What is above a message, as it was before any edit. Empty for levels not reached yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The resource group, with its resource and schema URL.
    pub resource_group: ResourceGroup<'a>,
    /// The scope group, with its scope and schema URL.
    pub scope_group: ScopeGroup<'a>,
    /// The encoded metric, span or log record.
    pub record: &'a [u8],
}

/// A request body after a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The body; the same bytes, shared, where nothing changed.
    pub part: Bytes,
    /// Spans, data points or log records that are no longer there.
    pub items_removed: usize,
    /// Items that replacements brought beyond those they replaced.
    pub items_added: usize,
}

/// Walks a valid request body of `signal` and edits it as `editor` says.
pub fn rewrite<E: Editor>(signal: Signal, part: &Bytes, editor: &mut E) -> Rewritten {
    Walk::new(signal, part, editor).rewrite()
}

impl Batch {
    /// The batch edited as `editor` says, from the same client. Parts of which nothing is left are gone.
    #[must_use]
    pub fn rewrite<E: Editor>(self, editor: &mut E) -> Self {
        let (signal, client, mut items) = (self.signal(), self.client().cloned(), self.items());
        let mut parts = self.into_parts();
        for part in &mut parts {
            let rewritten = rewrite(signal, part, editor);
            items = (items + rewritten.items_added).saturating_sub(rewritten.items_removed);
            *part = rewritten.part;
        }
        parts.retain(|part| !part.is_empty());
        Self::of_parts(signal, parts, items).with_client(client)
    }
}
