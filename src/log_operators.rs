//! The operators that a receiver of logs applies to what it reads: parse a line, find its time and
//! severity, move values about, put lines together again. Fields and behaviour are those of the
//! Collector's `pkg/stanza`.
//!
//! A receiver has a field `operators` of type [`Operators`] in its section, builds an [`OperatorChain`]
//! from it, runs every [`LogEntry`] through that, and hands on what comes out with [`append_log_entries`].
//!
//! # Adding an operator
//!
//! 1. Its section, declared with [`config_section!`](crate::config_section), has one of these among its
//!    fields: `pub [flatten] parser: ParserFields` (`id`, `output`, `on_error`, `if`, `parse_from`,
//!    `parse_to`, `body` and the blocks `timestamp`, `severity`, `trace`, `scope_name`),
//!    `pub [flatten] transformer: TransformerFields` (`id`, `output`, `on_error`, `if`), or
//!    `pub [flatten] writer: WriterFields` (`id`, `output`). A key that is a word of Rust is written
//!    `r#type`. Fields of an entry are of type [`Field`] or, where `attributes` alone is allowed,
//!    [`RootableField`]; one that need not be written is an `Option` of it. `type` is not declared: the
//!    list takes it off.
//! 2. [`OperatorSection`] for the section: the name of the type, the [`WriterFields`] within, and `build`.
//!    That checks the section and makes the operator; it is called to check the configuration, too, so it
//!    says with [`InvalidOperator::at`] which key is wrong. Usually it ends in one of
//!    - `self.parser.build(context, parser)` with a [`ValueParser`]: one value becomes another, the rest
//!      is the frame's business;
//!    - `self.transformer.build(context, transform)` with an [`EntryTransform`]: one entry is changed;
//!    - a [`Box`] of an [`Operator`] that does as it likes: holds entries back, sends several or none.
//! 3. One line in [`OPERATORS`].
//!
//! A block such as `timestamp` is an [`EntryTransform`] too, made from its own section: a field of
//! [`ParserFields`] and a line in its `frame`.

mod chain;
mod config;
mod entry;
mod error;
mod expression;
mod failures;
mod field;
mod graph;
mod operator;
mod parser_frame;
mod parsers;
mod transformer_frame;
mod transformers;
mod value;
mod wire;

#[cfg(test)]
mod tests;

pub use self::chain::OperatorChain;
pub use self::config::{OPERATORS, OperatorType, Operators};
pub use self::entry::{LogEntry, severity_name};
pub use self::error::OperatorError;
pub use self::expression::{Condition, Expression, InvalidExpression, Template};
pub use self::field::{Field, InvalidField, RootableField};
pub use self::operator::{
    BuildContext, EntryTransform, Fate, InvalidOperator, Operator, OperatorSection, Outlet, Way,
};
pub use self::parser_frame::{ParserFields, ParserFrame, ValueParser};
pub use self::parsers::timestamp::{TimestampConfig, TimestampParser};
pub use self::transformer_frame::{TransformerFields, TransformerFrame, WriterFields};
pub use self::value::{JsonNumbers, Text, Value, ValueMap, put_value};
pub use self::wire::{append_log_entries, put_log_entries};
