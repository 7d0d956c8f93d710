// Lines, areas or bars over time: gaps stay gaps, the legend hides and isolates series, a table says the same in text.
import { html, useMemo, useRef, useSignal, useState } from "../vendor/preact-htm-signals.js";
import uPlot from "../vendor/uplot.js";
import { formatDateTime, formatNumber, formatTimeOfDay } from "../format.js";
import { theme, themeColor } from "../theme.js";
import { sharedOptions, usePlot } from "./chart_options.js";

/** @typedef {{label: string, color: string, times: number[], values: (number | null)[]}} Series times in unix milliseconds, rising */

/** More series than this are not drawn; the chart says so. */
const MOST_SERIES = 50;
/** More entries than this make the legend scroll. */
const MOST_TABLE_ROWS = 400;

/**
 * @param {{
 *   label: string, series: Series[], range: {from: number, to: number}, stepMs: number, format?: (value: number) => string,
 *   kind?: "line" | "area" | "bar", stacked?: boolean, height?: number, legend?: boolean, sync?: boolean, threshold?: number | null, yAxis?: boolean, binary?: boolean,
 *   marks?: {time: number, value: number, href: string, title: string}[],
 * }} properties
 */
export function TimeChart({ label, series, range, stepMs, format = formatNumber, kind = "line", stacked = false, height = 170, legend = true, sync = true, threshold = null, marks = [], yAxis = true, binary = false }) {
  const [hidden, setHidden] = useState(/** @type {Set<string>} */ (new Set()));
  const [asTable, setAsTable] = useState(false);
  const cursor = useSignal(/** @type {number | null} */ (null));
  const tooltip = useRef(/** @type {HTMLDivElement | null} */ (null));
  const drawn = series.slice(0, MOST_SERIES);
  const latest = useRef({ range, marks, threshold, drawn, hidden, format, aligned: /** @type {Aligned | null} */ (null) });
  const aligned = useMemo(() => alignSeries(drawn, stepMs), [series, stepMs]);
  // A stack is drawn from its top down, so that each sum covers the part of the one before that is not its own.
  const inDrawingOrder = (/** @type {any[]} */ list) => (stacked ? [...list].reverse() : list);
  const data = useMemo(() => /** @type {any} */ ([aligned.times, ...inDrawingOrder(drawnValues(aligned.values, drawn, hidden, stacked))]), [aligned, hidden, stacked]);
  latest.current = { range, marks, threshold, drawn, hidden, format, aligned };

  const structure = [theme.value, kind, stacked, height, yAxis, binary, threshold, [...hidden].join(), ...drawn.map((one) => one.label + one.color)].join("|");
  const { box } = usePlot(structure, data, `${range.from}-${range.to}-${marks.length}`, () => {
    const shared = sharedOptions({ from: () => latest.current.range.from, to: () => latest.current.range.to, format, height, sync, yAxis, binary });
    return {
      ...shared,
      scales: { ...shared.scales, y: { range: (_chart, low, high) => valueRange(low, high, kind, latest.current.threshold) } },
      series: [{}, ...inDrawingOrder(drawn).map((one) => seriesOptions(one, kind, stacked, hidden.has(one.label), () => latest.current.aligned?.lonely[latest.current.drawn.indexOf(one)] ?? []))],
      bands: stacked && kind !== "bar" ? drawn.slice(1).map((_, index) => ({ series: /** @type {[number, number]} */ ([index + 1, index + 2]) })) : [],
      hooks: {
        ...shared.hooks,
        draw: [(chart) => drawThreshold(chart, latest.current.threshold), (chart) => placeMarks(chart, latest.current.marks)],
        setCursor: [
          (chart) => {
            const index = chart.cursor.idx ?? null;
            cursor.value = chart.cursor.left !== undefined && chart.cursor.left >= 0 ? index : null;
            placeTooltip(chart, tooltip.current, latest.current);
          },
        ],
      },
    };
  });

  const toggle = (/** @type {string} */ name, /** @type {boolean} */ alone) => {
    const others = drawn.map((one) => one.label).filter((other) => other !== name);
    const isolated = others.length > 0 && others.every((other) => hidden.has(other)) && !hidden.has(name);
    const next = alone ? new Set(isolated ? [] : others) : new Set(hidden);
    if (!alone && !next.delete(name)) next.add(name);
    setHidden(next);
  };
  const at = cursor.value;
  return html`<div class="chart">
    <div class="chart-box" ref=${box} role="img" aria-label=${describe(label, drawn, format)} hidden=${asTable}><div class="chart-tooltip" ref=${tooltip} hidden></div></div>
    ${asTable && html`<${ChartTable} label=${label} aligned=${aligned} series=${drawn} format=${format} />`}
    ${legend && html`<div class="legend">
      ${drawn.map((one, index) => html`<button key=${one.label} class="quiet small" aria-pressed=${!hidden.has(one.label)} title="Click: only this. With Shift: hide or show"
        onClick=${(/** @type {MouseEvent} */ event) => toggle(one.label, !event.shiftKey)}>
        <i style=${{ background: one.color }}></i><span class="truncate">${one.label}</span>
        <b>${at === null ? "" : format(/** @type {number} */ (valueAt(aligned.values[index], at)))}</b></button>`)}
      ${series.length > MOST_SERIES && html`<span class="notice cut">Showing ${MOST_SERIES} of ${series.length} series.</span>`}
      <button class="quiet small as-table" aria-pressed=${asTable} title="The same as a table" onClick=${() => setAsTable(!asTable)}>table</button>
    </div>`}
  </div>`;
}

