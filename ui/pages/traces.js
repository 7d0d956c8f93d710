// Traces: a form instead of a query language, the results as a plot of duration over time and as a table.
import { html } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, navigate, parameter, pathOf, setParameters } from "../location.js";
import { inWholeMinutes, timeRange } from "../time_range.js";
import { formatDateTime, formatDuration, formatTimeExact, plural } from "../format.js";
import { Panel } from "../components/panel.js";
import { DataTable } from "../components/data_table.js";
import { EmptyState } from "../components/empty_state.js";
import { QueryBar } from "../components/query_bar.js";
import { ServiceName } from "../components/service_name.js";
import { TraceScatter } from "../components/trace_scatter.js";

const MOST_SERVICES_IN_A_ROW = 6;

export function TracesPage() {
  const { from, to } = timeRange.value;
  const limit = parameter("limit") || "200";
  const asked = useAnswer(apiAddress("/traces", {
    from, to, limit,
    service: parameter("service"), operation: parameter("operation"), status: parameter("status"),
    min_ms: milliseconds(parameter("min")), max_ms: milliseconds(parameter("max")), q: parameter("q"), order: parameter("order"),
  }));
  const traces = asked.answer?.traces ?? [];
  const filtered = ["service", "operation", "status", "min", "max", "q"].some((name) => parameter(name) !== "");
  return html`<div class="page">
    <div class="page-head"><h1>Traces</h1><span class="sub">${asked.answer && plural(traces.length, "trace")}</span></div>
    <${SearchForm} />
    ${asked.answer !== null && traces.length === 0 && !filtered
      ? html`<${EmptyState} what="traces" signal="traces" />`
      : html`<${Panel} asked=${asked} title="Duration over time" actions=${html`<small class="faint">each dot a trace, its size the spans</small>`}>
            <${TraceScatter} traces=${traces} range=${timeRange.value} />
          <//>
          <section class="panel flush" aria-label="Traces">
            ${asked.answer !== null && traces.length === 0 && html`<div class="empty small">No trace matches. Take a condition away or widen the time.</div>`}
            ${traces.length > 0 && html`<${DataTable} caption="Traces found" rows=${traces} columns=${COLUMNS} rowKey=${(/** @type {any} */ trace) => trace.trace_id} initialSort=""
              open=${(/** @type {any} */ trace) => navigate(link(pathOf("trace", trace.trace_id)))} />`}
          </section>`}
  </div>`;
}

const COLUMNS = [
  { key: "start", title: "Start", sortBy: (/** @type {any} */ trace) => trace.start_ms, render: (/** @type {any} */ trace) => html`<time title=${formatDateTime(trace.start_ms)}>${formatTimeExact(trace.start_ms)}</time>` },
  {
    key: "root", title: "Root", sortBy: (/** @type {any} */ trace) => trace.root_name,
    render: (/** @type {any} */ trace) => html`<div class="row"><${ServiceName} name=${trace.root_service} href=${null} />
      <a href=${link(pathOf("trace", trace.trace_id))}>${trace.root_name || trace.trace_id.slice(0, 8)}</a>
      ${!trace.has_root && html`<span class="badge" title="The span that began the trace has not arrived">no root</span>`}</div>`,
  },
  { key: "duration", title: "Duration", number: true, sortBy: (/** @type {any} */ trace) => trace.duration_ms, render: (/** @type {any} */ trace) => formatDuration(trace.duration_ms) },
  { key: "spans", title: "Spans", number: true, sortBy: (/** @type {any} */ trace) => trace.spans, render: (/** @type {any} */ trace) => trace.spans },
  {
    key: "errors", title: "Errors", number: true, sortBy: (/** @type {any} */ trace) => trace.errors,
    render: (/** @type {any} */ trace) => html`<span class=${trace.errors > 0 ? "error-text" : "faint"}>${trace.errors || "–"}</span>`,
  },
  {
    key: "services", title: "Services",
    render: (/** @type {any} */ trace) => html`<div class="row">${trace.services.slice(0, MOST_SERVICES_IN_A_ROW).map((/** @type {any} */ service) => html`<${ServiceName} key=${service.name} name=${service.name} href=${null} count=${service.spans} failed=${service.errors > 0} />`)}
      ${trace.services.length > MOST_SERVICES_IN_A_ROW && html`<span class="faint">+${trace.services.length - MOST_SERVICES_IN_A_ROW}</span>`}</div>`,
  },
];

