// Alarms: what is wrong now and why in words, each rule as configured, and every change of state.
import { html } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, parameter, setParameters } from "../location.js";
import { spanMilliseconds, stepFor, timeRange } from "../time_range.js";
import { formatAgo, formatDateTime, plural } from "../format.js";
import { AttributeTable } from "../components/attributes.js";
import { condition } from "../text_query.js";
import { AlarmState } from "../components/alarm_state.js";
import { DataTable } from "../components/data_table.js";
import { Drawer } from "../components/drawer.js";
import { Panel } from "../components/panel.js";
import { MetricChart } from "../metrics/metric_chart.js";

const WORST_FIRST = ["ALARM", "INSUFFICIENT_DATA", "OK"];

export function AlarmsPage() {
  const { from, to } = timeRange.value;
  // The API takes no time here; the fragment only makes the question new when the present moves on.
  const asked = useAnswer(`${apiAddress("/alarms")}#${to}`);
  const alarms = asked.answer?.alarms ?? [];
  const filter = parameter("filter").toLowerCase();
  const shown = alarms.filter((/** @type {any} */ alarm) => `${alarm.name} ${JSON.stringify(alarm.series.map((/** @type {any} */ one) => one.labels))}`.toLowerCase().includes(filter));
  const selected = alarms.find((/** @type {any} */ alarm) => alarm.name === parameter("alarm"));
  const history = useAnswer(apiAddress("/alarms/history", { from, to, name: selected?.name, limit: 200 }));
  const select = (/** @type {string | null} */ name) => setParameters({ alarm: name }, { replace: true });
  if (asked.answer !== null && alarms.length === 0) return html`<div class="page"><${NoAlarms} /></div>`;
  return html`<div class="page with-drawer"><div class="page grow">
    <div class="page-head"><h1>Alarms</h1><span class="sub">${WORST_FIRST.map((state) => [state, alarms.filter((/** @type {any} */ alarm) => alarm.state === state).length]).filter(([, count]) => Number(count) > 0).map(([state, count]) => html`<span key=${state}>${count} <${AlarmState} state=${state} /> </span>`)}</span><span class="spacer"></span>
      <input type="search" data-search placeholder="Filter alarms" aria-label="Filter alarms" value=${parameter("filter")} onInput=${(/** @type {any} */ event) => setParameters({ filter: event.currentTarget.value }, { replace: true })} /></div>
    <${Panel} asked=${asked} class="flush" label="Alarms">
      <${DataTable} caption="Alarms, worst first" rows=${shown} columns=${COLUMNS} rowKey=${(/** @type {any} */ alarm) => alarm.name} selected=${selected?.name ?? ""} open=${(/** @type {any} */ alarm) => select(alarm.name)} /><//>
    <${Panel} asked=${history} class="flush" title=${selected ? `History of ${selected.name}` : "History"}>
      ${history.answer !== null && history.answer.changes.length === 0 ? html`<div class="empty small">No alarm changed its state in this time range.</div>` : html`<${DataTable} caption="Changes of state" rows=${history.answer?.changes ?? []} columns=${HISTORY_COLUMNS} rowKey=${(/** @type {any} */ change) => `${change.time_ms} ${change.name} ${JSON.stringify(change.labels)}`} />`}<//>
    </div>
    ${selected && html`<${AlarmDrawer} alarm=${selected} close=${() => select(null)} />`}
  </div>`;
}

const COLUMNS = [
  { key: "state", title: "State", width: "92px", render: (/** @type {any} */ alarm) => html`<${AlarmState} state=${alarm.state} />` },
  { key: "name", title: "Alarm", render: (/** @type {any} */ alarm) => html`<b>${alarm.name}</b> ${alarm.series.length > 1 && html`<small class="faint">${alarm.series.filter((/** @type {any} */ one) => one.state === "ALARM").length} of ${plural(alarm.series.length, "series").replace("seriess", "series")}</small>`}` },
  { key: "reason", title: "Why", render: (/** @type {any} */ alarm) => html`<span class="reason">${alarm.reason}</span>` },
  { key: "since", title: "Since", number: true, render: (/** @type {any} */ alarm) => html`<time title=${formatDateTime(alarm.since_ms)}>${formatAgo(alarm.since_ms)}</time>` },
];

