//! Configuration: from the Collector's YAML to typed sections, with a position for every error.

mod anything;
mod byte_size;
mod configuration;
mod duration;
mod effective;
mod expand;
mod load;
mod merge;
mod node;
mod optional;
mod pattern;
mod regexp;
mod report;
mod secret;
mod section;
mod shown_url;
mod sources;
pub mod telemetry;
mod typed_section;
mod value;
mod word;
mod yaml;

pub use anything::Anything;
pub use byte_size::ByteSize;
pub use configuration::{
    ComponentSection, ComponentSections, ConfigErrors, Configuration, LoadOptions, PipelineSection,
    ServiceSection,
};
pub use duration::GoDuration;
pub use load::{Resolved, decode_document, load, load_from, place_error, resolve, resolve_document};
pub use node::{Entry, Location, Node, NodeValue};
pub use optional::Optional;
pub use pattern::Pattern;
pub use regexp::{InvalidRegexp, compile_go_regexp};
pub use report::{Checking, ConfigError, Decoding};
pub use secret::{REDACTED, Secret, Secrets};
pub use section::{
    AnySection, FieldDocs, Section, SectionDocs, config_section, key_of, nearest, unknown_key_hint,
    update_section,
};
pub use shown_url::{origin_of, redact_urls};
pub use sources::Sources;
pub use typed_section::typed_section;
pub use value::{ConfigValue, ScalarText, TypeDocs};
pub use word::{Word, config_word, update_word, word_of, words};
pub use yaml::parse_yaml;