/**
 * @typedef {{times: number[], values: (number | null | undefined)[][], lonely: number[][]}} Aligned
 * All series over the same times: null is a gap, undefined a moment between two points of a series that comes less often than the
 * others or than the step. `lonely` are the places of points with a gap at both sides, which a line would not show.
 */

/** Points further apart than so many of a series' usual intervals have a gap between them. */
const GAP_FROM_INTERVALS = 2.2;

/**
 * @param {Series[]} series
 * @param {number} stepMs
 * @returns {Aligned}
 */
function alignSeries(series, stepMs) {
  const known = series.map((one) => one.times.map((time, index) => ({ time, value: one.values[index] })).filter((point) => point.value !== null));
  const times = [...new Set(known.flatMap((points) => points.map((point) => point.time)))].sort((a, b) => a - b);
  const places = new Map(times.map((time, index) => [time, index]));
  const lonely = /** @type {number[][]} */ ([]);
  const values = known.map((points) => {
    const row = /** @type {(number | null | undefined)[]} */ (new Array(times.length).fill(null));
    const furthest = Math.max(usualInterval(points.map((point) => point.time)), stepMs) * GAP_FROM_INTERVALS;
    const alone = /** @type {number[]} */ ([]);
    points.forEach((point, index) => {
      const place = /** @type {number} */ (places.get(point.time));
      row[place] = point.value;
      const next = points[index + 1];
      const joined = next !== undefined && next.time - point.time <= furthest;
      if (joined) row.fill(undefined, place + 1, places.get(next.time));
      if (!joined && (index === 0 || point.time - points[index - 1].time > furthest)) alone.push(place);
    });
    lonely.push(alone);
    return row;
  });
  return withGapsBetween({ times, values, lonely }, stepMs);
}

/** Where no series has a point for long, a moment is put in whose nulls break every line. @param {Aligned} aligned @param {number} stepMs @returns {Aligned} */
function withGapsBetween(aligned, stepMs) {
  const furthest = Math.max(usualInterval(aligned.times), stepMs) * GAP_FROM_INTERVALS;
  const breaks = aligned.times.flatMap((time, index) => (index > 0 && time - aligned.times[index - 1] > furthest ? [index] : []));
  if (breaks.length === 0) return aligned;
  const put = (/** @type {any[]} */ list, /** @type {(index: number) => any} */ between) => list.flatMap((item, index) => (breaks.includes(index) ? [between(index), item] : [item]));
  const moved = (/** @type {number} */ place) => place + breaks.filter((index) => index <= place).length;
  return {
    times: put(aligned.times, (index) => aligned.times[index - 1] + stepMs),
    // A series that is rarer than the others goes on over the break.
    values: aligned.values.map((row) => put(row, (index) => (row[index] === undefined || row[index - 1] === undefined ? undefined : null))),
    lonely: aligned.lonely.map((places) => places.map(moved)),
  };
}

