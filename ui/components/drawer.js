// The panel at the right that shows one thing whole: a span, a log record, a component. Esc closes it.
import { html, useEffect, useRef } from "../vendor/preact-htm-signals.js";
import { onEscape } from "../keyboard.js";

/** @param {{title: any, close: () => void, children?: any, actions?: any, label: string}} properties */
export function Drawer({ title, close, children, actions, label }) {
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const latestClose = useRef(close);
  latestClose.current = close;
  useEffect(() => onEscape(() => latestClose.current()), []);
  return html`<aside class="drawer" ref=${element} aria-label=${label}>
    <header class="drawer-head"><div class="grow">${title}</div>${actions}<button class="quiet" onClick=${close} aria-label="Close" title="Close (Esc)">✕</button></header>
    <div class="drawer-body">${children}</div>
  </aside>`;
}
