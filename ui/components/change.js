// How much a value changed against the period before: red only where more means worse.
import { html } from "../vendor/preact-htm-signals.js";

/** @param {{now: number | null | undefined, before: number | null | undefined, worseWhenUp?: boolean}} properties */
export function Change({ now, before, worseWhenUp = false }) {
  // The empty mark keeps the numbers of a column under each other.
  const none = html`<small class="change"></small>`;
  if (now === null || now === undefined || before === null || before === undefined) return none;
  if (before === 0) return now === 0 ? none : html`<small class=${"change " + (worseWhenUp ? "worse" : "")} title="There was none in the period before">new</small>`;
  const change = now / before - 1;
  if (Math.abs(change) < 0.05) return html`<small class="change" title="About as in the period before">=</small>`;
  const words = change >= 5 ? `×${Math.round(now / before)}` : `${change > 0 ? "+" : "−"}${Math.round(Math.abs(change) * 100)} %`;
  return html`<small class=${"change " + (worseWhenUp && change > 0.2 ? "worse" : "")} title="Against the period before">${words}</small>`;
}
