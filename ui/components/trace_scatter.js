// Traces as dots: start over time, duration on a logarithmic scale, size by spans, red when a span failed.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-htm-signals.js";
import { link, navigate, pathOf } from "../location.js";
import { formatDuration, formatTimeExact, plural } from "../format.js";
import { serviceColor } from "../service_color.js";
import { theme, themeColor } from "../theme.js";
import { showBetween } from "../time_range.js";

const HEIGHT = 190;
const MARGIN = { left: 58, right: 10, top: 10, bottom: 22 };

/** @param {{traces: any[], range: {from: number, to: number}}} properties */
export function TraceScatter({ traces, range }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [width, setWidth] = useState(0);
  const [hovered, setHovered] = useState(/** @type {any} */ (null));
  const [dragged, setDragged] = useState(/** @type {[number, number] | null} */ (null));
  useLayoutEffect(() => {
    const parent = canvas.current?.parentElement;
    if (!parent) return undefined;
    const observer = new ResizeObserver(() => setWidth(parent.clientWidth));
    observer.observe(parent);
    return () => observer.disconnect();
  }, []);
  const scale = scaleOf(traces, range, width);
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, traces, scale, width, hovered);
  }, [traces, range.from, range.to, width, hovered, theme.value]);

  const at = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const { x, y } = at(event);
    if (dragged !== null) setDragged([dragged[0], x]);
    setHovered(nearest(traces, scale, x, y));
  };
  const release = (/** @type {PointerEvent} */ event) => {
    const { x } = at(event);
    const start = dragged?.[0] ?? x;
    setDragged(null);
    if (Math.abs(x - start) > 4) showBetween(scale.time(Math.min(start, x)), scale.time(Math.max(start, x)));
    else if (hovered !== null) navigate(link(pathOf("trace", hovered.trace_id)));
  };
  const failed = traces.filter((trace) => trace.errors > 0).length;
  return html`<div class="scatter" style=${{ cursor: hovered ? "pointer" : "crosshair" }} role="img" aria-label=${`${plural(traces.length, "trace")}, ${failed} with errors; the table below holds the same`}
    onPointerMove=${move} onPointerLeave=${() => { setHovered(null); setDragged(null); }} onPointerDown=${(/** @type {PointerEvent} */ event) => { const { x } = at(event); setDragged([x, x]); }} onPointerUp=${release}>
    <canvas ref=${canvas}></canvas>
    ${dragged && Math.abs(dragged[1] - dragged[0]) > 2 && html`<div class="brush" style=${{ left: `${Math.min(...dragged)}px`, width: `${Math.abs(dragged[1] - dragged[0])}px` }}></div>`}
    ${hovered && html`<div class="chart-tooltip" style=${tooltipPlace(scale.x(hovered.start_ms), width)}>
      <time>${formatTimeExact(hovered.start_ms)}</time><div><i style=${{ background: serviceColor(hovered.root_service) }}></i><span>${hovered.root_service} ${hovered.root_name}</span><b>${formatDuration(hovered.duration_ms)}</b></div>
      <div class="muted">${plural(hovered.spans, "span")}${hovered.errors > 0 ? `, ${plural(hovered.errors, "error")}` : ""}</div></div>`}
  </div>`;
}

/** @param {number} x @param {number} width */
function tooltipPlace(x, width) {
  return x > width / 2 ? { right: `${width - x + 12}px` } : { left: `${x + 12}px` };
}

/** @typedef {{x: (ms: number) => number, y: (ms: number) => number, time: (x: number) => number, low: number, high: number}} Scale */

/** @param {any[]} traces @param {{from: number, to: number}} range @param {number} width @returns {Scale} */
function scaleOf(traces, range, width) {
  const durations = traces.map((trace) => Math.max(trace.duration_ms, 0.001));
  const low = Math.log10(durations.length === 0 ? 1 : Math.min(...durations)) - 0.1;
  const high = Math.max(Math.log10(durations.length === 0 ? 1000 : Math.max(...durations)) + 0.1, low + 0.5);
  const inner = Math.max(width - MARGIN.left - MARGIN.right, 1);
  const tall = HEIGHT - MARGIN.top - MARGIN.bottom;
  const span = range.to - range.from;
  return {
    low, high,
    x: (ms) => MARGIN.left + ((ms - range.from) / span) * inner,
    y: (ms) => MARGIN.top + (1 - (Math.log10(Math.max(ms, 0.001)) - low) / (high - low)) * tall,
    time: (x) => range.from + ((x - MARGIN.left) / inner) * span,
  };
}

/** @param {any} trace */
function radius(trace) {
  return Math.min(2.5 + Math.log2(1 + trace.spans) * 0.75, 13);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {any[]} traces
 * @param {Scale} scale
 * @param {number} width
 * @param {any} hovered
 */
function draw(canvas, traces, scale, width, hovered) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  drawAxes(context, scale, width);
  // Errors last, so that none hides behind a healthy one.
  for (const trace of [...traces].sort((a, b) => Math.sign(a.errors) - Math.sign(b.errors) || b.spans - a.spans)) {
    context.beginPath();
    context.arc(scale.x(trace.start_ms), scale.y(trace.duration_ms), radius(trace) + (trace === hovered ? 2 : 0), 0, 2 * Math.PI);
    context.globalAlpha = trace === hovered ? 1 : 0.62;
    context.fillStyle = trace.errors > 0 ? themeColor("--error") : serviceColor(trace.root_service);
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = themeColor("--panel");
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {Scale} scale @param {number} width */
function drawAxes(context, scale, width) {
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = themeColor("--faint");
  context.strokeStyle = themeColor("--grid");
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let power = Math.ceil(scale.low); power <= scale.high; power += 1) {
    const y = Math.round(scale.y(10 ** power)) + 0.5;
    context.beginPath();
    context.moveTo(MARGIN.left, y);
    context.lineTo(width - MARGIN.right, y);
    context.stroke();
    context.fillText(formatDuration(10 ** power), MARGIN.left - 8, y);
  }
  context.textAlign = "center";
  const labels = Math.max(2, Math.floor(width / 150));
  for (let index = 0; index <= labels; index += 1) {
    const x = MARGIN.left + ((width - MARGIN.left - MARGIN.right) * index) / labels;
    context.textAlign = index === labels ? "right" : "center";
    context.fillText(formatTimeExact(scale.time(x)).slice(0, 8), x, HEIGHT - 8);
  }
}

/** @param {any[]} traces @param {Scale} scale @param {number} x @param {number} y */
function nearest(traces, scale, x, y) {
  let best = null;
  let bestDistance = Infinity;
  for (const trace of traces) {
    const distance = Math.hypot(scale.x(trace.start_ms) - x, scale.y(trace.duration_ms) - y) - radius(trace);
    if (distance < 4 && distance < bestDistance) {
      best = trace;
      bestDistance = distance;
    }
  }
  return best;
}
