// Numbers, units, durations and times as people read them.

const SECOND_MS = 1e3;
const MINUTE_MS = 60e3;
const HOUR_MS = 3600e3;
const DAY_MS = 86400e3;

/**
 * A number with about three significant digits: 1234567 is "1.23 M".
 * @param {number | null | undefined} value
 */
export function formatNumber(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e12) return significant(value / 1e12) + " T";
  if (size >= 1e9) return significant(value / 1e9) + " G";
  if (size >= 1e6) return significant(value / 1e6) + " M";
  if (size >= 1e4) return significant(value / 1e3) + " k";
  if (Number.isInteger(value)) return String(value);
  if (size >= 1e-3 || size === 0) return significant(value);
  return value.toExponential(1);
}

/** A count with every digit, grouped. @param {number | null | undefined} value */
export function formatCount(value) {
  return value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en-US").replaceAll(",", "\u202f");
}

/** Bytes in powers of 1024. @param {number | null | undefined} value */
export function formatBytes(value) {
  if (value === null || value === undefined) return "–";
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let scaled = value;
  let index = 0;
  while (Math.abs(scaled) >= 1024 && index < names.length - 1) {
    scaled /= 1024;
    index += 1;
  }
  return `${significant(scaled)} ${names[index]}`;
}

/** A duration given in milliseconds: "850 µs", "12.3 ms", "1.2 s", "3 m 20 s". @param {number | null | undefined} milliseconds */
export function formatDuration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined || Number.isNaN(milliseconds)) return "–";
  const size = Math.abs(milliseconds);
  if (size === 0) return "0";
  if (size < 0.001) return significant(milliseconds * 1e6) + " ns";
  if (size < 1) return significant(milliseconds * 1e3) + " µs";
  if (size < SECOND_MS) return significant(milliseconds) + " ms";
  if (size < MINUTE_MS) return significant(milliseconds / SECOND_MS) + " s";
  if (size < HOUR_MS) return twoUnits(milliseconds, MINUTE_MS, "m", SECOND_MS, "s");
  if (size < DAY_MS) return twoUnits(milliseconds, HOUR_MS, "h", MINUTE_MS, "m");
  return twoUnits(milliseconds, DAY_MS, "d", HOUR_MS, "h");
}

/** A share of 1 as per cent. @param {number | null | undefined} share */
export function formatShare(share) {
  if (share === null || share === undefined || Number.isNaN(share)) return "–";
  if (share === 0) return "0 %";
  if (Math.abs(share) < 0.001) return "<0.1 %";
  return `${Math.abs(share) < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`;
}

/** @param {number | null | undefined} perSecond */
export function formatRate(perSecond) {
  return perSecond === null || perSecond === undefined ? "–" : `${formatNumber(perSecond)}/s`;
}

/**
 * A value in a unit of UCUM as OpenTelemetry uses it (ms, s, By, 1, %, {request}); `perSecond` for rates of counters.
 * @param {number | null | undefined} value
 * @param {string} [unit]
 * @param {boolean} [perSecond]
 */
export function formatInUnit(value, unit = "", perSecond = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  // A rate of seconds is a share of time (CPU seconds a second), not a duration.
  if (perSecond && unit === "s") return formatNumber(value);
  const suffix = perSecond ? "/s" : "";
  switch (unit) {
    case "ns": return formatDuration(value / 1e6) + suffix;
    case "us": case "µs": return formatDuration(value / 1e3) + suffix;
    case "ms": return formatDuration(value) + suffix;
    case "s": return formatDuration(value * SECOND_MS) + suffix;
    case "By": return formatBytes(value) + suffix;
    case "By/s": return formatBytes(value) + "/s";
    case "KiBy": return formatBytes(value * 1024) + suffix;
    case "MiBy": case "MBy": return formatBytes(value * 1048576) + suffix;
    case "%": return `${formatNumber(value)} %`;
    case "1": case "": return formatNumber(value) + suffix;
    default: return perSecond ? formatNumber(value) + suffix : `${formatNumber(value)} ${unit.replace(/^\{(.*)\}$/, "$1")}`;
  }
}

/** The time of day with seconds, local. @param {number} unixMs */
export function formatTimeOfDay(unixMs) {
  const date = new Date(unixMs);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The time of day with milliseconds, local. @param {number} unixMs */
export function formatTimeExact(unixMs) {
  return `${formatTimeOfDay(unixMs)}.${String(Math.floor(unixMs % 1e3)).padStart(3, "0")}`;
}

/** Day and time, local. @param {number} unixMs */
export function formatDateTime(unixMs) {
  const date = new Date(unixMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${formatTimeOfDay(unixMs)}`;
}

/** How long ago, in one unit; 0 is never. @param {number} unixMs */
export function formatAgo(unixMs) {
  if (unixMs === 0) return "–";
  const age = Date.now() - unixMs;
  if (age < 2 * SECOND_MS) return "now";
  if (age < MINUTE_MS) return `${Math.round(age / SECOND_MS)} s ago`;
  if (age < HOUR_MS) return `${Math.round(age / MINUTE_MS)} min ago`;
  if (age < DAY_MS) return `${Math.round(age / HOUR_MS)} h ago`;
  return `${Math.round(age / DAY_MS)} d ago`;
}

/** "1 span", "2 spans". @param {number} count @param {string} noun */
export function plural(count, noun) {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** @param {number} value */
function significant(value) {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return String(Math.round(value));
  const text = size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toPrecision(2);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** @param {number} value */
function two(value) {
  return String(value).padStart(2, "0");
}

/**
 * @param {number} milliseconds
 * @param {number} largeMs
 * @param {string} large
 * @param {number} smallMs
 * @param {string} small
 */
function twoUnits(milliseconds, largeMs, large, smallMs, small) {
  const whole = Math.trunc(milliseconds / largeMs);
  const rest = Math.floor(Math.abs(milliseconds % largeMs) / smallMs);
  return rest === 0 ? `${whole} ${large}` : `${whole} ${large} ${rest} ${small}`;
}
