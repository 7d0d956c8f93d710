// Metric explorer without a query language: a list of what arrives, one metric as a chart, split, filtered, aggregated.
import { html, useMemo } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, parameter, setParameters } from "../location.js";
import { inWholeMinutes, stepFor, timeRange } from "../time_range.js";
import { formatAgo, formatCount, plural } from "../format.js";
import { condition } from "../text_query.js";
import { EmptyState } from "../components/empty_state.js";
import { Panel } from "../components/panel.js";
import { QueryBar } from "../components/query_bar.js";
import { VirtualList } from "../components/virtual_list.js";
import { MetricChart } from "../metrics/metric_chart.js";

/** Aggregations that make sense by kind; the first is what the API takes by itself. @type {Record<string, string[]>} */
const AGGREGATIONS = {
  counter: ["rate", "increase", "sum", "series"],
  gauge: ["average", "minimum", "maximum", "sum", "last", "series"],
  up_down_counter: ["sum", "average", "minimum", "maximum", "last", "series"],
  histogram: ["p95", "p50", "p90", "p99", "heatmap", "average", "rate", "increase"],
  summary: ["last", "average", "series"],
};

const LIST_ROW_HEIGHT = 46;

export function MetricsPage() {
  const range = inWholeMinutes(timeRange.value);
  const asked = useAnswer(apiAddress("/metrics", range));
  const metrics = asked.answer?.metrics ?? [];
  const filter = parameter("filter").toLowerCase();
  const service = parameter("service");
  const shown = useMemo(
    () => metrics.filter((/** @type {any} */ metric) => `${metric.name} ${metric.description}`.toLowerCase().includes(filter) && (service === "" || metric.services.includes(service))),
    [metrics, filter, service],
  );
  if (asked.answer !== null && metrics.length === 0) return html`<div class="page"><${EmptyState} what="metrics" signal="metrics" /></div>`;
  const name = parameter("name") || shown[0]?.name || "";
  const index = shown.findIndex((/** @type {any} */ metric) => metric.name === name);
  const metric = metrics.find((/** @type {any} */ one) => one.name === name);
  const services = [...new Set(metrics.flatMap((/** @type {any} */ one) => one.services))].sort();
  const row = (/** @type {number} */ place) => {
    const one = shown[place];
    return html`<button key=${one.name} data-row class="metric-row" role="option" aria-selected=${one.name === name} title=${one.description} onClick=${() => setParameters({ name: one.name, group_by: null, aggregation: null, q: null })}>
      <span class="truncate">${one.name}</span>
      <small class="faint truncate">${kindText(one.kind)}${one.unit && ` · ${one.unit}`} · ${formatCount(one.series)} series</small></button>`;
  };
  return html`<div class="page metrics-page">
    <${Panel} asked=${asked} class="flush metric-list" label="Metrics">
      <div class="metric-filter">
        <input type="search" data-search placeholder=${`Filter ${metrics.length} metrics`} aria-label="Filter metrics" value=${parameter("filter")} onInput=${(/** @type {any} */ event) => setParameters({ filter: event.currentTarget.value }, { replace: true })} />
        <select aria-label="Service" value=${service} onChange=${(/** @type {any} */ event) => setParameters({ service: event.currentTarget.value })}><option value="">all services</option>${services.map((one) => html`<option key=${one} value=${one} selected=${one === service}>${one}</option>`)}</select>
      </div>
      ${asked.answer !== null && shown.length === 0 && html`<div class="empty small">No metric has that in its name.</div>`}
      <${VirtualList} class="metric-rows" role="listbox" label="Metrics" count=${shown.length} rowHeight=${LIST_ROW_HEIGHT} renderRow=${row} scrollTo=${index} scrollKey=${`${metrics.length > 0}`} />
    <//>
    <div class="metric-detail">${metric && html`<${MetricDetail} key=${metric.name} metric=${metric} />`}
      ${!metric && asked.answer !== null && name !== "" && html`<div class="empty small">${name} has no points in this time range.</div>`}</div>
  </div>`;
}

/** @param {{metric: any}} properties */
function MetricDetail({ metric }) {
  const range = timeRange.value;
  const { from, to } = range;
  const offered = AGGREGATIONS[metric.kind] ?? ["average"];
  const aggregation = parameter("aggregation") || offered[0];
  const groupBy = parameter("group_by").split(",").filter((key) => key !== "");
  const query = { name: metric.name, from, to, q: parameter("q"), step_ms: stepFor(range, 160) };
  const toggleGroup = (/** @type {string} */ key) => setParameters({ group_by: (groupBy.includes(key) ? groupBy.filter((other) => other !== key) : [...groupBy, key]).join() });
  const withinService = parameter("service");
  const scoped = withinService === "" ? query : { ...query, q: `${query.q} ${condition("service", withinService)}`.trim() };
  return html`
    <div class="page-head"><h1 class="truncate">${metric.name}</h1><span class="badge">${kindText(metric.kind)}</span><span class="sub">${metric.unit}</span><span class="spacer"></span>
      <a class="button small" href=${link("/traces", { q: scoped.q })} title="In this time, with these filters">Traces</a><a class="button small" href=${link("/logs", { q: scoped.q })} title="In this time, with these filters">Logs</a>
      <span class="faint">${plural(metric.series, "series").replace("seriess", "series")} · newest ${formatAgo(metric.newest_ms)}</span></div>
    ${metric.description && html`<p class="muted">${metric.description}</p>`}
    <div class="row wrap"><div class="segments" role="group" aria-label="Aggregation">${offered.map((name) => html`<button key=${name} class="small" aria-pressed=${aggregation === name} onClick=${() => setParameters({ aggregation: name === offered[0] ? null : name })}>${name}</button>`)}</div></div>
    <${QueryBar} query=${parameter("q")} change=${(/** @type {string} */ q) => setParameters({ q })} fields=${metric.attributes.map((/** @type {any} */ one) => one.key)} label="Filter by attributes" placeholder='only series with: http.route:"/cart" -state:idle' />
    <div class="row wrap split-by"><span class="muted">Split by</span>${metric.attributes.map((/** @type {any} */ one) => html`<button key=${one.key} class="small" aria-pressed=${groupBy.includes(one.key)} onClick=${() => toggleGroup(one.key)}>${one.key} <small class="faint">${formatCount(one.values)}</small></button>`)}
      ${metric.attributes.length === 0 && html`<span class="faint">nothing: the metric has no attributes</span>`}</div>
    <${MetricChart} title=${groupBy.length === 0 ? aggregation : `${aggregation} by ${groupBy.join(", ")}`} query=${scoped} aggregation=${aggregation} groupBy=${groupBy} height=${320} unit=${metric.unit} />
    ${metric.kind === "histogram" && aggregation !== "heatmap" && html`<${MetricChart} title="Distribution" query=${scoped} aggregation="heatmap" groupBy=${[]} height=${200} unit=${metric.unit} />`}`;
}

/** @param {string} kind */
function kindText(kind) {
  return kind.replaceAll("_", " ");
}
