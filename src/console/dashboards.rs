//! Dashboards: read from YAML files, or made of what a service, a host or Weir itself sends.

pub mod automatic;
mod files;
mod panels;
#[cfg(test)]
mod tests;

pub use self::files::read_dashboards;
use super::api::aggregation_words;
use crate::config::{Checking, config_section, config_word};
use crate::otlp::Signal;
use crate::store::filter::query_text::{parse_field, parse_query_text};

config_section! {
    /// A dashboard, as a file has it.
    pub struct DashboardConfig {
        /// The last part of its address; the name of the file where it is left out.
        pub id: String = String::new(),
        /// What it is called. Required.
        pub title: String = String::new(),
        /// What it shows, for people.
        pub description: String = String::new(),
        /// Its rows of panels, from top to bottom. Required.
        pub rows: Vec<RowConfig> = Vec::new(),
    }
    check(section, checking) {
        if section.title.is_empty() {
            checking.error("a dashboard needs a title");
        }
        if section.rows.is_empty() {
            checking.error("a dashboard needs rows");
        }
    }
}

config_section! {
    /// Panels beside each other.
    pub struct RowConfig {
        /// What stands above them.
        pub title: String = String::new(),
        /// The panels, from left to right. Required.
        pub panels: Vec<PanelConfig> = Vec::new(),
    }
    check(section, checking) {
        if section.panels.is_empty() {
            checking.error("a row needs panels");
        }
    }
}

config_section! {
    /// A panel.
    pub struct PanelConfig {
        /// What stands above it.
        pub title: String = String::new(),
        /// How it is drawn.
        pub kind: PanelKind = PanelKind::Line,
        /// How wide it is, of 24.
        pub width: u32 = 8,
        /// The unit of what is shown, in UCUM; that of the metrics where it is left out.
        pub unit: String = String::new(),
        /// The metrics shown together.
        pub queries: Vec<PanelQueryConfig> = Vec::new(),
        /// For `logs`, which records, in the language of queries.
        pub q: String = String::new(),
        /// For `text`, what it says.
        pub text: String = String::new(),
        /// A value that is drawn as a line, and from which on numbers are bad.
        pub threshold: Option<f64> = None,
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// A metric of a panel.
    pub struct PanelQueryConfig {
        /// The metric. Required.
        pub metric: String = String::new(),
        /// What becomes of its points; what suits its kind where it is left out.
        pub aggregation: String = String::new(),
        /// The keys whose values tell lines apart.
        pub group_by: Vec<String> = Vec::new(),
        /// Which series, in the language of queries.
        pub q: String = String::new(),
        /// What the lines are called.
        pub label: String = String::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_word! {
    /// How a panel is drawn.
    pub enum PanelKind {
        /// Lines over time.
        Line = "line",
        /// Areas on top of each other.
        Area = "area",
        /// Bars.
        Bar = "bar",
        /// The newest value, large.
        Number = "number",
        /// The newest value of a whole.
        Gauge = "gauge",
        /// The newest values, a row each.
        Table = "table",
        /// How a histogram's buckets fill over time.
        Heatmap = "heatmap",
        /// Log records.
        Logs = "logs",
        /// How alarms stand.
        Alarms = "alarms",
        /// Text.
        Text = "text",
    }
}

/// The columns of a row.
const COLUMNS: u32 = 24;

impl PanelConfig {
    fn check_values(&self, checking: &mut Checking) {
        if !(1..=COLUMNS).contains(&self.width) {
            checking.error_at("width", format!("width must be from 1 to {COLUMNS}"));
        }
        let needs_queries = !matches!(self.kind, PanelKind::Logs | PanelKind::Alarms | PanelKind::Text);
        if needs_queries && self.queries.is_empty() {
            checking.error(format!("a panel of the kind {} needs queries", self.kind.word()));
        }
        if let Err(error) = parse_query_text(&self.q, Signal::Logs) {
            checking.error_at("q", format!("the query cannot be read: {error}"));
        }
    }
}

impl PanelQueryConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.metric.is_empty() {
            checking.error("a query needs a metric");
        }
        let known = aggregation_words();
        if !self.aggregation.is_empty() && !known.contains(&self.aggregation.as_str()) {
            let message =
                format!("aggregation must be one of {}, not {:?}", known.join(", "), self.aggregation);
            checking.error_at("aggregation", message);
        }
        if let Err(error) = parse_query_text(&self.q, Signal::Metrics) {
            checking.error_at("q", format!("the query cannot be read: {error}"));
        }
        for key in &self.group_by {
            if let Err(error) = parse_field(key) {
                checking.error_at("group_by", format!("{key:?} is no key: {error}"));
            }
        }
    }
}
