// The one time range of all pages: relative to now (?last=1h) or absolute (?from=..&to=.. in unix milliseconds).
import { computed, effect, signal } from "./vendor/preact-htm-signals.js";
import { parameter, setParameters } from "./location.js";
import { formatDateTime, formatTimeOfDay } from "./format.js";

/** @typedef {{from: number, to: number}} TimeRange both in unix milliseconds */

const DEFAULT_SPAN = "1h";
const UNIT_MS = /** @type {Record<string, number>} */ ({ s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 });

/** The relative ranges offered, newest data first. */
export const OFFERED_SPANS = ["5m", "15m", "30m", "1h", "3h", "6h", "12h", "24h", "2d", "7d", "30d"];

/** What "now" is for every panel: one moment, so that all of them show the same range. */
const now = signal(Date.now());

/** Span of the relative range, or "" when the range is absolute. */
export const relativeSpan = computed(() => {
  if (parameter("from") !== "" && parameter("to") !== "") return "";
  return spanMilliseconds(parameter("last")) === null ? DEFAULT_SPAN : parameter("last");
});

/** Whether the page follows the present. */
export const isLive = computed(() => relativeSpan.value !== "" && parameter("live") !== "off");

/** The range as every query sends it. */
export const timeRange = computed(() => {
  if (relativeSpan.value === "") return { from: Number(parameter("from")), to: Number(parameter("to")) };
  const length = spanMilliseconds(relativeSpan.value) ?? UNIT_MS.h;
  return { from: now.value - length, to: now.value };
});

/**
 * Milliseconds of "90s", "15m", "6h", "7d", null when it is none.
 * @param {string} text
 */
export function spanMilliseconds(text) {
  const found = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text);
  return found === null ? null : Number(found[1]) * UNIT_MS[found[2]];
}

/**
 * The range in whole minutes, for lists that change with what is sent, not with every second.
 * @param {TimeRange} range
 * @returns {TimeRange}
 */
export function inWholeMinutes({ from, to }) {
  return { from: Math.floor(from / UNIT_MS.m) * UNIT_MS.m, to: Math.ceil(to / UNIT_MS.m) * UNIT_MS.m };
}

/** The range in words, for the button that opens the picker. */
export function timeRangeText() {
  if (relativeSpan.value !== "") return `Last ${relativeSpan.value}`;
  const { from, to } = timeRange.value;
  const sameDay = new Date(from).toDateString() === new Date(to).toDateString();
  return `${formatDateTime(from)} – ${sameDay ? formatTimeOfDay(to) : formatDateTime(to)}`;
}

/** @param {string} span as in `OFFERED_SPANS` */
export function showLast(span) {
  now.value = Date.now();
  setParameters({ last: span, from: null, to: null });
}

/**
 * Zooms every page into a part of time; the back button undoes it.
 * @param {number} from
 * @param {number} to
 */
export function showBetween(from, to) {
  if (!(to > from)) return;
  setParameters({ last: null, from: Math.floor(from), to: Math.ceil(to) });
}

/** Shows the range just before, or after, with the same length. @param {number} direction -1 or 1 */
export function shiftTimeRange(direction) {
  const { from, to } = timeRange.value;
  showBetween(from + (to - from) * direction, to + (to - from) * direction);
}

/** Doubles the range around its middle. */
export function widenTimeRange() {
  const { from, to } = timeRange.value;
  showBetween(from - (to - from) / 2, to + (to - from) / 2);
}

/** Moves "now" on at once, for the refresh key and after demo data was made. */
export function refreshNow() {
  now.value = Date.now();
}

/** Moves "now" on while the page is live and seen: more often for short ranges, where more changes. */
export function followThePresent() {
  effect(() => {
    if (!isLive.value) return;
    const length = spanMilliseconds(relativeSpan.value) ?? UNIT_MS.h;
    const every = length <= UNIT_MS.h ? 5e3 : length <= UNIT_MS.d ? 30e3 : 120e3;
    const timer = setInterval(() => {
      if (!document.hidden) refreshNow();
    }, every);
    return () => clearInterval(timer);
  });
}

const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map((s) => s * 1e3);

/**
 * A round step that gives about so many points over the range.
 * @param {TimeRange} range
 * @param {number} [points]
 * @param {number} [smallest] milliseconds
 */
export function stepFor(range, points = 120, smallest = 1e3) {
  const wanted = Math.max((range.to - range.from) / points, smallest);
  return STEPS_MS.find((step) => step >= wanted) ?? STEPS_MS[STEPS_MS.length - 1];
}
