//! The walk over a request body that asks the editor and keeps the output in step.

use bytes::Bytes;

use super::layout::{MessageKind, Role};
use super::output::Output;
use super::{AttributeList, AttributeVerdict, AttributesInPlace, Context, Editor, Rewritten, Verdict};
use crate::otlp::wire::{Fields, put_length_delimited};
use crate::otlp::{KeyValueView, ResourceGroup, ScopeGroup, Signal, View};

pub(super) struct Walk<'part, 'editor, E> {
    signal: Signal,
    part: &'part Bytes,
    editor: &'editor mut E,
    output: Output<'part>,
    items_removed: usize,
    items_added: usize,
}

/// A field that holds a message: its number, where its key starts, and its content, up to `end`.
#[derive(Clone, Copy)]
struct Found<'part> {
    number: u32,
    key_at: usize,
    content: &'part [u8],
    end: usize,
}

impl<'part, 'editor, E: Editor> Walk<'part, 'editor, E> {
    pub fn new(signal: Signal, part: &'part Bytes, editor: &'editor mut E) -> Self {
        Self { signal, part, editor, output: Output::new(part), items_removed: 0, items_added: 0 }
    }

    pub fn rewrite(mut self) -> Rewritten {
        let part: &'part [u8] = self.part;
        let mut fields = Fields::of(part);
        let mut key_at = 0;
        while let Some((number, value)) = fields.next() {
            let end = part.len() - fields.rest().len();
            if number == 1 {
                let group = Found { number, key_at, content: value.bytes(), end };
                self.visit(MessageKind::ResourceGroup, group, &Context::default());
            }
            key_at = end;
        }
        Rewritten {
            part: self.output.finish().unwrap_or_else(|| self.part.clone()),
            items_removed: self.items_removed,
            items_added: self.items_added,
        }
    }

    /// Does with a message what the editor says. Returns whether it is still there.
    fn visit(&mut self, kind: MessageKind, found: Found<'part>, above: &Context<'part>) -> bool {
        match self.editor.message(kind, found.content, above) {
            Verdict::Keep => true,
            Verdict::Enter => match kind {
                MessageKind::ResourceGroup => {
                    let resource_group = ResourceGroup::parse(found.content);
                    self.enter(kind, found, &Context { resource_group, ..*above })
                }
                MessageKind::ScopeGroup => {
                    let scope_group = ScopeGroup::parse(found.content);
                    self.enter(kind, found, &Context { scope_group, ..*above })
                }
                MessageKind::Span | MessageKind::LogRecord | MessageKind::Metric => {
                    self.enter(kind, found, &Context { record: found.content, ..*above })
                }
                _ => self.enter(kind, found, above),
            },
            Verdict::EditAttributes => {
                self.edit_attributes(kind, found);
                true
            }
            Verdict::Drop => {
                self.items_removed += kind.items_in(self.signal, found.content);
                self.output.leave_out(found.key_at, found.end);
                false
            }
            Verdict::Replace(replacement) => {
                self.items_removed += kind.items_in(self.signal, found.content);
                self.items_added += kind.items_in(self.signal, &replacement);
                self.output.leave_out(found.key_at, found.end);
                put_length_delimited(self.output.insert_at(found.end), found.number, &replacement);
                true
            }
        }
    }