/** The median of the distances between times, 0 for less than two. @param {number[]} times */
export function usualInterval(times) {
  const distances = times.slice(1).map((time, index) => time - times[index]).sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/**
 * @param {(number | null | undefined)[][]} values
 * @param {Series[]} series
 * @param {Set<string>} hidden
 * @param {boolean} stacked
 */
function drawnValues(values, series, hidden, stacked) {
  if (!stacked) return values;
  const below = new Array(values[0]?.length ?? 0).fill(0);
  return values.map((row, index) => {
    if (hidden.has(series[index].label)) return row.map(() => null);
    let last = 0;
    // Between two of its points a series lies on the stack as it did before; in a gap it is not there.
    return row.map((value, place) => {
      if (value !== undefined) last = value ?? 0;
      return (below[place] += last);
    });
  });
}

/** @param {Series} one @param {string} kind @param {boolean} stacked @param {boolean} isHidden @param {() => number[]} lonely places to mark with a point */
function seriesOptions(one, kind, stacked, isHidden, lonely) {
  const base = { label: one.label, stroke: one.color, show: !isHidden, points: { show: !stacked, size: 4, fill: one.color, filter: lonely } };
  if (kind === "bar") return { ...base, fill: one.color, width: 0, paths: uPlot.paths.bars?.({ size: [0.86, 60], align: 1 }), points: { show: false } };
  const fill = kind === "area" || stacked ? translucent(one.color) : undefined;
  return { ...base, width: 1.5, fill };
}

/** @param {string} color of the form oklch(..) or a hexadecimal one */
function translucent(color) {
  return color.startsWith("#") ? `${color}2e` : color.replace(/\)$/, " / 0.16)");
}

/** Zero belongs to the picture of areas, bars and most lines; a narrow band far from zero is drawn by itself. */
function valueRange(/** @type {number | null} */ low, /** @type {number | null} */ high, /** @type {string} */ kind, /** @type {number | null} */ threshold) {
  if (low === null || high === null) return /** @type {[number, number]} */ ([0, 1]);
  const highest = Math.max(high, threshold ?? high);
  const lowest = Math.min(low, threshold ?? low);
  const band = highest - lowest;
  const fromZero = kind !== "line" || (lowest >= 0 && lowest < band * 4);
  const bottom = fromZero && lowest >= 0 ? 0 : lowest - (band || Math.abs(lowest) || 1) * 0.1;
  const top = highest <= 0 && fromZero ? 1 : highest + (highest - bottom || 1) * 0.08;
  return /** @type {[number, number]} */ ([bottom, top]);
}

/** @param {import("uplot")} chart @param {number | null} threshold */
function drawThreshold(chart, threshold) {
  if (threshold === null || threshold === undefined) return;
  const y = Math.round(chart.valToPos(threshold, "y", true));
  const context = chart.ctx;
  context.save();
  context.strokeStyle = themeColor("--error");
  context.setLineDash([6, 4]);
  context.beginPath();
  context.moveTo(chart.bbox.left, y);
  context.lineTo(chart.bbox.left + chart.bbox.width, y);
  context.stroke();
  context.restore();
}

/**
 * Exemplars are links laid over the canvas, so that keys and pointers reach them alike.
 * @param {import("uplot")} chart
 * @param {{time: number, value: number, href: string, title: string}[]} marks
 */