const HISTORY_COLUMNS = [
  { key: "time", title: "Time", width: "160px", render: (/** @type {any} */ change) => html`<time>${formatDateTime(change.time_ms)}</time>` },
  { key: "change", title: "Change", width: "180px", render: (/** @type {any} */ change) => html`<${AlarmState} state=${change.previous_state} /> → <${AlarmState} state=${change.state} />` },
  { key: "name", title: "Alarm", render: (/** @type {any} */ change) => html`${change.name} <${Labels} labels=${change.labels} />` },
  { key: "reason", title: "Why", render: (/** @type {any} */ change) => html`<span class="reason">${change.reason}</span>` },
];

/** @param {{alarm: any, close: () => void}} properties */
function AlarmDrawer({ alarm, close }) {
  const rule = alarm.rule ?? {};
  return html`<${Drawer} label=${alarm.name} close=${close} title=${html`<h2>${alarm.name}</h2><${AlarmState} state=${alarm.state} />`}>
    <p>${alarm.reason}</p>
    ${rule.description && html`<p class="muted">${rule.description}</p>`}
    <div class="row wrap">${metricNames(rule).map((name) => html`<a key=${name} class="button small" href=${link("/metrics", { name })}>${name}</a>`)}</div>
    <${DecidingChart} rule=${rule} />
    <section><h3>Series</h3>${alarm.series.map((/** @type {any} */ one) => html`<div key=${JSON.stringify(one.labels)} class="alarm-series"><div class="row wrap"><${AlarmState} state=${one.state} /><${Labels} labels=${one.labels} /><span class="grow"></span><time class="faint">${formatAgo(one.since_ms)}</time></div><p class="muted">${one.reason}</p></div>`)}</section>
    <${AttributeTable} title="Rule" attributes=${Object.entries(rule).filter(([, value]) => isSet(value))} />
  <//>`;
}

/** Aggregations of the API by CloudWatch's statistics. @type {Record<string, string>} */
const AGGREGATIONS = { Average: "average", Sum: "increase", Maximum: "maximum", Minimum: "minimum", p50: "p50", p90: "p90", p95: "p95", p99: "p99" };

/** What decides an alarm of a single metric, with its threshold; an expression of several is told by its reason alone. @param {{rule: any}} properties */
function DecidingChart({ rule }) {
  const range = timeRange.value;
  const metric = rule.metric;
  const aggregation = AGGREGATIONS[metric?.statistic ?? "Average"];
  if (!metric?.name || aggregation === undefined) return null;
  // A pattern as /SERVER|CONSUMER/ has no counterpart among the conditions of a query; without it the chart shows more.
  const dimensions = Object.entries(metric.dimensions ?? {}).filter(([, value]) => !String(value).startsWith("/"));
  const q = dimensions.map(([key, value]) => condition(key, String(value))).join(" ");
  const step = Math.max(stepFor(range, 120), spanMilliseconds(String(metric.period ?? "")) ?? 0);
  return html`<${MetricChart} title=${`${metric.statistic ?? "Average"} of ${metric.name}`} query=${{ name: metric.name, from: range.from, to: range.to, q, step_ms: step }} aggregation=${aggregation} groupBy=${rule.split_by ?? []} unit="" threshold=${rule.threshold ?? null} height=${150} />`;
}

/** Names of all metrics that a rule looks at. @param {any} rule @returns {string[]} */
function metricNames(rule) {
  const all = [rule.metric, ...(rule.metrics ?? []).map((/** @type {any} */ one) => one.metric)];
  return [...new Set(all.map((metric) => metric?.name).filter((name) => name))];
}

/** Whether a field of a rule says something: what is empty was left out by who wrote it. @param {any} value */
function isSet(value) {
  return value !== null && value !== "" && (typeof value !== "object" || Object.keys(value).length > 0);
}

/** @param {{labels: Record<string, string>}} properties */
function Labels({ labels }) {
  return Object.entries(labels ?? {}).map(([key, value]) => html`<span key=${key} class="badge">${key} ${value}</span> `);
}

function NoAlarms() {
  return html`<div class="empty"><h2>No alarms yet</h2><p class="muted">Alarms are rules of the connector <code>alarms</code>, in the words of CloudWatch:</p>
    <pre>connectors:
  alarms:
    rules:
      - name: disk nearly full
        metric: {name: system.filesystem.utilization, statistic: Maximum, period: 60s}
        split_by: [host.name, mountpoint]
        threshold: 0.9
        evaluation_periods: 5
        datapoints_to_alarm: 3
service:
  pipelines:
    metrics: {receivers: [host_metrics], exporters: [alarms, store]}
    logs/alarms: {receivers: [alarms], exporters: [store]}</pre></div>`;
}
