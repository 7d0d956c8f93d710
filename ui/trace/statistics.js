// A trace by operation: how many spans, how long in total and by themselves, how many failed.
import { html } from "../vendor/preact-htm-signals.js";
import { formatDuration } from "../format.js";
import { DataTable } from "../components/data_table.js";
import { ServiceName } from "../components/service_name.js";

/** @param {{trace: any, tree: import("./tree.js").TraceTree, show: (name: string) => void}} properties */
export function Statistics({ trace, tree, show }) {
  const rows = byOperation(trace, tree);
  const columns = [
    { key: "operation", title: "Operation", sortBy: (/** @type {any} */ row) => row.name, render: (/** @type {any} */ row) => html`<div class="row"><${ServiceName} name=${row.service} href=${null} />${row.name}</div>` },
    { key: "count", title: "Spans", number: true, sortBy: (/** @type {any} */ row) => row.count, render: (/** @type {any} */ row) => row.count },
    { key: "self", title: "Own time", number: true, hint: "Time not covered by spans below", sortBy: (/** @type {any} */ row) => row.self, render: (/** @type {any} */ row) => formatDuration(row.self / 1e6) },
    { key: "total", title: "Total", number: true, sortBy: (/** @type {any} */ row) => row.total, render: (/** @type {any} */ row) => formatDuration(row.total / 1e6) },
    { key: "average", title: "Average", number: true, sortBy: (/** @type {any} */ row) => row.total / row.count, render: (/** @type {any} */ row) => formatDuration(row.total / row.count / 1e6) },
    { key: "p95", title: "p95", number: true, sortBy: (/** @type {any} */ row) => row.p95, render: (/** @type {any} */ row) => formatDuration(row.p95 / 1e6) },
    { key: "errors", title: "Errors", number: true, sortBy: (/** @type {any} */ row) => row.errors, render: (/** @type {any} */ row) => html`<span class=${row.errors > 0 ? "error-text" : "faint"}>${row.errors || "–"}</span>` },
  ];
  return html`<div class="scroll-y"><${DataTable} caption="Operations of this trace" rows=${rows} columns=${columns} rowKey=${(/** @type {any} */ row) => `${row.service} ${row.name}`} initialSort="-self" sortParameter="statistics" open=${(/** @type {any} */ row) => show(row.name)} /></div>`;
}

/** @param {any} trace @param {import("./tree.js").TraceTree} tree */
function byOperation(trace, tree) {
  const groups = new Map();
  tree.spans.forEach((span, place) => {
    const service = trace.resources[span.resource]?.service ?? "";
    const key = `${service}\u0000${span.name}`;
    const group = groups.get(key) ?? { service, name: span.name, count: 0, total: 0, self: 0, errors: 0, durations: [] };
    group.count += 1;
    group.total += span.duration_ns;
    group.self += tree.selfNs[place];
    group.errors += span.status === "error" ? 1 : 0;
    group.durations.push(span.duration_ns);
    groups.set(key, group);
  });
  for (const group of groups.values()) {
    group.durations.sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
    group.p95 = group.durations[Math.ceil(group.durations.length * 0.95) - 1];
  }
  return [...groups.values()];
}
