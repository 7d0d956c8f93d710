// The waterfall: one row a span, drawn only when in view, over the part of time that is chosen in the mini-map.
import { html, useEffect, useRef } from "../vendor/preact-htm-signals.js";
import { formatDuration } from "../format.js";
import { serviceColor } from "../service_color.js";
import { VirtualList } from "../components/virtual_list.js";

export const ROW_HEIGHT = 25;
/** Deeper spans are not indented further, or their names would leave the column. */
/** Per cent of the row that a duration's text may take. */
const DURATION_WIDTH = 18;
const DEEPEST_INDENT = 24;

/**
 * @param {{
 *   trace: any, tree: import("./tree.js").TraceTree, places: number[], collapsed: Set<string>, toggle: (id: string, whole: boolean) => void,
 *   selected: string, select: (id: string) => void, found: Set<number>, current: number, view: [number, number], logMarks: Map<string, number[]>, scrollKey: string,
 * }} properties `view` in nanoseconds from the trace's start; `current` is the place to bring into view
 */
export function Waterfall({ trace, tree, places, collapsed, toggle, selected, select, found, current, view, logMarks, scrollKey }) {
  const container = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [from, to] = view;
  useEffect(() => container.current?.focus({ preventScroll: true }), []);
  const percent = (/** @type {number} */ ns) => ((ns - from) / (to - from)) * 100;
  const rowOf = (/** @type {number} */ place) => places.indexOf(place);

  const key = (/** @type {KeyboardEvent} */ event) => {
    const place = tree.placeOf.get(selected) ?? 0;
    // Without a selection the first key selects the first row.
    const row = tree.placeOf.has(selected) ? rowOf(place) : -1;
    const go = (/** @type {number} */ next) => {
      if (places[next] === undefined) return;
      event.preventDefault();
      select(tree.spans[places[next]].id);
    };
    switch (event.key) {
      case "ArrowDown": case "j": event.stopPropagation(); go(row + 1); return;
      case "ArrowUp": case "k": event.stopPropagation(); go(row - 1); return;
      case "ArrowLeft":
        if (collapsed.has(selected) || tree.end[place] === place + 1) go(rowOf(tree.parent[place]));
        else toggle(selected, event.shiftKey);
        return;
      case "ArrowRight":
        if (collapsed.has(selected)) toggle(selected, event.shiftKey);
        else go(row + 1);
        return;
      case "PageDown": go(Math.min(row + 20, places.length - 1)); return;
      case "PageUp": go(Math.max(row - 20, 0)); return;
      case "Home": go(0); return;
      case "End": go(places.length - 1); return;
      default:
    }
  };

  const row = (/** @type {number} */ index) => {
    const place = places[index];
    const span = tree.spans[place];
    const service = trace.resources[span.resource]?.service ?? "";
    const failed = span.status === "error";
    const color = serviceColor(service);
    const below = tree.end[place] - place - 1;
    const isCollapsed = collapsed.has(span.id);
    const left = percent(span.start_offset_ns);
    const width = percent(span.start_offset_ns + span.duration_ns) - left;
    const classes = ["span-row", span.id === selected ? "selected" : "", failed ? "failed" : "", found.has(place) ? "found" : "", place === current ? "current" : "", tree.critical[place] ? "critical" : ""].join(" ");
    return html`<div key=${span.id} class=${classes} role="row" aria-level=${tree.depth[place] + 1} aria-rowindex=${index + 1} aria-selected=${span.id === selected} aria-expanded=${below > 0 ? !isCollapsed : undefined}
      onClick=${() => { select(span.id); container.current?.focus(); }}>
      <div class="span-name" role="gridcell" style=${{ paddingLeft: `${6 + Math.min(tree.depth[place], DEEPEST_INDENT) * 12}px` }}>
        ${below > 0
          ? html`<button class="collapse" tabindex="-1" aria-label=${isCollapsed ? `Expand ${below} spans` : `Collapse ${below} spans`} title="With Shift: all below" onClick=${(/** @type {MouseEvent} */ event) => { event.stopPropagation(); toggle(span.id, event.shiftKey); }}>${isCollapsed ? "▸" : "▾"}</button>`
          : html`<span class="collapse"></span>`}
        <i class="service-bar" style=${{ background: color }}></i>
        <span class="truncate"><b>${service}</b> ${span.name}</span>
        ${failed && html`<span class="failed-mark" aria-label="failed">!</span>`}${isCollapsed && html`<small class="faint">+${below}</small>`}
      </div>
      <div class="span-time" role="gridcell">
        <div class="span-bar" style=${{ left: `${clamp(left)}%`, width: `max(2px, ${clamp(left + width) - clamp(left)}%)`, background: color, visibility: left > 100 || left + width < 0 ? "hidden" : "visible" }}></div>
        ${span.events.map((event, number) => mark("event", percent(event.offset_ns), event.name, number))}
        ${span.links.length > 0 && mark("link", left, `${span.links.length} links`, 0)}
        ${(logMarks.get(span.id) ?? []).map((ns, number) => mark("log", percent(ns), "log record", number))}
        <span ...${durationPlace(clamp(left), clamp(left + width))}>${formatDuration(span.duration_ns / 1e6)}</span>
      </div></div>`;
  };

  return html`<div class="waterfall" ref=${container} role="group" tabindex="0" onKeyDown=${key} aria-label="Spans; arrow keys move, left and right collapse and expand">
    <${TimeScale} view=${view} />
    <${VirtualList} class="waterfall-rows" role="treegrid" label="Spans" count=${places.length} rowHeight=${ROW_HEIGHT} renderRow=${row}
      scrollTo=${current === -1 ? null : rowOf(current)} scrollKey=${scrollKey} />
  </div>`;
}

/** @param {{view: [number, number]}} properties */
function TimeScale({ view: [from, to] }) {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  return html`<div class="waterfall-head" aria-hidden="true"><div class="span-name">Service and operation</div>
    <div class="span-time">${ticks.map((tick) => html`<span key=${tick} class="tick" style=${tick === 1 ? { right: "4px" } : { left: `${tick * 100}%` }}>${formatDuration((from + (to - from) * tick) / 1e6)}</span>`)}</div></div>`;
}

/** Behind the bar, before it where there is no room, or on it where there is none either. @param {number} begin @param {number} end both per cent */
function durationPlace(begin, end) {
  if (end <= 100 - DURATION_WIDTH) return { class: "span-duration", style: { left: `calc(${end}% + 6px)` } };
  if (begin >= DURATION_WIDTH) return { class: "span-duration", style: { right: `calc(${100 - begin}% + 6px)` } };
  return { class: "span-duration on-bar", style: { right: `calc(${100 - end}% + 6px)` } };
}

/** @param {string} kind @param {number} left @param {string} title @param {number} number */
function mark(kind, left, title, number) {
  if (left < 0 || left > 100) return null;
  return html`<i key=${kind + number} class=${"span-mark " + kind} style=${{ left: `${left}%` }} title=${title}></i>`;
}

/** @param {number} percent */
function clamp(percent) {
  return Math.min(Math.max(percent, 0), 100);
}
