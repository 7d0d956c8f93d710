//! The dashboards there are, and one of them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::config::{ConfigValue as _, Secrets};
use crate::console::answer::ApiError;
use crate::console::asked::Asked;
use crate::console::dashboards::automatic::{host_dashboard, service_dashboard, weir_dashboard};
use crate::otlp::Signal;
use crate::store::filter::matching::UNKNOWN_SERVICE;
use crate::store::{Field, Filter, MetricCatalogueEntry};

/// Answer of `/dashboards`.
#[derive(Debug, Serialize)]
pub struct Dashboards {
    dashboards: Vec<DashboardSummary>,
}

#[derive(Debug, Serialize)]
struct DashboardSummary {
    id: String,
    title: String,
    source: &'static str,
    description: String,
}

const MOST_METRICS: usize = 50_000;
const MOST_SERVICES: usize = 1_000;
const MOST_HOSTS: usize = 1_000;

/// Those of files, then one for Weir, each service and each host of the last hour.
pub fn dashboards(asked: &Asked<'_>) -> Result<Dashboards, ApiError> {
    let from_files = asked.console.dashboards.iter().map(|dashboard| DashboardSummary {
        id: dashboard.id.clone(),
        title: dashboard.title.clone(),
        source: "file",
        description: dashboard.description.clone(),
    });
    let mut dashboards: Vec<DashboardSummary> = from_files.collect();
    let mut automatic = |id: String, title: &str, description: &str| {
        let (title, description) = (title.to_owned(), description.to_owned());
        dashboards.push(DashboardSummary { id, title, source: "automatic", description });
    };
    automatic("weir".to_owned(), "Weir", "What flows through this process, and what it costs");
    let range = asked.range()?;
    let mut services: BTreeSet<String> =
        catalogue(asked)?.into_iter().flat_map(|entry| entry.services).collect();
    // Metrics of nobody are those of hosts. Requests of nobody are of a service whose name is missing.
    services.remove(UNKNOWN_SERVICE);
    let requested = asked.store().service_rates(range, &asked.limits(MOST_SERVICES))?.value;
    services.extend(requested.into_iter().map(|rates| rates.service));
    for service in services.iter().take(MOST_SERVICES) {
        automatic(format!("service/{service}"), service, "A service: requests, runtime and its own metrics");
    }
    let fields = [Field::Attribute("host.name".to_owned())];
    let limits = asked.limits(usize::MAX);
    let hosts =
        asked.store().facets(Signal::Metrics, range, &Filter::default(), &fields, MOST_HOSTS, &limits)?;
    for (host, _) in hosts.value.into_iter().flat_map(|facet| facet.values) {
        automatic(format!("host/{host}"), &host, "A host: CPU, memory, disks and network");
    }
    Ok(Dashboards { dashboards })
}

/// One dashboard.
pub fn dashboard(asked: &Asked<'_>) -> Result<serde_json::Value, ApiError> {
    let id = asked.part("id");
    let from_file = asked.console.dashboards.iter().find(|dashboard| dashboard.id == id);
    let dashboard = match (from_file, id.split_once('/')) {
        (Some(dashboard), _) => dashboard.clone(),
        (None, Some(("service", service))) => service_dashboard(service, &catalogue(asked)?),
        (None, Some(("host", host))) => host_dashboard(host, &catalogue(asked)?),
        (None, None) if id == "weir" => weir_dashboard(&catalogue(asked)?),
        _ => return Err(ApiError::not_found(format!("There is no dashboard {id:?}."))),
    };
    // The file's own shape is the API's.
    serde_json::to_value(dashboard.to_yaml(Secrets::Redacted))
        .map_err(|error| ApiError::internal(format!("The dashboard cannot be written: {error}.")))
}

fn catalogue(asked: &Asked<'_>) -> Result<Vec<MetricCatalogueEntry>, ApiError> {
    Ok(asked.store().metric_catalogue(asked.range()?, None, &asked.limits(MOST_METRICS))?.value)
}
