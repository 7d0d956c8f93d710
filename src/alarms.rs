//! Alarms: rules over metrics, evaluated as the metrics pass, whose states go between `OK`, `ALARM` and
//! `INSUFFICIENT_DATA` and whose transitions notify people or scale something.
//!
//! The vocabulary and the semantics are CloudWatch's. A [`RuleConfig`] says what is watched; an [`Engine`] takes
//! batches of metrics and keeps a window of periods per series; an [`Evaluation`] decides what state a window
//! means. What a [`Transition`] sets off is up to who runs the engine.

pub mod actions;
mod comparison;
mod engine;
mod evaluation;
mod expression;
mod reason;
mod rule;
mod selector;
mod series;
mod state;
mod statistic;

pub use comparison::ComparisonOperator;
pub use engine::{Closed, Engine, EngineCounts, Forgotten, Transition};
pub use evaluation::Evaluation;
pub use expression::{Expression, InvalidExpression, Operator};
pub use rule::{MetricConfig, MetricTermConfig, Rule, RuleConfig, Term};
pub use selector::MetricSelector;
pub use series::{AlarmSeries, SeriesRecord};
pub use state::{AlarmState, MissingData};
pub use statistic::{Samples, Statistic, UnknownStatistic};
