// One panel of a dashboard, by its kind; asks only once it comes into view, so that a long dashboard opens at once.
import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact-htm-signals.js";
import { apiAddress, ask, useAnswer } from "../api.js";
import { link } from "../location.js";
import { stepFor } from "../time_range.js";
import { formatInUnit, formatTimeExact } from "../format.js";
import { seriesColor } from "../service_color.js";
import { theme } from "../theme.js";
import { valueText } from "../components/attributes.js";
import { Heatmap } from "../components/heatmap.js";
import { Panel } from "../components/panel.js";
import { Sparkline } from "../components/sparkline.js";
import { TimeChart } from "../components/time_chart.js";
import { AlarmState } from "../components/alarm_state.js";
import { seriesOf } from "../metrics/metric_chart.js";

const CHART_HEIGHT = 150;
const MOST_SERIES = 30;

/** @param {{panel: any, range: {from: number, to: number}}} properties */
export function DashboardPanel({ panel, range }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (box.current === null) return undefined;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { rootMargin: "200px" });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return html`<div ref=${box} class="dashboard-panel">${seen ? html`<${kindOf(panel)} panel=${panel} range=${range} />` : html`<section class="panel waiting" aria-busy="true"><h2>${panel.title}</h2></section>`}</div>`;
}

/** @param {any} panel */
function kindOf(panel) {
  switch (panel.kind) {
    case "text": return TextPanel;
    case "logs": return LogsPanel;
    case "alarms": return AlarmsPanel;
    default: return MetricsPanel;
  }
}

/** @param {{panel: any, range: {from: number, to: number}}} properties */
function MetricsPanel({ panel, range }) {
  const asked = useQueries(panel.queries, range, panel.kind === "number" || panel.kind === "gauge" ? 40 : 120);
  const answers = asked.answer?.answers ?? [];
  const unit = panel.unit || answers[0]?.unit || "";
  const isRate = answers.length > 0 && answers.every((/** @type {any} */ answer) => answer.aggregation === "rate") && !unit.endsWith("/s");
  const format = (/** @type {number} */ value) => formatInUnit(value, unit.replace(/\/s$/, unit === "By/s" ? "/s" : ""), isRate || (unit.endsWith("/s") && unit !== "By/s"));
  const series = useMemo(() => allSeries(answers, panel.queries), [asked.answer, theme.value]);
  const step = answers[0]?.step_ms ?? 60e3;
  const explore = panel.queries.length > 0 && html`<a class="panel-link" href=${exploreLink(panel.queries[0])} title="Open in the metric explorer">explore</a>`;
  const heatmap = answers.find((/** @type {any} */ answer) => answer.heatmap)?.heatmap;
  const isEmpty = asked.answer !== null && series.length === 0 && !heatmap;
  return html`<${Panel} title=${panel.title} asked=${asked} actions=${explore} class="chart-panel">
    ${isEmpty && html`<div class="empty small">No points in this time range.</div>`}
    ${heatmap && html`<${Heatmap} label=${panel.title} heatmap=${heatmap} range=${range} stepMs=${step} height=${CHART_HEIGHT} format=${format} />`}
    ${series.length > 0 && panel.kind === "number" && html`<${NumberView} series=${series} format=${format} threshold=${panel.threshold} />`}
    ${series.length > 0 && panel.kind === "gauge" && html`<${GaugeView} series=${series} format=${format} unit=${unit} threshold=${panel.threshold} />`}
    ${series.length > 0 && panel.kind === "table" && html`<${TableView} series=${series} format=${format} />`}
    ${series.length > 0 && ["line", "area", "bar"].includes(panel.kind) && html`<${TimeChart} binary=${unit.startsWith("By")} label=${panel.title} series=${series} range=${range} stepMs=${step} format=${format} kind=${panel.kind} stacked=${panel.kind === "area" && series.length > 1} threshold=${panel.threshold ?? null} height=${CHART_HEIGHT} />`}
  <//>`;
}

/**
 * All queries of a panel as one answer; one failing fails the panel, with its sentence.
 * @param {any[]} queries
 * @param {{from: number, to: number}} range
 * @param {number} points
 * @returns {import("../api.js").Asked<any>}
 */
function useQueries(queries, range, points) {
  const addresses = queries.map((query) => apiAddress("/metrics/query", {
    name: query.metric, from: range.from, to: range.to, step_ms: stepFor(range, points), q: query.q, group_by: (query.group_by ?? []).join(), aggregation: query.aggregation, limit: MOST_SERIES,
  }));
  const [asked, setAsked] = useState(/** @type {import("../api.js").Asked<any>} */ ({ answer: null, error: null, loading: true }));
  const key = addresses.join("\n");
  useEffect(() => {
    const abort = new AbortController();
    setAsked((last) => ({ ...last, loading: true }));
    Promise.all(addresses.map((address) => ask(address, { signal: abort.signal }))).then(
      (answers) => setAsked({ answer: { answers, cut: answers.find((answer) => answer.cut)?.cut ?? null }, error: null, loading: false }),
      (error) => {
        if (!abort.signal.aborted) setAsked({ answer: null, error: error.message, loading: false });
      },
    );
    return () => abort.abort();
  }, [key]);
  return asked;
}

