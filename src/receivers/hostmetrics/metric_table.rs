//! How the metrics of a scraper are declared, each once: the reference, the section and what is sent all
//! come from here.

use crate::metric_streams::{MetricKind, Temporality};

/// What is known of a metric apart from its values.
#[derive(Debug)]
pub struct MetricDescription {
    /// The name.
    pub name: &'static str,
    /// The same in a sentence.
    pub description: &'static str,
    /// The unit in UCUM notation.
    pub unit: &'static str,
    /// How its values combine.
    pub behaviour: Behaviour,
    /// Whether it is reported unless the configuration says otherwise.
    pub is_on_by_default: bool,
    /// The keys its points' attributes can have.
    pub attributes: &'static [&'static str],
    /// Those of them that points only keep where the configuration names them.
    pub opt_in_attributes: &'static [&'static str],
}

impl MetricDescription {
    /// The keys that points keep unless the configuration says otherwise.
    pub fn default_attributes(&self) -> impl Iterator<Item = &'static str> {
        self.attributes.iter().copied().filter(|key| !self.opt_in_attributes.contains(key))
    }
}

/// How the values of a metric combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// They do not add up.
    Gauge,
    /// They add up, and go up and down.
    UpDownCounter,
    /// They add up, and only grow.
    Counter,
}

impl Behaviour {
    /// The kind of metric on the wire.
    pub const fn kind(self) -> MetricKind {
        match self {
            Self::Gauge => MetricKind::Gauge,
            Self::UpDownCounter | Self::Counter => MetricKind::Sum {
                temporality: Temporality::Cumulative,
                is_monotonic: matches!(self, Self::Counter),
            },
        }
    }

    /// The words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::UpDownCounter => "sum",
            Self::Counter => "monotonic sum",
        }
    }
}

/// The metrics of one scraper, declared with [`metric_table!`].
pub trait MetricTable: Copy + Send + Sync + 'static {
    /// The scraper they are of.
    const SCRAPER: &'static str;
    /// The version of the semantic conventions they follow, as an URL.
    const SCHEMA_URL: &'static str;
    /// Every metric, by name.
    const METRICS: &'static [MetricDescription];

    /// The place in [`METRICS`](Self::METRICS).
    fn place(self) -> usize;
}

/// Declares the metrics of a scraper in the order of their names: a name in Rust, whether it is `on` by
/// default, its behaviour, its name, unit, attribute keys and description. `opt_in` stands behind a key that points only
/// keep where the configuration names it.
macro_rules! metric_table {
    (
        $(#[doc = $text:literal])*
        pub enum $table:ident of $scraper:literal since $version:literal {
            $($metric:ident: $state:ident $behaviour:ident $name:literal [$unit:literal]
                ($($attribute:literal $($opt_in:ident)?),*) $description:literal;)*
        }
    ) => {
        $(#[doc = $text])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $table {
            $(#[doc = $description] $metric,)*
        }

        impl $crate::receivers::hostmetrics::metric_table::MetricTable for $table {
            const SCRAPER: &'static str = $scraper;
            const SCHEMA_URL: &'static str = concat!("https://opentelemetry.io/schemas/", $version);
            const METRICS: &'static [$crate::receivers::hostmetrics::metric_table::MetricDescription] = &[$(
                $crate::receivers::hostmetrics::metric_table::MetricDescription {
                    name: $name,
                    description: $description,
                    unit: $unit,
                    behaviour: $crate::receivers::hostmetrics::metric_table::Behaviour::$behaviour,
                    is_on_by_default: metric_table!(@is_on $state),
                    attributes: &[$($attribute),*],
                    opt_in_attributes: &[$($(metric_table!(@$opt_in $attribute),)?)*],
                }
            ),*];

            fn place(self) -> usize {
                self as usize
            }
        }
    };
    (@is_on on) => { true };
    (@is_on off) => { false };
    (@opt_in $attribute:literal) => { $attribute };
}

pub(super) use metric_table;
