//! The running graph and the configuration behind it.

use serde::Serialize;

use crate::console::answer::{ApiError, milliseconds};
use crate::console::asked::Asked;
use crate::pipeline::description::{ComponentDescription, EdgeDescription};
use crate::pipeline::status::{ComponentStatus, StatusReport};

/// Answer of `/pipelines`.
#[derive(Debug, Serialize)]
pub struct Pipelines {
    components: Vec<PipelineComponent>,
    pipelines: Vec<Pipeline>,
    edges: Vec<PipelineEdge>,
}

#[derive(Debug, Serialize)]
struct PipelineComponent {
    /// The name in the graph, which edges and pipelines use.
    node: String,
    id: String,
    kind: &'static str,
    #[serde(rename = "type")]
    type_name: &'static str,
    /// For processors, which each pipeline has its own of.
    pipeline: Option<String>,
    status: PipelineComponentStatus,
    source: ConfigSource,
    config: String,
    documentation: &'static str,
}

#[derive(Debug, Serialize)]
struct PipelineComponentStatus {
    state: &'static str,
    message: String,
    since_ms: f64,
}

#[derive(Debug, Serialize)]
struct ConfigSource {
    file: String,
    line: usize,
}

#[derive(Debug, Serialize)]
struct Pipeline {
    id: String,
    signal: &'static str,
    nodes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PipelineEdge {
    id: String,
    from: String,
    to: String,
    signal: &'static str,
}

/// Answer of `/config`.
#[derive(Debug, Serialize)]
pub struct EffectiveConfig {
    files: Vec<String>,
    yaml: String,
}

/// The running graph.
pub fn pipelines(asked: &Asked<'_>) -> Result<Pipelines, ApiError> {
    let service = &asked.console.service;
    let reports = service.status.reports();
    let component = |described: &ComponentDescription| {
        let report = reports.get(&described.status_key());
        PipelineComponent::of(described, report, asked.console.started_unix_nano)
    };
    let edge = |edge: &EdgeDescription| PipelineEdge {
        id: edge.id.clone(),
        from: edge.from.clone(),
        to: edge.to.clone(),
        signal: edge.signal.name(),
    };
    let pipelines = service.pipelines.iter().map(|pipeline| Pipeline {
        id: pipeline.id.to_string(),
        signal: pipeline.id.signal.name(),
        nodes: pipeline.nodes.clone(),
    });
    Ok(Pipelines {
        components: service.components.iter().map(component).collect(),
        pipelines: pipelines.collect(),
        edges: service.edges.iter().map(edge).collect(),
    })
}

/// The whole configuration with its defaults.
pub fn config(asked: &Asked<'_>) -> Result<EffectiveConfig, ApiError> {
    let service = &asked.console.service;
    Ok(EffectiveConfig { files: service.sources.clone(), yaml: service.yaml.clone() })
}

impl PipelineComponent {
    fn of(described: &ComponentDescription, report: Option<&StatusReport>, started_unix_nano: u64) -> Self {
        Self {
            node: described.node.clone(),
            id: described.id.to_string(),
            kind: described.kind.name(),
            type_name: described.type_name,
            pipeline: described.pipeline.as_ref().map(ToString::to_string),
            status: PipelineComponentStatus {
                // Extensions run when this is asked, and report nothing.
                state: report.map_or(ComponentStatus::Ok, |report| report.status).name(),
                message: report.and_then(|report| report.last_error.clone()).unwrap_or_default(),
                since_ms: milliseconds(report.map_or(started_unix_nano, |report| report.since_unix_nano)),
            },
            source: ConfigSource {
                file: described.location.source.to_string(),
                line: described.location.line,
            },
            // A tree with texts as keys cannot fail to be written.
            config: serde_yaml::to_string(&described.section).unwrap_or_default(),
            documentation: described.documentation,
        }
    }
}
