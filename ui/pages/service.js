// One service: requests, errors and latency over time, its operations, neighbours, failing traces and latest errors in logs.
import { html, useMemo } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, navigate, pathOf } from "../location.js";
import { timeRange } from "../time_range.js";
import { formatDateTime, formatDuration, formatNumber, formatRate, formatShare, formatTimeExact, plural } from "../format.js";
import { serviceColor } from "../service_color.js";
import { theme, themeColor } from "../theme.js";
import { condition } from "../text_query.js";
import { valueText } from "../components/attributes.js";
import { Change } from "../components/change.js";
import { DataTable } from "../components/data_table.js";
import { Panel } from "../components/panel.js";
import { ServiceName } from "../components/service_name.js";
import { TimeChart } from "../components/time_chart.js";
import { TraceScatter } from "../components/trace_scatter.js";
import { REQUEST_COLUMNS } from "./overview.js";

/** @param {{argument: string}} properties the service's name */
export function ServicePage({ argument: name }) {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress("/services", { from, to }));
  const service = asked.answer?.services.find((/** @type {any} */ one) => one.name === name);
  return html`<div class="page" key=${name}>
    <div class="page-head"><i class="service-dot" style=${{ background: serviceColor(name) }}></i><h1>${name}</h1><span class="sub">${service?.version}</span>
      ${service?.alarms > 0 && html`<a class="badge error" href=${link("/alarms", { filter: name })}>${plural(service.alarms, "alarm")}</a>`}<span class="spacer"></span>
      <a class="button small" href=${link("/traces", { service: name })}>Traces</a><a class="button small" href=${link("/logs", { q: condition("service", name) })}>Logs</a>
      <a class="button small" href=${link("/metrics", { service: name })}>Metrics</a><a class="button small" href=${link(pathOf("dashboards", "service", name))}>Dashboard</a><a class="button small" href=${link("/map", { focus: name, node: name })}>Map</a></div>
    ${asked.error && html`<div class="notice failed">${asked.error}</div>`}
    ${asked.answer !== null && service === undefined && html`<div class="notice">No requests of ${name} in this time range. Its logs and metrics may still be there.</div>`}
    ${service && html`<${Summary} service=${service} /><${Charts} service=${service} asked=${asked} />`}
    <${Operations} name=${name} />
    <div class="halves"><${Neighbours} name=${name} /><${LatestErrors} name=${name} /></div>
    <${Traces} name=${name} />
  </div>`;
}

/** @param {{service: any}} properties */
function Summary({ service }) {
  const { previous } = service;
  return html`<dl class="facts panel">
    <div><dt>Requests</dt><dd>${formatRate(service.rate)} <${Change} now=${service.rate} before=${previous?.rate} /></dd></div>
    <div><dt>In this time</dt><dd>${formatNumber(service.requests)}</dd></div>
    <div><dt>Failed</dt><dd class=${service.errors > 0 ? "error-text" : ""}>${formatShare(service.error_share)} <${Change} now=${service.error_share} before=${previous?.error_share} worseWhenUp /></dd></div>
    <div><dt>p50</dt><dd>${formatDuration(service.p50_ms)} <${Change} now=${service.p50_ms} before=${previous?.p50_ms} worseWhenUp /></dd></div>
    <div><dt>p95</dt><dd>${formatDuration(service.p95_ms)} <${Change} now=${service.p95_ms} before=${previous?.p95_ms} worseWhenUp /></dd></div>
    <div><dt>p99</dt><dd>${formatDuration(service.p99_ms)} <${Change} now=${service.p99_ms} before=${previous?.p99_ms} worseWhenUp /></dd></div>
  </dl>`;
}

/** @param {{service: any, asked: import("../api.js").Asked<any>}} properties */
function Charts({ service, asked }) {
  const range = timeRange.value;
  const { times_ms: times, step_ms: step } = service.series;
  const color = serviceColor(service.name);
  const charts = useMemo(() => {
    const perSecond = (/** @type {number[]} */ counts) => counts.map((count) => count / (step / 1e3));
    return [
      { title: "Requests a second", series: [{ label: "requests", color, times, values: perSecond(service.series.requests) }], format: formatRate, kind: "area" },
      { title: "Failed a second", series: [{ label: "errors", color: themeColor("--error"), times, values: perSecond(service.series.errors) }], format: formatRate, kind: "bar" },
      { title: "Latency p95", series: [{ label: "p95", color, times, values: service.series.p95_ms }], format: formatDuration, kind: "line" },
    ];
  }, [asked.answer, theme.value]);
  return html`<div class="thirds">${charts.map((chart) => html`<${Panel} key=${chart.title} title=${chart.title} asked=${asked}><${TimeChart} label=${chart.title} series=${chart.series} range=${range} stepMs=${step} kind=${chart.kind} format=${chart.format} height=${150} legend=${false} /><//>`)}</div>`;
}

