// The surface a graph is drawn on: fits the picture, zooms with the wheel and the buttons, moves when dragged.
import { html, useLayoutEffect, useRef, useState } from "../vendor/preact-htm-signals.js";

const PADDING = 28;
const LARGEST_FIT = 1.15;

/**
 * @param {{width: number, height: number, label: string, children?: any, fitKey: string}} properties `fitKey`: the picture is fitted anew when it changes
 */
export function GraphCanvas({ width, height, label, children, fitKey }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [view, setView] = useState({ x: 0, y: 0, scale: 1 });
  const drag = useRef(/** @type {{x: number, y: number, moved: boolean} | null} */ (null));
  const fit = () => {
    const element = box.current;
    if (element === null || element.clientWidth === 0) return;
    const scale = Math.min((element.clientWidth - 2 * PADDING) / Math.max(width, 1), (element.clientHeight - 2 * PADDING) / Math.max(height, 1), LARGEST_FIT);
    setView({ scale, x: (element.clientWidth - width * scale) / 2, y: (element.clientHeight - height * scale) / 2 });
  };
  useLayoutEffect(() => {
    if (box.current === null) return undefined;
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [fitKey, width, height]);
  const zoomAt = (/** @type {number} */ factor, /** @type {number} */ x, /** @type {number} */ y) => setView((old) => {
    const scale = Math.min(Math.max(old.scale * factor, 0.08), 4);
    return { scale, x: x - ((x - old.x) * scale) / old.scale, y: y - ((y - old.y) * scale) / old.scale };
  });
  const zoomButton = (/** @type {number} */ factor) => zoomAt(factor, (box.current?.clientWidth ?? 0) / 2, (box.current?.clientHeight ?? 0) / 2);
  const wheel = (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    const place = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    zoomAt(Math.exp(-event.deltaY / 500), event.clientX - place.left, event.clientY - place.top);
  };
  const move = (/** @type {PointerEvent} */ event) => {
    const from = drag.current;
    if (from === null) return;
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    // A click on a node with an unsteady hand is still a click.
    if (!from.moved && Math.hypot(dx, dy) < 5) return;
    drag.current = { x: event.clientX, y: event.clientY, moved: true };
    setView((old) => ({ ...old, x: old.x + dx, y: old.y + dy }));
  };
  return html`<div class="graph" ref=${box} onWheel=${wheel} onPointerDown=${(/** @type {PointerEvent} */ event) => { drag.current = { x: event.clientX, y: event.clientY, moved: false }; }}
    onPointerMove=${move} onPointerUp=${() => { drag.current = null; }} onPointerLeave=${() => { drag.current = null; }}>
    <svg width="100%" height="100%" role="group" aria-label=${label}>
      <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.500L8 4L0 7.500z" class="arrow-head" /></marker></defs>
      <g transform=${`translate(${view.x} ${view.y}) scale(${view.scale})`}>${children}</g></svg>
    <div class="graph-buttons"><button class="small" onClick=${() => zoomButton(1.3)} aria-label="Larger">+</button><button class="small" onClick=${() => zoomButton(1 / 1.3)} aria-label="Smaller">−</button><button class="small" onClick=${fit}>Fit</button></div>
  </div>`;
}
