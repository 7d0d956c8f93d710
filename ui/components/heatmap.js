// A histogram over time: one cell for each bucket and step, the darker the more; the same cursor and zoom as other charts.
import { html, useMemo, useRef } from "../vendor/preact-htm-signals.js";
import { formatCount, formatTimeOfDay } from "../format.js";
import { theme, themeColor } from "../theme.js";
import { sharedOptions, usePlot } from "./chart_options.js";
import { usualInterval } from "./time_chart.js";

/**
 * @param {{label: string, heatmap: {times_ms: number[], columns: [number, number, number][][]}, range: {from: number, to: number}, stepMs: number, height: number, format: (value: number) => string}} properties
 */
export function Heatmap({ label, heatmap, range, stepMs, height, format }) {
  const tooltip = useRef(/** @type {HTMLDivElement | null} */ (null));
  const latest = useRef({ heatmap, range, stepMs, format });
  // What arrives once a minute fills its minute, also where the step is shorter.
  const cellMs = Math.max(stepMs, usualInterval(heatmap.times_ms.filter((_, index) => heatmap.columns[index].length > 0)));
  latest.current = { heatmap, range, stepMs: cellMs, format };
  const bounds = useMemo(() => boundsOf(heatmap.columns), [heatmap]);
  // The line's values are never drawn: uPlot needs a series to know where the cursor is.
  const data = useMemo(() => /** @type {any} */ ([heatmap.times_ms, heatmap.times_ms.map(() => null)]), [heatmap]);
  const structure = [theme.value, height, bounds.low, bounds.high, bounds.logarithmic].join("|");
  const { box } = usePlot(structure, data, `${range.from}-${range.to}`, () => {
    const shared = sharedOptions({ from: () => latest.current.range.from, to: () => latest.current.range.to, format, height, sync: true });
    return {
      ...shared,
      // Lines over the cells would read as bounds of buckets.
      axes: shared.axes?.map((axis) => ({ ...axis, grid: { show: false } })),
      scales: { ...shared.scales, y: { distr: bounds.logarithmic ? 3 : 1, range: () => [bounds.low, bounds.high] } },
      series: [{}, { show: true, points: { show: false } }],
      hooks: {
        ...shared.hooks,
        drawClear: [(chart) => drawCells(chart, latest.current, bounds)],
        setCursor: [(chart) => placeTooltip(chart, tooltip.current, latest.current)],
      },
    };
  });
  const total = heatmap.columns.reduce((sum, column) => sum + column.reduce((inner, [, , count]) => inner + count, 0), 0);
  return html`<div class="chart"><div class="chart-box" ref=${box} role="img" aria-label=${`Heatmap of ${label}: ${formatCount(total)} values between ${format(bounds.low)} and ${format(bounds.high)}`}>
    <div class="chart-tooltip" ref=${tooltip} hidden></div></div></div>`;
}

/** @param {[number, number, number][][]} columns */
function boundsOf(columns) {
  let smallest = Infinity;
  let high = -Infinity;
  let low = Infinity;
  let most = 0;
  for (const column of columns) {
    for (const [from, to, count] of column) {
      if (count === 0) continue;
      most = Math.max(most, count);
      low = Math.min(low, from);
      // The last bucket is open: it is drawn one and a half times as high as it begins.
      high = Math.max(high, Number.isFinite(to) ? to : from * 1.5);
      if (from > 0) smallest = Math.min(smallest, from);
      else if (to > 0 && Number.isFinite(to)) smallest = Math.min(smallest, to / 2);
    }
  }
  if (high === -Infinity) return { low: 0, high: 1, most: 1, logarithmic: false };
  const logarithmic = low >= 0 && Number.isFinite(smallest) && high / smallest > 20;
  return { low: logarithmic ? smallest : low, high, most, logarithmic };
}

/**
 * @param {import("uplot")} chart
 * @param {{heatmap: {times_ms: number[], columns: [number, number, number][][]}, stepMs: number}} state
 * @param {{low: number, high: number, most: number}} bounds
 */
function drawCells(chart, { heatmap, stepMs }, bounds) {
  const context = chart.ctx;
  const { left, top, width, height } = chart.bbox;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.fillStyle = themeColor("--accent");
  const most = Math.max(...heatmap.columns.map((column) => Math.max(0, ...column.map(([, , count]) => count))), 1);
  heatmap.times_ms.forEach((time, index) => {
    const from = chart.valToPos(time, "x", true);
    const to = chart.valToPos(time + stepMs, "x", true);
    // A line between cells would be most of a narrow one.
    const between = to - from < 5 ? 0 : 1;
    for (const [low, high, count] of heatmap.columns[index]) {
      if (count === 0) continue;
      const bottom = chart.valToPos(Math.max(low, bounds.low), "y", true);
      const upper = chart.valToPos(Math.min(Number.isFinite(high) ? high : bounds.high, bounds.high), "y", true);
      // The square root keeps single slow requests visible beside thousands of fast ones.
      context.globalAlpha = 0.1 + 0.9 * Math.sqrt(count / most);
      context.fillRect(Math.round(from), Math.round(upper), Math.max(1, Math.round(to) - Math.round(from) - between), Math.max(1, Math.round(bottom) - Math.round(upper) - 1));
    }
  });
  context.restore();
}

/**
 * @param {import("uplot")} chart
 * @param {HTMLDivElement | null} tooltip
 * @param {{heatmap: {times_ms: number[], columns: [number, number, number][][]}, stepMs: number, format: (value: number) => string}} state
 */
function placeTooltip(chart, tooltip, { heatmap, stepMs, format }) {
  if (tooltip === null) return;
  tooltip.hidden = true;
  const left = chart.cursor.left ?? -1;
  const top = chart.cursor.top ?? -1;
  if (left < 0 || top < 0 || !chart.over.matches(":hover")) return;
  const time = chart.posToVal(left, "x");
  const value = chart.posToVal(top, "y");
  const index = heatmap.times_ms.findIndex((start) => time >= start && time < start + stepMs);
  const cell = heatmap.columns[index]?.find(([low, high]) => value >= low && value < (Number.isFinite(high) ? high : Infinity));
  if (cell === undefined) return;
  tooltip.textContent = `${formatTimeOfDay(heatmap.times_ms[index])}  ${format(cell[0])} – ${Number.isFinite(cell[1]) ? format(cell[1]) : "∞"}: ${formatCount(cell[2])}`;
  tooltip.hidden = false;
  const offset = chart.over.offsetLeft + left;
  const onTheLeft = left > chart.over.clientWidth / 2;
  tooltip.style.left = onTheLeft ? "auto" : `${offset + 14}px`;
  tooltip.style.right = onTheLeft ? `${chart.width - offset + 14}px` : "auto";
}
