// One trace: mini-map, waterfall with find and collapse, statistics by operation, its log records, and the span's drawer.
import { html, useEffect, useMemo, useState } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, parameter, setParameters } from "../location.js";
import { formatDateTime, formatDuration, plural } from "../format.js";
import { copyText } from "../components/copy.js";
import { CutNotice } from "../components/panel.js";
import { ServiceName } from "../components/service_name.js";
import { buildTree, findPlaces, visiblePlaces } from "../trace/tree.js";
import { markdownOutline } from "../trace/outline.js";
import { Minimap } from "../trace/minimap.js";
import { SpanDrawer } from "../trace/span_drawer.js";
import { Statistics } from "../trace/statistics.js";
import { Waterfall } from "../trace/waterfall.js";

const AROUND_MS = 60e3;
const MOST_LOGS = 500;

/** @param {{argument: string}} properties the trace id */
export function TracePage({ argument: id }) {
  const asked = useAnswer(apiAddress(`/traces/${encodeURIComponent(id)}`));
  if (asked.error !== null) return html`<div class="page"><div class="empty"><h2>Trace ${id.slice(0, 8)}…</h2><p class="muted">${asked.error}</p><p><a href=${link("/traces")}>To the traces</a></p></div></div>`;
  if (asked.answer === null) return html`<div class="page"><div class="notice">Opening the trace …</div></div>`;
  return html`<${LoadedTrace} key=${id} trace=${asked.answer} />`;
}

/** @param {{trace: any}} properties */
function LoadedTrace({ trace }) {
  const tree = useMemo(() => buildTree(trace.spans), [trace]);
  const [collapsed, setCollapsed] = useState(/** @type {Set<string>} */ (new Set()));
  const [foundAt, setFoundAt] = useState(0);
  const only = /** @type {"" | "errors" | "critical"} */ (parameter("only"));
  const places = useMemo(() => visiblePlaces(tree, collapsed, only), [tree, collapsed, only]);
  const search = parameter("find");
  const found = useMemo(() => findPlaces(tree, trace.resources, search), [tree, search]);
  const foundSet = useMemo(() => new Set(found), [found]);
  const selected = parameter("span");
  const selectedPlace = tree.placeOf.get(selected) ?? -1;
  const total = Math.max(trace.duration_ns, 1);
  const view = viewOf(parameter("view"), total);
  const logs = useAnswer(apiAddress("/logs", { from: Math.floor(trace.start_ms - AROUND_MS), to: Math.ceil(trace.start_ms + total / 1e6 + AROUND_MS), q: `trace:${trace.trace_id}`, limit: MOST_LOGS })).answer?.logs ?? [];
  const logMarks = useMemo(() => marksBySpan(logs, trace), [logs, trace]);
  const tab = parameter("tab") || "waterfall";

  const select = (/** @type {string} */ span) => setParameters({ span }, { replace: true });
  const toggle = (/** @type {string} */ span, /** @type {boolean} */ whole) => setCollapsed(toggled(tree, collapsed, span, whole));
  const goToFound = (/** @type {number} */ next) => {
    if (found.length === 0) return;
    const index = (next + found.length) % found.length;
    setFoundAt(index);
    setCollapsed(withAncestorsOpen(tree, collapsed, found[index]));
    select(tree.spans[found[index]].id);
  };
  useEffect(() => {
    const next = (/** @type {KeyboardEvent} */ event) => {
      if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey) return;
      if (event.key === "n") goToFound(foundAt + 1);
      if (event.key === "N") goToFound(foundAt - 1);
    };
    document.addEventListener("keydown", next);
    return () => document.removeEventListener("keydown", next);
  });

  const root = tree.spans[0];
  const errors = useMemo(() => tree.spans.filter((span) => span.status === "error").length, [tree]);
  return html`<div class="page trace-page">
    <div class="page-head">
      <${ServiceName} name=${trace.resources[root?.resource]?.service ?? ""} /><h1 class="truncate">${root?.name ?? "Empty trace"}</h1>
      <span class="sub">${formatDateTime(trace.start_ms)} · ${formatDuration(total / 1e6)} · ${plural(tree.spans.length, "span")} · ${plural(trace.resources.length, "resource")}${errors > 0 && html` · <span class="error-text">${plural(errors, "error")}</span>`}</span>
      <span class="spacer"></span>
      <button class="small" title="Copy an outline for a bug report" onClick=${() => copyText(markdownOutline(trace, tree))}>Copy Markdown</button>
      <button class="small" onClick=${() => copyText(JSON.stringify(trace))}>Copy JSON</button>
      <a class="button small" download=${`trace-${trace.trace_id}.json`} href=${apiAddress(`/traces/${trace.trace_id}/otlp`)}>Download OTLP</a>
    </div>
    <${CutNotice} cut=${trace.cut} />
    ${tree.orphans > 0 && html`<div class="notice">${plural(tree.orphans, "span")} name${tree.orphans === 1 ? "s" : ""} a parent that is not here: it has not arrived, or was not sampled.</div>`}
    ${tree.skewed > 0 && html`<div class="notice">${plural(tree.skewed, "span")} begin${tree.skewed === 1 ? "s" : ""} before the span that called: clocks of the hosts differ. Times are shown as sent.</div>`}
    <${Minimap} trace=${trace} tree=${tree} view=${view} change=${(/** @type {[number, number] | null} */ next) => setParameters({ view: next === null ? null : `${Math.round(next[0])}-${Math.round(next[1])}` })} />
    <div class="trace-tools row wrap">
      <div class="segments" role="group" aria-label="View">${[["waterfall", "Waterfall"], ["statistics", "By operation"]].map(([name, title]) => html`<button key=${name} class="small" aria-pressed=${tab === name} onClick=${() => setParameters({ tab: name === "waterfall" ? null : name })}>${title}</button>`)}</div>
      <form class="row" role="search" onSubmit=${(/** @type {SubmitEvent} */ event) => { event.preventDefault(); goToFound(found.length > 0 && selectedPlace === found[foundAt] ? foundAt + 1 : foundAt); }}>
        <input type="search" data-search placeholder="Find a name, service or attribute" aria-label="Find in the trace" value=${search} size="30"
          onInput=${(/** @type {any} */ event) => { setFoundAt(0); setParameters({ find: event.currentTarget.value }, { replace: true }); }} />
        ${search !== "" && html`<span class="muted" role="status">${found.length === 0 ? "none" : `${Math.min(foundAt + 1, found.length)} of ${found.length}`}</span>
          <button type="button" class="small" aria-label="Previous find" onClick=${() => goToFound(foundAt - 1)}>↑</button><button type="button" class="small" aria-label="Next find" onClick=${() => goToFound(foundAt + 1)}>↓</button>`}
      </form>
      <span class="grow"></span>
      <div class="segments" role="group" aria-label="Which spans">${[["", "All"], ["errors", "Errors"], ["critical", "Critical path"]].map(([name, title]) => html`<button key=${name} class="small" aria-pressed=${only === name} onClick=${() => setParameters({ only: name })}>${title}</button>`)}</div>
      <button class="small" onClick=${() => setCollapsed(collapsedFromDepth(tree, 1))}>Collapse all</button>
      <button class="small" onClick=${() => setCollapsed(collapsedFromDepth(tree, 3))}>3 levels</button>
      <button class="small" disabled=${collapsed.size === 0} onClick=${() => setCollapsed(new Set())}>Expand all</button>
    </div>
    <div class="trace-body">
      ${tab === "statistics"
        ? html`<${Statistics} trace=${trace} tree=${tree} show=${(/** @type {string} */ name) => setParameters({ tab: null, find: name })} />`
        : html`<${Waterfall} trace=${trace} tree=${tree} places=${places} collapsed=${collapsed} toggle=${toggle} selected=${selected} select=${select} found=${foundSet} current=${selectedPlace} view=${view} logMarks=${logMarks} scrollKey=${`${selected} ${places.length}`} />`}
      ${selectedPlace !== -1 && html`<${SpanDrawer} trace=${trace} tree=${tree} place=${selectedPlace} close=${() => setParameters({ span: null }, { replace: true })} logs=${logs.filter((/** @type {any} */ record) => record.span_id === selected)} />`}
    </div>
  </div>`;
}

