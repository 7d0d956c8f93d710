//! Configuration: from the Collector's YAML to typed sections, with a position for every error.

mod anything;
mod configuration;
mod duration;
mod node;
mod optional;
mod report;
mod secret;
mod section;
pub mod telemetry;
mod value;

pub use anything::Anything;
pub use configuration::{
    ComponentSection, ComponentSections, ConfigErrors, Configuration, LoadOptions, PipelineSection,
    ServiceSection,
};
pub use duration::GoDuration;
pub use node::{Entry, Location, Node, NodeValue};
pub use optional::Optional;
pub use report::{Checking, ConfigError, Decoding};
pub use secret::{Secret, Secrets};
pub use section::{
    AnySection, FieldDocs, Section, SectionDocs, config_section, nearest, unknown_key_hint, update_section,
};
pub use value::{ConfigValue, TypeDocs};
