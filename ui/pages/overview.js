// Overview: every service with requests, errors and latency, what is most wrong first, against the period before.
import { html, useMemo } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, navigate, parameter, pathOf, setParameters } from "../location.js";
import { timeRange } from "../time_range.js";
import { formatDuration, formatNumber, formatRate, formatShare, plural } from "../format.js";
import { serviceColor } from "../service_color.js";
import { theme, themeColor } from "../theme.js";
import { condition } from "../text_query.js";
import { Panel } from "../components/panel.js";
import { DataTable } from "../components/data_table.js";
import { EmptyState } from "../components/empty_state.js";
import { ServiceName } from "../components/service_name.js";
import { Sparkline } from "../components/sparkline.js";
import { TimeChart } from "../components/time_chart.js";
import { Change } from "../components/change.js";

export function OverviewPage() {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress("/services", { from, to }));
  const services = asked.answer?.services ?? [];
  if (asked.answer !== null && services.length === 0) return html`<div class="page"><${EmptyState} what="services" signal="traces" /></div>`;
  const filter = parameter("filter").toLowerCase();
  const shown = services.filter((/** @type {any} */ service) => service.name.toLowerCase().includes(filter));
  return html`<div class="page">
    <div class="page-head"><h1>Overview</h1><span class="sub">${services.length > 0 && summary(services)}</span><span class="spacer"></span>
      <input type="search" data-search placeholder="Filter services" aria-label="Filter services" value=${parameter("filter")}
        onInput=${(/** @type {any} */ event) => setParameters({ filter: event.currentTarget.value }, { replace: true })} /></div>
    ${services.length > 0 && html`<${Totals} services=${services} />`}
    <${Panel} asked=${asked} label="Services" class="flush">
      <${DataTable} caption="Services, what is most wrong first" rows=${shown} columns=${COLUMNS} rowKey=${(/** @type {any} */ service) => service.name} initialSort="-wrong"
        open=${(/** @type {any} */ service) => navigate(link(pathOf("service", service.name)))} />
    <//>
  </div>`;
}

/** All services together: who is asked how much, how much fails, and the slowest. @param {{services: any[]}} properties */
function Totals({ services }) {
  const range = timeRange.value;
  const step = services[0].series.step_ms;
  const charts = useMemo(() => {
    const busiest = [...services].sort((a, b) => b.requests - a.requests).slice(0, MOST_DRAWN);
    const perSecond = (/** @type {number[]} */ counts) => counts.map((count) => count / (step / 1e3));
    const slowest = [...services].filter((service) => service.p95_ms !== null).sort((a, b) => b.p95_ms - a.p95_ms).slice(0, 4);
    const failing = services.filter((service) => service.errors > 0).sort((a, b) => b.errors - a.errors).slice(0, MOST_DRAWN);
    const seriesOf = (/** @type {any} */ service, /** @type {(number | null)[]} */ values) => ({ label: service.name, color: serviceColor(service.name), times: service.series.times_ms, values });
    return [
      { title: "Requests a second", kind: "area", stacked: true, format: formatRate, series: busiest.map((service) => seriesOf(service, perSecond(service.series.requests))) },
      { title: "Failed a second", kind: "bar", stacked: true, format: formatRate, series: failing.map((service) => seriesOf(service, perSecond(service.series.errors))) },
      { title: "Slowest p95", kind: "line", stacked: false, format: formatDuration, series: slowest.map((service) => seriesOf(service, service.series.p95_ms)) },
    ];
  }, [services, theme.value]);
  return html`<div class="thirds">${charts.map((chart) => html`<${Panel} key=${chart.title} title=${chart.title}>
    ${chart.series.length === 0 ? html`<div class="empty small">None.</div>` : html`<${TimeChart} label=${chart.title} series=${chart.series} range=${range} stepMs=${step} kind=${chart.kind} stacked=${chart.stacked} format=${chart.format} height=${120} />`}<//>`)}</div>`;
}

/** More services than this are too thin in a stack to be told apart. */
const MOST_DRAWN = 12;

