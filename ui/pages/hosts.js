// Hosts: CPU, memory, fullest disk, load and network of every machine that sends its metrics.
import { html } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, navigate, parameter, pathOf, setParameters } from "../location.js";
import { timeRange } from "../time_range.js";
import { formatAgo, formatBytes, formatNumber, formatShare, plural } from "../format.js";
import { condition } from "../text_query.js";
import { DataTable } from "../components/data_table.js";
import { EmptyState } from "../components/empty_state.js";
import { Panel } from "../components/panel.js";
import { ServiceName } from "../components/service_name.js";

/** Fuller than this is said in red: the next step is an outage. */
const CRITICAL_SHARE = 0.9;

export function HostsPage() {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress("/hosts", { from, to }));
  const hosts = asked.answer?.hosts ?? [];
  const filter = parameter("filter").toLowerCase();
  if (asked.answer !== null && hosts.length === 0) return html`<div class="page"><${EmptyState} what="hosts" signal="metrics" /></div>`;
  return html`<div class="page">
    <div class="page-head"><h1>Hosts</h1><span class="sub">${hosts.length > 0 && plural(hosts.length, "host")}</span><span class="spacer"></span>
      <input type="search" data-search placeholder="Filter hosts" aria-label="Filter hosts" value=${parameter("filter")} onInput=${(/** @type {any} */ event) => setParameters({ filter: event.currentTarget.value }, { replace: true })} /></div>
    <${Panel} asked=${asked} class="flush" label="Hosts"><${DataTable} caption="Hosts" rows=${hosts.filter((/** @type {any} */ host) => host.name.toLowerCase().includes(filter))} columns=${COLUMNS} rowKey=${(/** @type {any} */ host) => host.name} initialSort="-cpu"
      open=${(/** @type {any} */ host) => navigate(hostLink(host))} /><//>
  </div>`;
}

const COLUMNS = [
  { key: "name", title: "Host", sortBy: (/** @type {any} */ host) => host.name, render: (/** @type {any} */ host) => html`<a href=${hostLink(host)}><b>${host.name}</b></a> <small class="faint">${host.os}</small>` },
  { key: "cpu", title: "CPU", sortBy: (/** @type {any} */ host) => host.cpu_share, render: (/** @type {any} */ host) => html`<${Meter} share=${host.cpu_share} label="CPU" />` },
  { key: "memory", title: "Memory", sortBy: (/** @type {any} */ host) => host.memory_share, render: (/** @type {any} */ host) => html`<${Meter} share=${host.memory_share} label="Memory" />` },
  { key: "disk", title: "Fullest disk", sortBy: (/** @type {any} */ host) => host.disk_share, render: (/** @type {any} */ host) => html`<${Meter} share=${host.disk_share} label="Disk" /> <small class="faint">${host.disk_mount}</small>` },
  { key: "load", title: "Load", number: true, hint: "Average over one minute", sortBy: (/** @type {any} */ host) => host.load_1m, render: (/** @type {any} */ host) => formatNumber(host.load_1m) },
  { key: "network", title: "Network", number: true, sortBy: (/** @type {any} */ host) => host.network_bytes_per_s, render: (/** @type {any} */ host) => (host.network_bytes_per_s === null ? "–" : `${formatBytes(host.network_bytes_per_s)}/s`) },
  { key: "services", title: "Services", render: (/** @type {any} */ host) => html`<div class="row">${host.services.map((/** @type {string} */ name) => html`<${ServiceName} key=${name} name=${name} />`)}</div>` },
  { key: "newest", title: "Newest", number: true, sortBy: (/** @type {any} */ host) => host.newest_ms, render: (/** @type {any} */ host) => html`<span class="muted">${formatAgo(host.newest_ms)}</span>` },
  { key: "links", title: html`<span class="visually-hidden">Links</span>`, render: (/** @type {any} */ host) => html`<span class="row-links"><a href=${link("/logs", { q: condition("host.name", host.name) })}>logs</a> <a href=${link("/traces", { q: condition("host.name", host.name) })}>traces</a></span>` },
];

/** @param {{share: number | null, label: string}} properties */
function Meter({ share, label }) {
  if (share === null || share === undefined) return html`<span class="faint">–</span>`;
  const critical = share >= CRITICAL_SHARE;
  return html`<span class="meter"><span class="gauge-track" role="meter" aria-label=${label} aria-valuenow=${Math.round(share * 100)} aria-valuemin="0" aria-valuemax="100"><i class=${critical ? "over" : ""} style=${{ width: `${Math.min(share, 1) * 100}%` }}></i></span><span class=${critical ? "error-text" : ""}>${formatShare(share)}</span></span>`;
}

/** @param {any} host */
function hostLink(host) {
  return link(pathOf("dashboards", "host", host.name));
}
