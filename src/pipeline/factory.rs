//! How component types are declared, so that one static table can list them all.

use std::sync::Arc;

use super::{Component, Consumer, Extension, Outputs, Settings};
use crate::config::{AnySection, Decoding, Node, Section, SectionDocs};
use crate::otlp::Signal;

/// The five kinds of component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComponentKind {
    /// Brings telemetry in.
    Receiver,
    /// Changes, gathers or drops it.
    Processor,
    /// Ends one pipeline and begins another.
    Connector,
    /// Brings telemetry out.
    Exporter,
    /// Works beside the pipelines.
    Extension,
}

impl ComponentKind {
    /// The word for one component of the kind.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Processor => "processor",
            Self::Connector => "connector",
            Self::Exporter => "exporter",
            Self::Extension => "extension",
        }
    }

    /// The key of the top-level section that defines components of the kind.
    pub const fn section_name(self) -> &'static str {
        match self {
            Self::Receiver => "receivers",
            Self::Processor => "processors",
            Self::Connector => "connectors",
            Self::Exporter => "exporters",
            Self::Extension => "extensions",
        }
    }
}

/// How settled a component is for one signal, in the Collector's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stability {
    /// Fields and behaviour stay.
    Stable,
    /// Fields stay, behaviour may be refined.
    Beta,
    /// Anything may change.
    Alpha,
}

impl Stability {
    /// The word, as the Collector lists it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable => "Stable",
            Self::Beta => "Beta",
            Self::Alpha => "Alpha",
        }
    }
}

/// Why a component cannot be created from a section that decoded and checked well.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(pub String);

/// What every factory knows of its type.
pub struct TypeInfo {
    /// The name in configurations.
    pub type_name: &'static str,
    /// Other spellings, accepted alike.
    pub aliases: &'static [&'static str],
    /// The signals it serves and how settled it is for each. Connectors: the signals they take.
    pub signals: &'static [(Signal, Stability)],
    /// Connectors: what each signal may become.
    pub pairs: &'static [(Signal, Signal, Stability)],
    /// Decodes a section over the type's defaults.
    pub decode: fn(&Node, &mut Decoding) -> Arc<dyn AnySection>,
    /// The reference of the section.
    pub docs: fn() -> SectionDocs,
}

impl TypeInfo {
    /// True for the name and for every other spelling.
    pub fn is_called(&self, name: &str) -> bool {
        self.type_name == name || self.aliases.contains(&name)
    }

    /// True where the type serves `signal`.
    pub fn serves(&self, signal: Signal) -> bool {
        self.signals.iter().any(|(served, _)| *served == signal)
    }
}

/// What can be asked of a factory without knowing its kind.
pub trait Factory: Sync + 'static {
    /// The kind of component it creates.
    const KIND: ComponentKind;

    /// Name, signals, section.
    fn info(&self) -> &TypeInfo;
}

/// Declares the trait a component type implements, the factory in the registry, and the bridge between
/// the two: the only place that knows the section's type is the type itself.
macro_rules! factory {
    (
        $(#[$type_doc:meta])* $type_trait:ident,
        $(#[$factory_doc:meta])* $factory:ident,
        $kind:ident($($argument:ident : $argument_type:ty),*) -> $product:ty
    ) => {
        $(#[$type_doc])*
        pub trait $type_trait {
            /// The name in configurations.
            const TYPE: &'static str;
            /// Other spellings, accepted alike.
            const ALIASES: &'static [&'static str] = &[];
            /// The signals served and how settled each is.
            const SIGNALS: &'static [(Signal, Stability)];
            /// Connectors: what each signal may become.
            const PAIRS: &'static [(Signal, Signal, Stability)] = &[];
            /// The section users write.
            type Config: Section;
            /// Creates an instance; binds and spawns nothing.
            fn create(config: Arc<Self::Config>, $($argument: $argument_type),*) -> Result<$product, BuildError>;
        }

        $(#[$factory_doc])*
        pub struct $factory {
            /// Name, signals, section.
            pub info: TypeInfo,
            create: fn(Arc<dyn AnySection>, $($argument_type),*) -> Result<$product, BuildError>,
        }

        impl Factory for $factory {
            const KIND: ComponentKind = ComponentKind::$kind;

            fn info(&self) -> &TypeInfo {
                &self.info
            }
        }

        impl $factory {
            /// The factory of type `T`, for the registry.
            pub const fn of<T: $type_trait>() -> Self {
                Self {
                    info: TypeInfo {
                        type_name: T::TYPE,
                        aliases: T::ALIASES,
                        signals: T::SIGNALS,
                        pairs: T::PAIRS,
                        decode: decode::<T::Config>,
                        docs: T::Config::docs,
                    },
                    create: |config, $($argument),*| T::create(downcast(config)?, $($argument),*),
                }
            }

            /// Creates an instance from a section this factory decoded.
            pub fn create(&self, config: Arc<dyn AnySection>, $($argument: $argument_type),*)
                -> Result<$product, BuildError>
            {
                (self.create)(config, $($argument),*)
            }
        }
    };
}

factory!(
    /// A type of receiver. One instance serves every signal that has a pipeline with it.
    ReceiverType,
    /// A receiver type in the registry.
    ReceiverFactory,
    Receiver(settings: Settings, outputs: Outputs) -> Box<dyn Component>
);

/// A component that is also consumed from, as the graph holds it.
pub type Consuming = Arc<dyn ConsumingComponent>;

/// A component with an input.
pub trait ConsumingComponent: Component + Consumer {}
impl<T: Component + Consumer> ConsumingComponent for T {}

factory!(
    /// A type of processor. One instance per pipeline and id.
    ProcessorType,
    /// A processor type in the registry.
    ProcessorFactory,
    Processor(settings: Settings, next: Arc<dyn Consumer>) -> Consuming
);

factory!(
    /// A type of exporter. One instance per signal and id.
    ExporterType,
    /// An exporter type in the registry.
    ExporterFactory,
    Exporter(settings: Settings) -> Consuming
);

factory!(
    /// A type of connector. One instance per signal taken and id; `settings.signal` is the signal taken, `outputs`
    /// the consumers of what it is wanted to become. `SIGNALS` lists the signals taken, `PAIRS` what each may
    /// become.
    ConnectorType,
    /// A connector type in the registry.
    ConnectorFactory,
    Connector(settings: Settings, outputs: Outputs) -> Consuming
);

factory!(
    /// A type of extension.
    ExtensionType,
    /// An extension type in the registry.
    ExtensionFactory,
    Extension(settings: Settings) -> Arc<dyn Extension>
);

fn decode<T: Section>(node: &Node, decoding: &mut Decoding) -> Arc<dyn AnySection> {
    let mut section = T::default();
    section.update(node, decoding);
    Arc::new(section)
}

fn downcast<T: Section>(section: Arc<dyn AnySection>) -> Result<Arc<T>, BuildError> {
    section
        .into_any()
        .downcast()
        .map_err(|_| BuildError("the section was decoded by the factory of another type".to_owned()))
}