/** Columns of a list of services or operations: how many, how many failed, how long. */
export const REQUEST_COLUMNS = [
  {
    key: "requests", title: "Requests", number: true, hint: "Requests a second, and the change against the period before",
    sortBy: (/** @type {any} */ row) => row.rate,
    render: (/** @type {any} */ row) => html`${formatRate(row.rate)} ${row.previous && html`<${Change} now=${row.rate} before=${row.previous.rate} />`}`,
  },
  {
    key: "requests-line", title: html`<span class="visually-hidden">Requests over time</span>`, width: "126px",
    render: (/** @type {any} */ row) => html`<${Sparkline} values=${row.series?.requests ?? []} color=${serviceColor(row.name ?? row.operation)} label="requests" />`,
  },
  {
    key: "errors", title: "Errors", number: true, hint: "Share of requests that failed",
    sortBy: (/** @type {any} */ row) => row.error_share,
    render: (/** @type {any} */ row) => html`<span class=${row.errors > 0 ? "error-text" : "faint"} title=${plural(row.errors, "error")}>${formatShare(row.error_share)}</span>
      ${row.previous && html`<${Change} now=${row.error_share} before=${row.previous.error_share} worseWhenUp />`}`,
  },
  {
    key: "errors-line", title: html`<span class="visually-hidden">Errors over time</span>`, width: "126px",
    render: (/** @type {any} */ row) => (row.errors > 0 ? html`<${Sparkline} values=${row.series?.errors ?? []} color=${themeColor("--error")} label="errors" bars />` : html`<span class="faint">–</span>`),
  },
  { key: "p50", title: "p50", number: true, hint: "Half of the requests took at most this long", sortBy: (/** @type {any} */ row) => row.p50_ms, render: (/** @type {any} */ row) => formatDuration(row.p50_ms) },
  {
    key: "p95", title: "p95", number: true, hint: "95 of 100 requests took at most this long", sortBy: (/** @type {any} */ row) => row.p95_ms,
    render: (/** @type {any} */ row) => html`${formatDuration(row.p95_ms)} ${row.previous && html`<${Change} now=${row.p95_ms} before=${row.previous.p95_ms} worseWhenUp />`}`,
  },
  {
    key: "p95-line", title: html`<span class="visually-hidden">p95 over time</span>`, width: "126px",
    render: (/** @type {any} */ row) => html`<${Sparkline} values=${row.series?.p95_ms ?? []} color=${serviceColor(row.name ?? row.operation)} label="p95" format=${formatDuration} />`,
  },
  { key: "p99", title: "p99", number: true, sortBy: (/** @type {any} */ row) => row.p99_ms, render: (/** @type {any} */ row) => formatDuration(row.p99_ms) },
];

const COLUMNS = [
  {
    key: "wrong", title: "Service", sortBy: wrongness, number: false,
    render: (/** @type {any} */ row) => html`<div class="row"><${ServiceName} name=${row.name} />${row.version && html`<small class="faint">${row.version}</small>`}
      ${row.alarms > 0 && html`<a class="badge error" href=${link("/alarms", { filter: row.name })}>${plural(row.alarms, "alarm")}</a>`}</div>`,
  },
  ...REQUEST_COLUMNS,
  {
    key: "links", title: html`<span class="visually-hidden">Links</span>`,
    render: (/** @type {any} */ row) => html`<span class="row-links"><a href=${link("/traces", { service: row.name })}>traces</a> <a href=${link("/logs", { q: condition("service", row.name) })}>logs</a></span>`,
  },
];

/**
 * How much is wrong with a service: alarms first, then the share of errors, then how much slower and how much
 * quieter it became; traffic breaks ties, so that a quiet healthy day reads from the busiest down.
 * @param {any} service
 */
function wrongness(service) {
  const slower = ratio(service.p95_ms, service.previous?.p95_ms);
  const quieter = ratio(service.previous?.rate, service.rate);
  return service.alarms * 1000 + service.error_share * 100 + Math.max(0, slower - 1.2) * 5 + Math.max(0, quieter - 1.5) + Math.min(service.rate, 1e9) * 1e-9;
}

/** @param {number | null | undefined} value @param {number | null | undefined} against 1 when either is unknown */
function ratio(value, against) {
  return !value || !against ? 1 : Math.min(value / against, 20);
}

/** @param {any[]} services */
function summary(services) {
  const rate = services.reduce((sum, service) => sum + service.rate, 0);
  const requests = services.reduce((sum, service) => sum + service.requests, 0);
  const errors = services.reduce((sum, service) => sum + service.errors, 0);
  return `${plural(services.length, "service")} · ${formatNumber(rate)} requests/s · ${formatShare(requests === 0 ? 0 : errors / requests)} failed`;
}

