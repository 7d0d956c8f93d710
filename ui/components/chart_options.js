// What all time charts share: axes, cursor that is synced over the page, drag to zoom every page, size that follows the box.
import { useEffect, useLayoutEffect, useRef } from "../vendor/preact-htm-signals.js";
import uPlot from "../vendor/uplot.js";
import { themeColor } from "../theme.js";
import { showBetween } from "../time_range.js";
import { formatTimeOfDay } from "../format.js";

const DAY_MS = 86400e3;
const MINUTE_MS = 60e3;
const AXIS_FONT = "11px system-ui, sans-serif";

/** Charts beside each other have axes of this width, unless their labels need more. */
const AXIS_WIDTH = 58;
const AXIS_CHARACTER_WIDTH = 6.2;
const AXIS_GAP = 12;

/** Steps between ticks of an axis of bytes, so that its labels are round. */
const BINARY_STEPS = Array.from({ length: 55 }, (_, power) => 2 ** power);

/** Charts with this key move their cursors together. */
const CURSOR_SYNC_KEY = "time";

/**
 * @param {{from: () => number, to: () => number, format: (value: number) => string, height: number, sync: boolean, yAxis?: boolean, binary?: boolean}} chart `binary`: ticks at powers of two, for bytes
 * @returns {Partial<import("uplot").Options> & {width: number, height: number}}
 */
export function sharedOptions({ from, to, format, height, sync, yAxis = true, binary = false }) {
  const axis = { stroke: themeColor("--faint"), font: AXIS_FONT, grid: { stroke: themeColor("--grid"), width: 1 }, ticks: { show: false } };
  return {
    width: 400,
    height,
    ms: 1,
    padding: [8, 8, 0, yAxis ? 0 : 8],
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false, setScale: false },
      // Charts beside each other have other values: only time is shared.
      y: false,
      points: { size: 6 },
      sync: sync ? { key: CURSOR_SYNC_KEY, setSeries: false } : undefined,
      bind: { dblclick: () => null },
    },
    scales: { x: { time: true, range: () => [from(), to()] } },
    axes: [
      { ...axis, size: 24, space: 64, values: (_chart, splits, _axis, _space, step) => splits.map((time) => timeLabel(time, step)) },
      { ...axis, show: yAxis, size: (_chart, values) => axisWidth(values), space: 28, incrs: binary ? BINARY_STEPS : undefined, values: (_chart, splits) => splits.map((value) => (value === null ? "" : format(value))) },
    ],
    hooks: {
      setSelect: [
        (chart) => {
          if (chart.select.width < 4) return;
          showBetween(chart.posToVal(chart.select.left, "x"), chart.posToVal(chart.select.left + chart.select.width, "x"));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** @param {string[] | null} labels none yet while a chart is made */
function axisWidth(labels) {
  return Math.max(AXIS_WIDTH, ...(labels ?? []).map((label) => label.length * AXIS_CHARACTER_WIDTH + AXIS_GAP));
}

/**
 * Keeps one uPlot in a box: made again when `structure` changes, given new data when only `data` does.
 * @param {string} structure all that needs a new chart, as text
 * @param {import("uplot").AlignedData} data
 * @param {string} range the time range as text: a new range redraws
 * @param {() => import("uplot").Options} options
 */
export function usePlot(structure, data, range, options) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {import("uplot") | null} */ (null));
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const made = new uPlot({ ...options(), width: Math.max(element.clientWidth, 40) }, data, element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== made.width) made.setSize({ width: element.clientWidth, height: made.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [structure]);
  useEffect(() => {
    plot.current?.setData(data);
  }, [data, range]);
  return { box, plot };
}

/** @param {number} unixMs @param {number} step milliseconds between labels */
function timeLabel(unixMs, step) {
  const date = new Date(unixMs);
  const day = `${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
  if (step >= DAY_MS) return day;
  if (step < MINUTE_MS) return formatTimeOfDay(unixMs);
  const time = formatTimeOfDay(unixMs).slice(0, 5);
  return time === "00:00" ? day : time;
}
