// The whole trace in a strip: every span a line, errors red; drag to choose the part of time the waterfall shows.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-htm-signals.js";
import { formatDuration } from "../format.js";
import { serviceColor } from "../service_color.js";
import { theme, themeColor } from "../theme.js";

const HEIGHT = 64;

/**
 * @param {{trace: any, tree: import("./tree.js").TraceTree, view: [number, number], change: (view: [number, number] | null) => void}} properties
 */
export function Minimap({ trace, tree, view, change }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [width, setWidth] = useState(0);
  const [dragged, setDragged] = useState(/** @type {[number, number] | null} */ (null));
  const total = Math.max(trace.duration_ns, 1);
  useLayoutEffect(() => {
    const parent = canvas.current?.parentElement;
    if (!parent) return undefined;
    const observer = new ResizeObserver(() => setWidth(parent.clientWidth));
    observer.observe(parent);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, trace, tree, width);
  }, [tree, width, theme.value]);
  const at = (/** @type {PointerEvent} */ event) => {
    const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  const press = (/** @type {PointerEvent} */ event) => {
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
    setDragged([at(event), at(event)]);
  };
  const release = () => {
    if (dragged === null) return;
    const [start, end] = [Math.min(...dragged), Math.max(...dragged)];
    setDragged(null);
    change(end - start < 0.003 ? null : [start * total, end * total]);
  };
  const shown = dragged === null ? [view[0] / total, view[1] / total] : [Math.min(...dragged), Math.max(...dragged)];
  const whole = shown[0] <= 0 && shown[1] >= 1;
  return html`<div class="minimap" role="img" aria-label=${`The whole trace, ${tree.spans.length} spans in ${formatDuration(total / 1e6)}`} title="Drag to zoom, click to see all"
    onPointerDown=${press} onPointerMove=${(/** @type {PointerEvent} */ event) => dragged && setDragged([dragged[0], at(event)])} onPointerUp=${release}>
    <canvas ref=${canvas}></canvas>
    ${!whole && html`<div class="minimap-outside" style=${{ left: "0", width: `${shown[0] * 100}%` }}></div><div class="minimap-outside" style=${{ left: `${shown[1] * 100}%`, right: "0" }}></div>`}
  </div>`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {any} trace
 * @param {import("./tree.js").TraceTree} tree
 * @param {number} width
 */
function draw(canvas, trace, tree, width) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${HEIGHT}px`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  const total = Math.max(trace.duration_ns, 1);
  const count = tree.spans.length;
  const line = Math.max(1, Math.min(4, (HEIGHT - 6) / count));
  const colors = trace.resources.map((/** @type {any} */ resource) => serviceColor(resource.service));
  const errorColor = themeColor("--error");
  const drawSpans = (/** @type {boolean} */ failed) => {
    tree.spans.forEach((span, place) => {
      if ((span.status === "error") !== failed) return;
      context.fillStyle = failed ? errorColor : colors[span.resource];
      const x = (span.start_offset_ns / total) * width;
      context.fillRect(x, 3 + (place / count) * (HEIGHT - 6), Math.max(1, (span.duration_ns / total) * width), line);
    });
  };
  drawSpans(false);
  drawSpans(true);
}
