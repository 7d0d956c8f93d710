//! The questions that are put to stores over HTTP, each in the words of its API.

use weir::otlp::Signal;

use super::Contender;
use crate::synthetic::HOUR;

const SECOND: u64 = 1_000_000_000;

/// A question, and what its answer must hold to be one.
pub struct Question {
    pub what: &'static str,
    pub path: String,
    pub holds: &'static str,
}

impl Contender {
    /// The same questions for all, in the same order. `end` is behind the newest item, in nanoseconds.
    pub fn questions(self, signal: Signal, end: u64, trace_id: &str) -> Vec<Question> {
        let from = end - HOUR;
        let question = |what, path, holds| Question { what, path, holds };
        match (self, signal) {
            (Self::Weir, Signal::Traces) => {
                let range = format!("from={}&to={}", from / 1_000_000, end / 1_000_000);
                let all = format!("from={}&to={}", (end - 6 * HOUR) / 1_000_000, end / 1_000_000);
                let rare = "q=user_agent.original:%22Python-urllib/3.11%22";
                vec![
                    question("a trace by its id", format!("/api/v1/traces/{trace_id}"), "GET /items"),
                    question(
                        "20 newest traces of a service, last hour",
                        format!("/api/v1/traces?{range}&service=shop-front&limit=20"),
                        "trace_id",
                    ),
                    question(
                        "20 traces by a rare attribute, six hours",
                        format!("/api/v1/traces?{all}&service=shop-front&{rare}&limit=20"),
                        "trace_id",
                    ),
                ]
            }
            (_, Signal::Traces) => {
                let range = format!("start={}&end={}", from / 1000, end / 1000);
                let all = format!("start={}&end={}", (end - 6 * HOUR) / 1000, end / 1000);
                let rare = "tags=%7B%22user_agent.original%22%3A%22Python-urllib%2F3.11%22%7D";
                vec![
                    question("", format!("/api/traces/{trace_id}"), "GET /items"),
                    question("", format!("/api/traces?service=shop-front&{range}&limit=20"), "traceID"),
                    question("", format!("/api/traces?service=shop-front&{all}&{rare}&limit=20"), "traceID"),
                ]
            }
            (Self::Weir, Signal::Logs) => {
                let range = format!("from={}&to={}", from / 1_000_000, end / 1_000_000);
                let all = format!("from={}&to={}", (end - 6 * HOUR) / 1_000_000, end / 1_000_000);
                vec![
                    question(
                        "100 newest records with a common word",
                        format!("/api/v1/logs?{range}&q=ordered&limit=100"),
                        "ordered",
                    ),
                    question(
                        "100 newest records with a rare phrase, six hours",
                        format!("/api/v1/logs?{all}&q=%22tea,%20602%20left%22&limit=100"),
                        "602 left",
                    ),
                    question(
                        "records by minute and severity, last hour",
                        format!("/api/v1/logs/histogram?{range}&step_ms=60000"),
                        "warn",
                    ),
                ]
            }
            (_, Signal::Logs) => {
                let range = format!("start={from}&end={end}");
                let all = format!("start={}&end={end}", end - 6 * HOUR);
                let select = "/select/logsql";
                vec![
                    question("", format!("{select}/query?query=ordered&{range}&limit=100"), "ordered"),
                    question(
                        "",
                        format!("{select}/query?query=%22tea,%20602%20left%22&{all}&limit=100"),
                        "602 left",
                    ),
                    question("", format!("{select}/hits?query=*&{range}&step=1m&field=severity"), "hits"),
                ]
            }
            (Self::Weir, Signal::Metrics) => {
                let range = format!("from={}&to={}&step_ms=60000", from / 1_000_000, end / 1_000_000);
                let all =
                    format!("from={}&to={}&step_ms=360000", (end - 6 * HOUR) / 1_000_000, end / 1_000_000);
                let ask = "/api/v1/metrics/query?name";
                vec![
                    question(
                        "a gauge's mean by group and minute, last hour",
                        format!("{ask}=system.memory.utilization&aggregation=average&group_by=state&{range}"),
                        "slab_reclaimable",
                    ),
                    question(
                        "a counter's rate by group and minute, last hour",
                        format!("{ask}=system.network.io&aggregation=rate&group_by=direction&{range}"),
                        "transmit",
                    ),
                    question(
                        "a counter's rate by group, six hours",
                        format!("{ask}=system.network.io&aggregation=rate&group_by=direction&{all}"),
                        "transmit",
                    ),
                ]
            }
            (_, Signal::Metrics) => {
                let range = format!("start={}&end={}&step=60s&nocache=1", from / SECOND, end / SECOND);
                let all =
                    format!("start={}&end={}&step=360s&nocache=1", (end - 6 * HOUR) / SECOND, end / SECOND);
                let ask = "/api/v1/query_range?query";
                let rate = |over: &str| {
                    format!("sum(rate(%7B__name__=%22system.network.io%22%7D[{over}]))by(direction)")
                };
                vec![
                    question(
                        "",
                        format!(
                            "{ask}=avg(avg_over_time(%7B__name__=%22system.memory.utilization%22%7D[1m]))by(state)&{range}"
                        ),
                        "slab_reclaimable",
                    ),
                    question("", format!("{ask}={}&{range}", rate("1m")), "transmit"),
                    question("", format!("{ask}={}&{all}", rate("6m")), "transmit"),
                ]
            }
        }
    }
}
