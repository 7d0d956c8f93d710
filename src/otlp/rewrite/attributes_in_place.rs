//! All attributes of one message at once, for edits in which the fate of one depends on the others.

use std::ops::Range;

use super::MessageKind;
use super::attribute_list::put_attribute;
use super::output::Output;
use crate::otlp::wire::Fields;
use crate::otlp::{KeyValueView, View};

/// The attributes of a message as they lie in the source, and the edits to them.
///
/// Read first, as often as needed; then edit each place at most once, in the order of the bytes; then push.
#[derive(Debug)]
pub struct AttributesInPlace<'walk, 'source> {
    pub(super) output: &'walk mut Output<'source>,
    pub(super) message: &'source [u8],
    /// Where the message starts in the source.
    pub(super) message_at: usize,
    pub(super) field_number: u32,
}

/// Where an attribute lies in its message: from its key to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributePlace {
    start: usize,
    content_start: usize,
    end: usize,
}

impl<'source> AttributesInPlace<'_, 'source> {
    /// The attributes in order, each with its place.
    pub fn iter(&self) -> PlacedAttributes<'source> {
        PlacedAttributes::under_field(self.message, self.field_number)
    }

    /// The attribute at `place`.
    pub fn at(&self, place: AttributePlace) -> KeyValueView<'source> {
        KeyValueView::parse(self.message.get(place.content_start..place.end).unwrap_or_default())
    }

    /// Leaves the attribute at `place` out.
    pub fn delete(&mut self, place: AttributePlace) {
        self.output.leave_out(self.message_at + place.start, self.message_at + place.end);
    }

    /// Puts another attribute in the place of the one there.
    pub fn replace(&mut self, place: AttributePlace, key: &[u8], encoded_value: &[u8]) {
        self.delete(place);
        let out = self.output.insert_at(self.message_at + place.end);
        put_attribute(out, self.field_number, key, encoded_value);
    }

    /// Appends an attribute. That there is none with this key yet is the caller's to know.
    pub fn push(&mut self, key: &[u8], encoded_value: &[u8]) {
        let out = self.output.insert_at(self.message_at + self.message.len());
        put_attribute(out, self.field_number, key, encoded_value);
    }
}

/// The attributes of a message with their places.
#[derive(Debug)]
pub struct PlacedAttributes<'source> {
    fields: Fields<'source>,
    message_length: usize,
    field_number: u32,
}

impl<'source> PlacedAttributes<'source> {
    /// The attributes of an encoded message.
    pub const fn of(kind: MessageKind, message: &'source [u8]) -> Self {
        Self::under_field(message, kind.attributes_field())
    }

    const fn under_field(message: &'source [u8], field_number: u32) -> Self {
        Self { fields: Fields::of(message), message_length: message.len(), field_number }
    }
}

impl AttributePlace {
    /// The attribute's bytes in its message, the key of its field included.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl<'source> Iterator for PlacedAttributes<'source> {
    type Item = (AttributePlace, KeyValueView<'source>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.message_length - self.fields.rest().len();
            let content = match self.fields.next_short(self.field_number) {
                Some(content) => content,
                None => match self.fields.next()? {
                    (number, value) if number == self.field_number => value.bytes(),
                    _ => continue,
                },
            };
            let end = self.message_length - self.fields.rest().len();
            let place = AttributePlace { start, content_start: end - content.len(), end };
            return Some((place, KeyValueView::parse(content)));
        }
    }
}
