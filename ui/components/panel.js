// The box every answer is drawn in: title, actions, progress, its own error, and the sentence when the answer was cut.
import { html } from "../vendor/preact-htm-signals.js";

/**
 * @param {{title?: any, actions?: any, asked?: import("../api.js").Asked<any>, class?: string, children?: any, label?: string, sayCut?: boolean}} properties
 */
export function Panel({ title, actions, asked, class: className = "", children, label, sayCut = true }) {
  const loading = asked?.loading ?? false;
  const waiting = loading && asked?.answer === null;
  return html`<section class=${"panel " + className} aria-busy=${loading} aria-label=${label ?? (typeof title === "string" ? title : undefined)}>
    ${(title || actions) && html`<header class="panel-head"><h2 class="truncate">${title}</h2><span class="grow"></span>${actions}</header>`}
    ${loading && html`<div class="progress" role="presentation"></div>`}
    ${asked?.error ? html`<div class="notice failed" role="alert">${asked.error}</div>` : waiting ? html`<div class="empty small">Asking …</div>` : children}
    ${sayCut && html`<${CutNotice} cut=${asked?.answer?.cut} />`}
  </section>`;
}

/** Says that an answer was cut, and by what. @param {{cut: import("../api.js").Cut | undefined}} properties */
export function CutNotice({ cut }) {
  return cut ? html`<div class="notice cut" role="status">${cut.sentence}</div>` : null;
}

/** A quiet word where a panel has nothing to show. @param {{children?: any}} properties */
export function Nothing({ children }) {
  return html`<div class="empty small">${children}</div>`;
}
