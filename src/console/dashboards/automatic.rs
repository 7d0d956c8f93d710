//! Dashboards made of what is there: for each service, each host, and Weir itself.

use std::collections::BTreeSet;

use super::panels::{HOST_ROWS, MetricPanel, RowOfMetrics, SERVICE_ROWS, WEIR_ROWS};
use super::{DashboardConfig, PanelConfig, PanelKind, PanelQueryConfig, RowConfig};
use crate::otlp::Signal;
use crate::store::filter::query_text::filter_text;
use crate::store::{Condition, Field, Filter, MetricCatalogueEntry, Test};

/// Metrics of its own that a service's dashboard shows at most.
const MOST_OTHER_PANELS: usize = 24;

/// The dashboard of a service, of the metrics in `catalogue` that it sends.
pub fn service_dashboard(service: &str, catalogue: &[MetricCatalogueEntry]) -> DashboardConfig {
    let own: Vec<&MetricCatalogueEntry> =
        catalogue.iter().filter(|entry| entry.services.iter().any(|sender| sender == service)).collect();
    let q = query(Field::Service, service);
    let mut rows = rows(SERVICE_ROWS, &own, &q);
    let shown: BTreeSet<String> = rows.iter().flat_map(metrics_of).collect();
    let others = own.iter().filter(|entry| !shown.contains(&entry.name)).take(MOST_OTHER_PANELS);
    let panels: Vec<PanelConfig> =
        others.map(|entry| panel_of(&entry.name, &entry.name, "", &[], PanelKind::Line, &q)).collect();
    if !panels.is_empty() {
        rows.push(RowConfig { title: "Metrics of its own".to_owned(), panels });
    }
    rows.push(RowConfig { title: "Logs".to_owned(), panels: vec![logs_panel(&q)] });
    dashboard(&format!("service/{service}"), service, &format!("What {service} sends"), rows)
}

/// The dashboard of a host.
pub fn host_dashboard(host: &str, catalogue: &[MetricCatalogueEntry]) -> DashboardConfig {
    let q = query(Field::Attribute("host.name".to_owned()), host);
    let mut rows = rows(HOST_ROWS, &catalogue.iter().collect::<Vec<_>>(), &q);
    rows.push(RowConfig { title: "Logs".to_owned(), panels: vec![logs_panel(&q)] });
    dashboard(&format!("host/{host}"), host, "How busy and how full it is", rows)
}

/// The dashboard of Weir itself.
pub fn weir_dashboard(catalogue: &[MetricCatalogueEntry]) -> DashboardConfig {
    let mut rows = rows(WEIR_ROWS, &catalogue.iter().collect::<Vec<_>>(), "");
    if rows.is_empty() {
        let text = "Weir's own metrics are not in the store. Let a receiver of the type prometheus scrape \
                    localhost:8888, and lead its pipeline to the store.";
        let panel =
            PanelConfig { kind: PanelKind::Text, width: 24, text: text.to_owned(), ..PanelConfig::default() };
        rows.push(RowConfig { title: String::new(), panels: vec![panel] });
    }
    dashboard("weir", "Weir", "What flows through this process, and what it costs", rows)
}

fn dashboard(id: &str, title: &str, description: &str, rows: Vec<RowConfig>) -> DashboardConfig {
    DashboardConfig { id: id.to_owned(), title: title.to_owned(), description: description.to_owned(), rows }
}

/// The rows that have a metric in `catalogue`, with those of their panels that do.
fn rows(rows: &[RowOfMetrics], catalogue: &[&MetricCatalogueEntry], q: &str) -> Vec<RowConfig> {
    let with_panels = rows.iter().map(|row| RowConfig {
        title: row.title.to_owned(),
        panels: row.panels.iter().filter_map(|panel| known_panel(panel, catalogue, q)).collect(),
    });
    with_panels.filter(|row| !row.panels.is_empty()).collect()
}

/// Scraped counters may have the ending that Prometheus gives them.
fn known_panel(panel: &MetricPanel, catalogue: &[&MetricCatalogueEntry], q: &str) -> Option<PanelConfig> {
    let (title, metric, aggregation, group_by, kind) = *panel;
    let is_meant =
        |name: &str| name.strip_prefix(metric).is_some_and(|rest| rest.is_empty() || rest == "_total");
    let entry = catalogue.iter().find(|entry| is_meant(&entry.name))?;
    Some(panel_of(title, &entry.name, aggregation, group_by, kind, q))
}

fn panel_of(
    title: &str,
    metric: &str,
    aggregation: &str,
    group_by: &[&str],
    kind: PanelKind,
    q: &str,
) -> PanelConfig {
    let query = PanelQueryConfig {
        metric: metric.to_owned(),
        aggregation: aggregation.to_owned(),
        group_by: group_by.iter().map(|key| (*key).to_owned()).collect(),
        q: q.to_owned(),
        label: String::new(),
    };
    PanelConfig { title: title.to_owned(), kind, queries: vec![query], ..PanelConfig::default() }
}

fn logs_panel(q: &str) -> PanelConfig {
    PanelConfig {
        title: "Newest records".to_owned(),
        kind: PanelKind::Logs,
        width: 24,
        q: q.to_owned(),
        ..PanelConfig::default()
    }
}

fn metrics_of(row: &RowConfig) -> Vec<String> {
    row.panels.iter().flat_map(|panel| &panel.queries).map(|query| query.metric.clone()).collect()
}

fn query(field: Field, text: &str) -> String {
    let condition = Condition { field, test: Test::Equals(text.to_owned()), negated: false };
    filter_text(&Filter { conditions: vec![condition] }, Signal::Logs)
}