/** @param {any[]} answers @param {any[]} queries */
function allSeries(answers, queries) {
  const all = answers.flatMap((answer, index) => {
    const label = queries[index].label ?? "";
    const several = queries.length > 1;
    return seriesOf(answer, label || (several ? queries[index].metric : "")).map((/** @type {any} */ one) => (several && label && one.label !== label ? { ...one, label: `${label} ${one.label}` } : one));
  });
  return queries.length > 1 ? all.map((one, index) => ({ ...one, color: seriesColor(index) })) : all;
}

/** @param {any} query */
function exploreLink(query) {
  return link("/metrics", { name: query.metric, aggregation: query.aggregation, group_by: (query.group_by ?? []).join(), q: query.q });
}

/** @param {import("../components/time_chart.js").Series} series */
function lastValue(series) {
  return series.values.findLast((value) => value !== null) ?? null;
}

/** @param {{series: import("../components/time_chart.js").Series[], format: (value: number) => string, threshold?: number}} properties */
function NumberView({ series, format, threshold }) {
  return html`<div class="numbers">${series.slice(0, 6).map((one) => {
    const value = lastValue(one);
    const over = threshold !== undefined && threshold !== null && value !== null && value > threshold;
    return html`<div key=${one.label} class="number-view"><b class=${over ? "error-text" : ""}>${value === null ? "–" : format(value)}</b>${series.length > 1 && html`<small class="muted truncate">${one.label}</small>`}<${Sparkline} values=${one.values.filter((point) => point !== null)} color=${one.color} label=${one.label} format=${format} /></div>`;
  })}</div>`;
}

/** @param {{series: import("../components/time_chart.js").Series[], format: (value: number) => string, unit: string, threshold?: number}} properties */
function GaugeView({ series, format, unit, threshold }) {
  const shareOf = (/** @type {number} */ value) => (unit === "%" ? value / 100 : unit === "1" ? value : value / Math.max(...series.map((one) => lastValue(one) ?? 0), threshold ?? 0, 1e-9));
  return html`<div class="gauges">${series.slice(0, 8).map((one) => {
    const value = lastValue(one) ?? 0;
    const over = threshold !== undefined && threshold !== null && value > threshold;
    return html`<div key=${one.label} class="gauge-view"><div class="row"><span class="truncate grow muted">${one.label}</span><b class=${over ? "error-text" : ""}>${format(value)}</b></div>
      <div class="gauge-track" role="meter" aria-valuenow=${value} aria-label=${one.label}><i class=${over ? "over" : ""} style=${{ width: `${Math.min(Math.max(shareOf(value), 0), 1) * 100}%` }}></i></div></div>`;
  })}</div>`;
}

/** @param {{series: import("../components/time_chart.js").Series[], format: (value: number) => string}} properties */
function TableView({ series, format }) {
  const rows = [...series].sort((a, b) => (lastValue(b) ?? 0) - (lastValue(a) ?? 0));
  return html`<div class="table-scroll"><table class="data"><tbody>${rows.map((one) => html`<tr key=${one.label}><td>${one.label}</td><td class="number">${format(/** @type {number} */ (lastValue(one)))}</td><td><${Sparkline} values=${one.values.filter((point) => point !== null)} color=${one.color} label=${one.label} format=${format} /></td></tr>`)}</tbody></table></div>`;
}

/** @param {{panel: any}} properties */
function TextPanel({ panel }) {
  return html`<${Panel} title=${panel.title}>${String(panel.text ?? "").split(/\n{2,}/).map((paragraph, index) => html`<p key=${index} class="text-panel">${paragraph}</p>`)}<//>`;
}

/** @param {{panel: any, range: {from: number, to: number}}} properties */
function LogsPanel({ panel, range }) {
  const asked = useAnswer(apiAddress("/logs", { from: range.from, to: range.to, q: panel.q, limit: 12 }));
  const logs = asked.answer?.logs ?? [];
  return html`<${Panel} title=${panel.title} asked=${asked} sayCut=${false} actions=${html`<a class="panel-link" href=${link("/logs", { q: panel.q })}>open</a>`}>
    ${asked.answer !== null && logs.length === 0 && html`<div class="empty small">None in this time range.</div>`}
    <ul class="log-lines">${logs.map((/** @type {any} */ record, /** @type {number} */ index) => html`<li key=${index}><time class="muted">${formatTimeExact(record.time_ms)}</time><span class=${"severity " + record.severity}>${record.severity}</span><span class="truncate">${valueText(record.body)}</span></li>`)}</ul><//>`;
}

/** @param {{panel: any, range: {from: number, to: number}}} properties */
function AlarmsPanel({ panel, range }) {
  // The API takes no time here; the fragment only makes the question new when the present moves on.
  const asked = useAnswer(`${apiAddress("/alarms")}#${range.to}`);
  const alarms = asked.answer?.alarms ?? [];
  return html`<${Panel} title=${panel.title} asked=${asked} actions=${html`<a class="panel-link" href=${link("/alarms")}>open</a>`}>
    ${asked.answer !== null && alarms.length === 0 && html`<div class="empty small">No alarms are configured.</div>`}
    ${alarms.slice(0, 8).map((/** @type {any} */ alarm) => html`<div key=${alarm.name} class="row"><${AlarmState} state=${alarm.state} /><a class="truncate" href=${link("/alarms", { alarm: alarm.name })}>${alarm.name}</a></div>`)}<//>`;
}
