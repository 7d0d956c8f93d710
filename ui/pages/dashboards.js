// Dashboards: the list, or one of them; made automatically for services, hosts and Weir, or read from files.
import { html } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, parameter, pathOf, setParameters } from "../location.js";
import { inWholeMinutes, timeRange } from "../time_range.js";
import { CutNotice } from "../components/panel.js";
import { DashboardPanel } from "../dashboards/panel.js";

/** @param {{argument: string}} properties id of a dashboard, "" for the list */
export function DashboardsPage({ argument: id }) {
  return id === "" ? html`<${DashboardList} />` : html`<${Dashboard} key=${id} id=${id} />`;
}

const GROUPS = /** @type {[string, (one: any) => boolean][]} */ ([
  ["From files", (one) => one.source === "file"],
  ["Services", (one) => one.id.startsWith("service/")],
  ["Hosts", (one) => one.id.startsWith("host/")],
  ["This process", (one) => one.source === "automatic" && !one.id.includes("/")],
]);

function DashboardList() {
  const asked = useAnswer(apiAddress("/dashboards", inWholeMinutes(timeRange.value)));
  const dashboards = asked.answer?.dashboards ?? [];
  const filter = parameter("filter").toLowerCase();
  const shown = dashboards.filter((/** @type {any} */ one) => `${one.title} ${one.description}`.toLowerCase().includes(filter));
  return html`<div class="page">
    <div class="page-head"><h1>Dashboards</h1><span class="spacer"></span><input type="search" data-search placeholder="Filter dashboards" aria-label="Filter dashboards" value=${parameter("filter")} onInput=${(/** @type {any} */ event) => setParameters({ filter: event.currentTarget.value }, { replace: true })} /></div>
    ${asked.error && html`<div class="notice failed">${asked.error}</div>`}
    ${GROUPS.map(([title, belongs]) => [title, shown.filter((/** @type {any} */ one) => belongs(one))]).filter(([, found]) => found.length > 0).map(([title, found]) => html`<section key=${title} class="stack"><h3>${title}</h3>
      <div class="cards">${found.map((/** @type {any} */ one) => html`<a key=${one.id} data-row class="card" href=${link(dashboardPath(one.id))}><b class="truncate">${one.title}</b><span class="muted">${one.description}</span></a>`)}</div></section>`)}
    ${asked.answer !== null && dashboards.length === 0 && html`<div class="empty small">Dashboards appear by themselves when services and hosts send telemetry.</div>`}
  </div>`;
}

/** @param {{id: string}} properties */
function Dashboard({ id }) {
  const range = timeRange.value;
  const asked = useAnswer(apiAddress(dashboardPath(id), inWholeMinutes(range)));
  if (asked.error !== null) return html`<div class="page"><div class="empty"><h2>${id}</h2><p class="error-text">${asked.error}</p><p><a href=${link("/dashboards")}>All dashboards</a></p></div></div>`;
  const dashboard = asked.answer;
  const [kind, ...rest] = id.split("/");
  return html`<div class="page">
    <div class="page-head"><a href=${link("/dashboards")}>Dashboards</a><span class="faint">/</span><h1>${dashboard?.title ?? id}</h1><span class="spacer"></span>
      ${kind === "service" && html`<a class="button small" href=${link(pathOf("service", rest.join("/")))}>Service</a>`}${kind === "host" && html`<a class="button small" href=${link("/hosts")}>All hosts</a>`}</div>
    <${CutNotice} cut=${dashboard?.cut} />
    ${dashboard !== null && dashboard.rows.length === 0 && html`<div class="empty small">Nothing was received for it in this time range.</div>`}
    ${dashboard?.rows.map((/** @type {any} */ row, /** @type {number} */ number) => html`<section key=${number} aria-label=${row.title}>${row.title && html`<h2 class="dashboard-row">${row.title}</h2>`}
      <div class="dashboard-grid">${row.panels.map((/** @type {any} */ panel, /** @type {number} */ place) => html`<div key=${place} style=${{ gridColumn: `span ${Math.min(Math.max(panel.width ?? 8, 1), 24)}` }}><${DashboardPanel} panel=${panel} range=${range} /></div>`)}</div></section>`)}
  </div>`;
}

/** @param {string} id with slashes between its parts */
function dashboardPath(id) {
  return pathOf("dashboards", ...id.split("/"));
}
