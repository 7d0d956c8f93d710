// A line without axes inside a table cell; its text alternative says first, last and highest value.
import { html } from "../vendor/preact-htm-signals.js";
import { formatNumber } from "../format.js";

const WIDTH = 110;
const HEIGHT = 22;

/**
 * @param {{values: (number | null)[], color: string, label: string, format?: (value: number) => string, bars?: boolean}} properties
 */
export function Sparkline({ values, color, label, format = formatNumber, bars = false }) {
  const known = /** @type {number[]} */ (values.filter((value) => value !== null));
  if (known.length === 0) return html`<span class="faint">–</span>`;
  const highest = Math.max(...known, 0);
  const words = `${label}: from ${format(known[0])} to ${format(known[known.length - 1])}, highest ${format(highest)}`;
  const y = (/** @type {number} */ value) => (highest === 0 ? HEIGHT - 1 : HEIGHT - 1 - (value / highest) * (HEIGHT - 3));
  const x = (/** @type {number} */ index) => (values.length === 1 ? WIDTH / 2 : (index / (values.length - 1)) * WIDTH);
  return html`<svg class="sparkline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${words} preserveAspectRatio="none">
    <title>${words}</title>
    ${bars
      ? html`<path d=${barsPath(values, x, y)} stroke=${color} stroke-width=${Math.max(1, (WIDTH / values.length) * 0.7)} fill="none" />`
      : html`<path d=${areaPath(values, x, y)} fill=${color} fill-opacity="0.13" /><path d=${linePath(values, x, y)} fill="none" stroke=${color} stroke-width="1.4" vector-effect="non-scaling-stroke" />`}
  </svg>`;
}

/**
 * A gap stays a gap: the line is lifted over a missing value.
 * @param {(number | null)[]} values
 * @param {(index: number) => number} x
 * @param {(value: number) => number} y
 */
function linePath(values, x, y) {
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) drawing = false;
    else {
      path += `${drawing ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      drawing = true;
    }
  });
  return path;
}

/** @param {(number | null)[]} values @param {(index: number) => number} x @param {(value: number) => number} y */
function areaPath(values, x, y) {
  return values.length < 2 ? "" : `${linePath(values.map((value) => value ?? 0), x, y)}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`;
}

/** @param {(number | null)[]} values @param {(index: number) => number} x @param {(value: number) => number} y */
function barsPath(values, x, y) {
  return values.map((value, index) => (value ? `M${x(index).toFixed(1)} ${HEIGHT}V${y(value).toFixed(1)}` : "")).join("");
}
