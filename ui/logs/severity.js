// Severity classes in the order they are stacked, quietest at the bottom, and their colours.
import { themeColor } from "../theme.js";

export const SEVERITIES = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"];

/** @param {string} severity */
export function severityColor(severity) {
  return themeColor(severity === "unspecified" ? "--severity-trace" : `--severity-${severity}`);
}