/** Everything that can be asked of traces; each field goes to the URL as it changes. */
function SearchForm() {
  const near = inWholeMinutes(timeRange.value);
  const services = useAnswer(apiAddress("/services", near)).answer?.services ?? [];
  const service = parameter("service");
  const operations = useAnswer(service === "" ? null : apiAddress(`/services/${encodeURIComponent(service)}/operations`, near)).answer?.operations ?? [];
  const fields = useAnswer(apiAddress("/fields", { signal: "traces", ...near })).answer?.fields ?? [];
  const field = (/** @type {string} */ name) => (/** @type {any} */ event) => setParameters({ [name]: event.currentTarget.value.trim() });
  const names = [...new Set([...services.map((/** @type {any} */ one) => one.name), ...(service === "" ? [] : [service])])].sort();
  const operationNames = [...new Set([...operations.map((/** @type {any} */ one) => one.operation), ...(parameter("operation") === "" ? [] : [parameter("operation")])])].sort();
  return html`<section class="panel" aria-label="Search">
    <div class="form-grid">
      <label>Service <select value=${service} onChange=${(/** @type {any} */ event) => setParameters({ service: event.currentTarget.value, operation: null })}>
        <option value="">any</option>${names.map((name) => html`<option key=${name} value=${name} selected=${name === service}>${name}</option>`)}</select></label>
      <label>Operation <select value=${parameter("operation")} onChange=${field("operation")} disabled=${service === ""}>
        <option value="">any</option>${operationNames.map((name) => html`<option key=${name} value=${name} selected=${name === parameter("operation")}>${name}</option>`)}</select></label>
      <label>Status <select value=${parameter("status")} onChange=${field("status")}>
        ${["", "error", "ok", "unset"].map((status) => html`<option key=${status} value=${status} selected=${status === parameter("status")}>${status || "any"}</option>`)}</select></label>
      <label>At least <input size="7" placeholder="100ms" value=${parameter("min")} onChange=${field("min")} aria-invalid=${isBadDuration(parameter("min"))} /></label>
      <label>At most <input size="7" placeholder="2s" value=${parameter("max")} onChange=${field("max")} aria-invalid=${isBadDuration(parameter("max"))} /></label>
      <label>Order <select value=${parameter("order") || "newest"} onChange=${field("order")}>
        ${["newest", "longest"].map((order) => html`<option key=${order} value=${order} selected=${order === (parameter("order") || "newest")}>${order} first</option>`)}</select></label>
      <label>Limit <select value=${parameter("limit") || "200"} onChange=${field("limit")}>
        ${["50", "200", "1000"].map((limit) => html`<option key=${limit} value=${limit} selected=${limit === (parameter("limit") || "200")}>${limit}</option>`)}</select></label>
    </div>
    <${QueryBar} query=${parameter("q")} change=${(/** @type {string} */ q) => setParameters({ q })} fields=${fields}
      label="Attributes and words" placeholder='http.route:"/products/{id}"  -db.system:redis  duration>1.5s' />
  </section>`;
}

/** Milliseconds of "100", "100ms", "1.5s", "2m"; null when it is none. @param {string} text */
function milliseconds(text) {
  const found = /^(\d+(?:\.\d+)?)\s*(us|µs|ms|s|m)?$/.exec(text.trim());
  if (found === null) return null;
  const scale = { us: 0.001, µs: 0.001, ms: 1, s: 1e3, m: 60e3 }[found[2] ?? "ms"] ?? 1;
  return Number(found[1]) * scale;
}

/** @param {string} text */
function isBadDuration(text) {
  return text !== "" && milliseconds(text) === null;
}
