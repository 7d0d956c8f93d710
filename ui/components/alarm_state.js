// An alarm's state as a badge, by word and colour.
import { html } from "../vendor/preact-htm-signals.js";

const CLASSES = /** @type {Record<string, string>} */ ({ ALARM: "error", OK: "good" });
const WORDS = /** @type {Record<string, string>} */ ({ ALARM: "ALARM", OK: "OK", INSUFFICIENT_DATA: "no data" });

/** @param {{state: string}} properties */
export function AlarmState({ state }) {
  return html`<span class=${"badge " + (CLASSES[state] ?? "")} title=${state}>${WORDS[state] ?? state}</span>`;
}
