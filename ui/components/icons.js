// The few signs of the navigation, drawn with the text's colour.
import { html } from "../vendor/preact-htm-signals.js";

const PATHS = /** @type {Record<string, string>} */ ({
  overview: "M2 13V9M6 13V5M10 13V7M14 13V3",
  map: "M3.5 8a1.8 1.8 0 1 0 0 .1M12.5 4a1.8 1.8 0 1 0 0 .1M12.5 12a1.8 1.8 0 1 0 0 .1M5.2 7.3l5.3-2.6M5.2 8.8l5.3 2.6",
  traces: "M2 3.5h8M4.5 8h6M7 12.5h7",
  logs: "M2 3.5h12M2 8h12M2 12.5h7",
  metrics: "M2 12l4-5 3 3 5-7",
  dashboards: "M2 2.5h5v6H2zM9 2.5h5v3H9zM9 8h5v5.5H9zM2 11h5v2.5H2z",
  hosts: "M2 3h12v4H2zM2 9h12v4H2zM4.5 5h.01M4.5 11h.01",
  alarms: "M8 2a4 4 0 0 1 4 4c0 4 1.5 5 1.5 5h-11S4 10 4 6a4 4 0 0 1 4-4zM6.5 13.5a1.6 1.6 0 0 0 3 0",
  pipeline: "M2 4h4v3H2zM10 2h4v3h-4zM10 10.5h4v3h-4zM6 5.5h2c1 0 1-2 2-2M8 5.500c0 0 0 6.500 2 6.500",
  light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  dark: "M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z",
  system: "M2 3h12v8H2zM6 13.500h4M8 11v2.500",
});

/** @param {string} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