/** @param {string} text as "from-to" in nanoseconds @param {number} total @returns {[number, number]} */
function viewOf(text, total) {
  const found = /^(\d+)-(\d+)$/.exec(text);
  return found !== null && Number(found[2]) > Number(found[1]) ? [Number(found[1]), Number(found[2])] : [0, total];
}

/** Moments of log records by span, in nanoseconds from the trace's start. @param {any[]} logs @param {any} trace */
function marksBySpan(logs, trace) {
  const marks = /** @type {Map<string, number[]>} */ (new Map());
  for (const record of logs) {
    if (record.span_id === "") continue;
    marks.set(record.span_id, [...(marks.get(record.span_id) ?? []), (record.time_ms - trace.start_ms) * 1e6]);
  }
  return marks;
}

/**
 * @param {import("../trace/tree.js").TraceTree} tree
 * @param {Set<string>} collapsed
 * @param {string} id
 * @param {boolean} whole with everything below
 */
function toggled(tree, collapsed, id, whole) {
  const next = new Set(collapsed);
  const opens = next.has(id);
  const place = tree.placeOf.get(id) ?? 0;
  const last = whole ? tree.end[place] : place + 1;
  for (let each = place; each < last; each += 1) {
    if (opens) next.delete(tree.spans[each].id);
    else if (tree.end[each] > each + 1) next.add(tree.spans[each].id);
  }
  return next;
}

/** @param {import("../trace/tree.js").TraceTree} tree @param {Set<string>} collapsed @param {number} place */
function withAncestorsOpen(tree, collapsed, place) {
  const next = new Set(collapsed);
  for (let above = tree.parent[place]; above !== -1; above = tree.parent[above]) next.delete(tree.spans[above].id);
  return next;
}

/** @param {import("../trace/tree.js").TraceTree} tree @param {number} levels shown */
function collapsedFromDepth(tree, levels) {
  const ids = new Set(/** @type {string[]} */ ([]));
  tree.spans.forEach((span, place) => {
    if (tree.depth[place] >= levels - 1 && tree.end[place] > place + 1) ids.add(span.id);
  });
  return ids;
}