function placeMarks(chart, marks) {
  chart.over.querySelectorAll(".chart-mark").forEach((old) => old.remove());
  for (const mark of marks) {
    const left = chart.valToPos(mark.time, "x");
    if (left < 0 || left > chart.over.clientWidth) continue;
    // What a counter's exemplar measured may lie far from how fast the counter rises: such a mark is held at the edge.
    const top = Math.min(Math.max(chart.valToPos(mark.value, "y"), 0), chart.over.clientHeight);
    const anchor = document.createElement("a");
    anchor.className = "chart-mark";
    anchor.href = mark.href;
    anchor.title = mark.title;
    anchor.setAttribute("aria-label", mark.title);
    anchor.style.left = `${left}px`;
    anchor.style.top = `${top}px`;
    // uPlot begins a selection on mousedown, which would swallow the click.
    anchor.addEventListener("mousedown", (event) => event.stopPropagation());
    chart.over.append(anchor);
  }
}

/**
 * @param {import("uplot")} chart
 * @param {HTMLDivElement | null} tooltip
 * @param {{drawn: Series[], hidden: Set<string>, format: (value: number) => string, aligned: Aligned | null}} state
 */
function placeTooltip(chart, tooltip, { drawn, hidden, format, aligned }) {
  if (tooltip === null) return;
  const index = chart.cursor.idx;
  const left = chart.cursor.left ?? -1;
  // Charts that only follow another's cursor show their values in the legend.
  if (index === null || index === undefined || left < 0 || aligned === null || !chart.over.matches(":hover")) {
    tooltip.hidden = true;
    return;
  }
  const lines = drawn
    .map((one, place) => ({ one, value: valueAt(aligned.values[place], index) }))
    .filter(({ one, value }) => value !== null && value !== undefined && !hidden.has(one.label))
    .sort((a, b) => Number(b.value) - Number(a.value))
    .slice(0, 12);
  tooltip.replaceChildren(textElement("time", formatDateTime(aligned.times[index])), ...lines.map(({ one, value }) => tooltipLine(one, format(Number(value)))));
  tooltip.hidden = lines.length === 0;
  const offset = chart.over.offsetLeft + left;
  const onTheLeft = left > chart.over.clientWidth / 2;
  tooltip.style.left = onTheLeft ? "auto" : `${offset + 14}px`;
  tooltip.style.right = onTheLeft ? `${chart.width - offset + 14}px` : "auto";
}

/** The value at a place, or the last one before it where the series only comes less often. @param {(number | null | undefined)[]} row @param {number} place */
function valueAt(row, place) {
  let at = place;
  while (at > 0 && row[at] === undefined) at -= 1;
  return row[at];
}

/** @param {Series} one @param {string} value */
function tooltipLine(one, value) {
  const line = document.createElement("div");
  const dot = document.createElement("i");
  dot.style.background = one.color;
  line.append(dot, textElement("span", one.label), textElement("b", value));
  return line;
}

/** @param {string} name @param {string} text */
function textElement(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/** @param {string} label @param {Series[]} series @param {(value: number) => string} format */
function describe(label, series, format) {
  const parts = series.slice(0, 8).map((one) => {
    const known = /** @type {number[]} */ (one.values.filter((value) => value !== null));
    if (known.length === 0) return `${one.label}: no values`;
    return `${one.label}: last ${format(known[known.length - 1])}, lowest ${format(Math.min(...known))}, highest ${format(Math.max(...known))}`;
  });
  return `Chart of ${label}. ${parts.join(". ")}`;
}

/** @param {{label: string, aligned: Aligned, series: Series[], format: (value: number) => string}} properties */
function ChartTable({ label, aligned, series, format }) {
  const first = Math.max(0, aligned.times.length - MOST_TABLE_ROWS);
  return html`<div class="chart-table"><table class="data"><caption class="visually-hidden">${label}</caption>
    <thead><tr><th scope="col">time</th>${series.map((one) => html`<th scope="col" class="number">${one.label}</th>`)}</tr></thead>
    <tbody>${aligned.times.slice(first).map((time, index) => html`<tr key=${time}><th scope="row">${formatTimeOfDay(time)}</th>
      ${series.map((_, place) => html`<td class="number">${format(/** @type {number} */ (aligned.values[place][first + index]))}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}
