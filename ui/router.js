// Which page belongs to which path; pages are loaded when first shown, so that the first load stays small.
import { html, useEffect, useState } from "./vendor/preact-htm-signals.js";
import { currentPath } from "./location.js";

/**
 * @typedef {{load: () => Promise<any>, component: string, title: string, argument?: string, fills?: boolean}} Route
 * `fills`: the page scrolls inside itself
 */

/** @type {Record<string, {load: () => Promise<any>, component: string, title: string, fills?: boolean}>} */
const PAGES = {
  "": { load: () => import("./pages/overview.js"), component: "OverviewPage", title: "Overview" },
  service: { load: () => import("./pages/service.js"), component: "ServicePage", title: "Service" },
  map: { load: () => import("./pages/service_map.js"), component: "ServiceMapPage", title: "Service map", fills: true },
  traces: { load: () => import("./pages/traces.js"), component: "TracesPage", title: "Traces" },
  trace: { load: () => import("./pages/trace.js"), component: "TracePage", title: "Trace", fills: true },
  logs: { load: () => import("./pages/logs.js"), component: "LogsPage", title: "Logs", fills: true },
  metrics: { load: () => import("./pages/metrics.js"), component: "MetricsPage", title: "Metrics", fills: true },
  dashboards: { load: () => import("./pages/dashboards.js"), component: "DashboardsPage", title: "Dashboards" },
  hosts: { load: () => import("./pages/hosts.js"), component: "HostsPage", title: "Hosts" },
  alarms: { load: () => import("./pages/alarms.js"), component: "AlarmsPage", title: "Alarms" },
  pipeline: { load: () => import("./pages/pipeline.js"), component: "PipelinePage", title: "Pipeline", fills: true },
};

/**
 * @param {string} path
 * @returns {Route | null} null when there is no such page
 */
export function routeOf(path) {
  const [first, ...rest] = path.split("/").slice(1);
  if (!Object.hasOwn(PAGES, first)) return null;
  return { ...PAGES[first], argument: rest.map(decodeSegment).join("/") };
}

/** Draws the page of the current path. */
export function CurrentPage() {
  const route = routeOf(currentPath.value);
  const [module, setModule] = useState(/** @type {{component: string, code: any, error: string | null}} */ ({ component: "", code: null, error: null }));
  const wanted = route?.component ?? "";
  useEffect(() => {
    if (route === null) return;
    document.title = [route.argument, route.title, "Weir"].filter((part) => part).join(" · ");
    route.load().then(
      (code) => setModule({ component: wanted, code, error: null }),
      (error) => setModule({ component: wanted, code: null, error: error.message }),
    );
  }, [wanted, route?.argument]);
  if (route === null) return html`<div class="empty"><h2>No such page</h2><p class="muted">Nothing is at <code>${currentPath.value}</code>.</p><p><a href="/">To the overview</a></p></div>`;
  if (module.component !== wanted) return null;
  if (module.error !== null) return html`<div class="notice failed">The page could not be loaded: ${module.error}</div>`;
  const Page = module.code[wanted];
  return html`<${Page} argument=${route.argument} />`;
}

/** @param {string} segment */
function decodeSegment(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