    /// Decides about what is in a message. Returns whether the message is still there.
    fn enter(&mut self, kind: MessageKind, found: Found<'part>, context: &Context<'part>) -> bool {
        let content_at = found.end - found.content.len();
        let open = self.output.open(found.key_at, content_at);
        if let Some((number, header_kind)) = kind.header_field()
            && Fields::of(found.content).all(|(present, _)| present != number)
        {
            self.visit_absent(header_kind, number, content_at, context);
        }
        let attributes_field = kind.attributes_field();
        let mut holds_records = false;
        let mut fields = Fields::of(found.content);
        let mut key_at = content_at;
        loop {
            while let Some(content) = fields.next_short(attributes_field) {
                let end = found.end - fields.rest().len();
                self.visit_attribute(kind, Found { number: attributes_field, key_at, content, end });
                key_at = end;
            }
            let Some((number, value)) = fields.next() else { break };
            let end = found.end - fields.rest().len();
            let child = Found { number, key_at, content: value.bytes(), end };
            if number == attributes_field {
                self.visit_attribute(kind, child);
            } else {
                match kind.role_of_field(number, self.signal) {
                    Role::Message(child_kind) => {
                        let stays = self.visit(child_kind, child, context);
                        holds_records |= stays && child_kind.counts_for_parent();
                    }
                    Role::Data(point_kind) => holds_records |= self.enter_data(point_kind, child, context),
                    Role::Other => {}
                }
            }
            key_at = end;
        }
        if attributes_field != 0 {
            let mut list = AttributeList {
                output: &mut self.output,
                source_position: found.end,
                field_number: attributes_field,
            };
            self.editor.end_of_attributes(kind, &mut list);
        }
        if kind.is_parent_of_records() && !holds_records && self.editor.removes_empty_parents() {
            self.output.take_back(open, found.end);
            return false;
        }
        self.output.close(open, found.end);
        true
    }

    /// Has the attributes of a message edited as one list.
    fn edit_attributes(&mut self, kind: MessageKind, found: Found<'part>) {
        let content_at = found.end - found.content.len();
        let open = self.output.open(found.key_at, content_at);
        let mut attributes = AttributesInPlace {
            output: &mut self.output,
            message: found.content,
            message_at: content_at,
            field_number: kind.attributes_field(),
        };
        self.editor.edit_attributes(kind, &mut attributes);
        self.output.close(open, found.end);
    }

    /// Decides about a metric's data points. Returns whether there are any left.
    fn enter_data(&mut self, kind: MessageKind, found: Found<'part>, context: &Context<'part>) -> bool {
        let content_at = found.end - found.content.len();
        let open = self.output.open(found.key_at, content_at);
        let mut holds_points = false;
        let mut fields = Fields::of(found.content);
        let mut key_at = content_at;
        while let Some((number, value)) = fields.next() {
            let end = found.end - fields.rest().len();
            if number == 1 {
                let point = Found { number, key_at, content: value.bytes(), end };
                holds_points |= self.visit(kind, point, context);
            }
            key_at = end;
        }
        self.output.close(open, found.end);
        holds_points
    }

    #[inline(always)]
    fn visit_attribute(&mut self, owner: MessageKind, found: Found<'part>) {
        let mut list = AttributeList {
            output: &mut self.output,
            source_position: found.key_at,
            field_number: found.number,
        };
        match self.editor.attribute(owner, KeyValueView::parse(found.content), &mut list) {
            AttributeVerdict::Keep => {}
            AttributeVerdict::Delete => self.output.leave_out(found.key_at, found.end),
        }
    }

    /// Asks about a resource or scope that the group at `content_at` does not have.
    fn visit_absent(&mut self, kind: MessageKind, number: u32, content_at: usize, context: &Context<'part>) {
        let added = match self.editor.message(kind, &[], context) {
            Verdict::Keep | Verdict::Drop => return,
            Verdict::Replace(message) => message,
            Verdict::Enter => {
                let mut output = Output::new(&[]);
                let field_number = kind.attributes_field();
                let mut list = AttributeList { output: &mut output, source_position: 0, field_number };
                self.editor.end_of_attributes(kind, &mut list);
                output.finish().unwrap_or_default().to_vec()
            }
            Verdict::EditAttributes => {
                let mut output = Output::new(&[]);
                let field_number = kind.attributes_field();
                let mut attributes =
                    AttributesInPlace { output: &mut output, message: &[], message_at: 0, field_number };
                self.editor.edit_attributes(kind, &mut attributes);
                output.finish().unwrap_or_default().to_vec()
            }
        };
        if !added.is_empty() {
            put_length_delimited(self.output.insert_at(content_at), number, &added);
        }
    }
}