/** @param {{name: string}} properties */
function Operations({ name }) {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress(`/services/${encodeURIComponent(name)}/operations`, { from, to }));
  const operations = asked.answer?.operations ?? [];
  const columns = [
    { key: "operation", title: "Operation", sortBy: (/** @type {any} */ row) => row.operation, render: (/** @type {any} */ row) => html`<a href=${link("/traces", { service: name, operation: row.operation })}>${row.operation}</a> <small class="faint">${row.kind}</small>` },
    ...REQUEST_COLUMNS,
  ];
  return html`<${Panel} asked=${asked} title="Operations" class="flush">
    ${asked.answer !== null && operations.length === 0 ? html`<div class="empty small">No operations in this time range.</div>` : html`<${DataTable} caption=${`Operations of ${name}`} rows=${operations} columns=${columns} rowKey=${(/** @type {any} */ row) => `${row.operation} ${row.kind}`} initialSort="-requests" />`}
  <//>`;
}

/** @param {{name: string}} properties */
function Neighbours({ name }) {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress("/map", { from, to }));
  const edges = asked.answer?.edges ?? [];
  const rows = [
    ...edges.filter((/** @type {any} */ edge) => edge.server === name).map((/** @type {any} */ edge) => ({ ...edge, other: edge.client, direction: "calls it" })),
    ...edges.filter((/** @type {any} */ edge) => edge.client === name).map((/** @type {any} */ edge) => ({ ...edge, other: edge.server, direction: "called by it" })),
  ];
  const columns = [
    { key: "other", title: "Neighbour", render: (/** @type {any} */ row) => html`<${ServiceName} name=${row.other} />` },
    { key: "direction", title: "", render: (/** @type {any} */ row) => html`<span class="muted">${row.direction}</span>` },
    { key: "rate", title: "Requests", number: true, render: (/** @type {any} */ row) => formatRate(row.rate) },
    { key: "errors", title: "Errors", number: true, render: (/** @type {any} */ row) => html`<span class=${row.errors > 0 ? "error-text" : "faint"}>${formatShare(row.error_share)}</span>` },
    { key: "p95", title: "p95", number: true, render: (/** @type {any} */ row) => formatDuration(row.p95_ms) },
  ];
  return html`<${Panel} asked=${asked} title="Called by and calls" class="flush">${asked.answer !== null && rows.length === 0 ? html`<div class="empty small">Nobody calls it, and it calls nobody, in this time range.</div>` : html`<${DataTable} caption="Neighbours" rows=${rows} columns=${columns} rowKey=${(/** @type {any} */ row) => row.direction + row.other} />`}<//>`;
}

/** @param {{name: string}} properties */
function LatestErrors({ name }) {
  const { from, to } = timeRange.value;
  const query = `${condition("service", name)} severity>=error`;
  const asked = useAnswer(apiAddress("/logs", { from, to, q: query, limit: 8 }));
  const logs = asked.answer?.logs ?? [];
  // The rest is a link away, so that it was cut needs no sentence here.
  return html`<${Panel} asked=${asked} sayCut=${false} title="Latest errors in logs" actions=${html`<a href=${link("/logs", { q: query })}>all</a>`}>
    ${asked.answer !== null && logs.length === 0 && html`<div class="empty small">None in this time range.</div>`}
    <ul class="log-lines">${logs.map((/** @type {any} */ record) => html`<li key=${record.time_unix_nano + valueText(record.body)}><time class="muted" title=${formatDateTime(record.time_ms)}>${formatTimeExact(record.time_ms)}</time>
      <span class=${"severity " + record.severity}>${record.severity}</span>${record.trace_id === "" ? html`<span class="truncate">${valueText(record.body)}</span>` : html`<a class="truncate" href=${link(pathOf("trace", record.trace_id), { span: record.span_id })}>${valueText(record.body)}</a>`}</li>`)}</ul>
  <//>`;
}

/** @param {{name: string}} properties */
function Traces({ name }) {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress("/traces", { from, to, service: name, order: "longest", limit: 200 }));
  const traces = asked.answer?.traces ?? [];
  const longest = traces.slice(0, 5);
  const columns = [
    { key: "start", title: "Longest traces", render: (/** @type {any} */ trace) => html`<time>${formatDateTime(trace.start_ms)}</time>` },
    { key: "root", title: "Root", render: (/** @type {any} */ trace) => html`<div class="row"><${ServiceName} name=${trace.root_service} href=${null} /><a href=${link(pathOf("trace", trace.trace_id))}>${trace.root_name || trace.trace_id.slice(0, 8)}</a></div>` },
    { key: "duration", title: "Duration", number: true, render: (/** @type {any} */ trace) => formatDuration(trace.duration_ms) },
    { key: "errors", title: "Errors", number: true, render: (/** @type {any} */ trace) => html`<span class=${trace.errors > 0 ? "error-text" : "faint"}>${trace.errors || "–"}</span>` },
  ];
  return html`<${Panel} asked=${asked} title="Traces" actions=${html`<a href=${link("/traces", { service: name, status: "error" })}>failed</a> <a href=${link("/traces", { service: name })}>all</a>`}>
    ${asked.answer !== null && traces.length === 0 ? html`<div class="empty small">No traces in this time range.</div>` : html`<${TraceScatter} traces=${traces} range=${timeRange.value} />
      <${DataTable} caption="Longest traces" rows=${longest} columns=${columns} rowKey=${(/** @type {any} */ trace) => trace.trace_id} open=${(/** @type {any} */ trace) => navigate(link(pathOf("trace", trace.trace_id)))} />`}
  <//>`;
}
