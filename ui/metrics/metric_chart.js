// One metric's answer as a panel: lines, areas, bars or a heatmap, exemplars as marks that lead to their traces.
import { html, useMemo } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, pathOf } from "../location.js";
import { formatInUnit, formatTimeOfDay } from "../format.js";
import { seriesColor, serviceColor } from "../service_color.js";
import { theme } from "../theme.js";
import { Panel } from "../components/panel.js";
import { TimeChart } from "../components/time_chart.js";
import { Heatmap } from "../components/heatmap.js";

/** Aggregations whose values are per second. */
const PER_SECOND = new Set(["rate"]);
/** More series than this are not asked for; the answer says when it was cut. */
const MOST_SERIES = 50;

/**
 * @param {{
 *   title: any, query: {name: string, from: number, to: number, step_ms: number, q: string}, aggregation: string, groupBy: string[], unit: string,
 *   height?: number, kind?: "line" | "area" | "bar", threshold?: number | null, actions?: any, label?: string,
 * }} properties
 */
export function MetricChart({ title, query, aggregation, groupBy, unit, height = 170, kind = "line", threshold = null, actions, label = "" }) {
  const asked = useAnswer(apiAddress("/metrics/query", { ...query, aggregation, group_by: groupBy.join(), limit: MOST_SERIES }));
  const range = { from: query.from, to: query.to };
  const answer = asked.answer;
  const shownUnit = unit || answer?.unit || "";
  const format = (/** @type {number} */ value) => formatInUnit(value, shownUnit, PER_SECOND.has(answer?.aggregation ?? aggregation) && !shownUnit.endsWith("/s"));
  const series = useMemo(() => seriesOf(answer, label), [answer, label, theme.value]);
  const marks = (answer?.exemplars ?? []).map((/** @type {any} */ exemplar) => ({
    time: exemplar.time_ms,
    value: exemplar.value,
    href: link(pathOf("trace", exemplar.trace_id), { span: exemplar.span_id }),
    title: `Trace ${exemplar.trace_id.slice(0, 8)}: ${formatInUnit(exemplar.value, answer.unit)} at ${formatTimeOfDay(exemplar.time_ms)}`,
  }));
  const isEmpty = answer !== null && series.length === 0 && !answer.heatmap;
  return html`<${Panel} title=${title} asked=${asked} actions=${actions} class="chart-panel">
    ${isEmpty && html`<div class="empty small">No points here in this time range.</div>`}
    ${answer?.heatmap && html`<${Heatmap} label=${String(title)} heatmap=${answer.heatmap} range=${range} stepMs=${answer.step_ms} height=${height} format=${(/** @type {number} */ value) => formatInUnit(value, shownUnit)} />`}
    ${series.length > 0 && html`<${TimeChart} binary=${shownUnit.startsWith("By")} label=${String(title)} series=${series} range=${range} stepMs=${answer.step_ms} format=${format} height=${height} kind=${kind} stacked=${kind === "area"} threshold=${threshold} marks=${marks} />`}
  <//>`;
}

/**
 * Series of an answer with their names and colours; what is a service has the colour of that service.
 * @param {any} answer
 * @param {string} label of the series when it has no group
 */
export function seriesOf(answer, label) {
  if (answer === null) return [];
  return answer.series.map((/** @type {any} */ one, /** @type {number} */ index) => {
    const group = Object.entries(one.group);
    // A single series that lacks what it was split by was not split.
    const unsplit = answer.series.length === 1 && group.every(([, value]) => value === null);
    const name = unsplit ? "" : group.map(([, value]) => value ?? "(none)").join(", ");
    const service = group.length === 1 && ["service", "service.name"].includes(group[0][0]) ? String(group[0][1]) : null;
    return { label: name || label || answer.aggregation, color: service === null ? seriesColor(index) : serviceColor(service), times: one.times_ms, values: one.values };
  });
}
