// One component: how it is, what it lost, its effective configuration with the place it was written, what it does.
import { html } from "../vendor/preact-htm-signals.js";
import { formatCount, formatDateTime } from "../format.js";
import { copyText } from "../components/copy.js";
import { Drawer } from "../components/drawer.js";
import { statusClass } from "../pages/pipeline.js";

const BADGES = /** @type {Record<string, string>} */ ({ bad: "error", shaky: "warn", fine: "good" });

/** @param {{component: any, live: any, close: () => void}} properties */
export function ComponentDrawer({ component, live, close }) {
  const { status, source } = component;
  const place = source ? `${source.file}:${source.line}` : "";
  const dropped = Object.entries(live?.dropped ?? {});
  return html`<${Drawer} label=${component.id} close=${close} title=${html`<h2>${component.id}</h2><span class="muted">${component.kind}${component.pipeline ? ` of ${component.pipeline}` : ""}</span>`}>
    <div class="row wrap"><span class=${"badge " + (BADGES[statusClass(status.state)] ?? "")}>${status.state.replaceAll("_", " ")}</span><span class="muted">since ${formatDateTime(status.since_ms)}</span></div>
    ${status.message && html`<div class=${"notice" + (statusClass(status.state) === "bad" ? " failed" : "")}>${status.message}</div>`}
    ${live && html`<dl class="facts">
      ${live.queue && html`<div><dt>Queue</dt><dd>${formatCount(live.queue.size)} of ${formatCount(live.queue.capacity)}</dd></div>`}
      <div><dt>Refused</dt><dd class=${live.refused > 0 ? "error-text" : ""}>${formatCount(live.refused ?? 0)}</dd></div>
      <div><dt>Failed</dt><dd class=${live.failed > 0 ? "error-text" : ""}>${formatCount(live.failed ?? 0)}</dd></div></dl>`}
    ${dropped.length > 0 && html`<table class="attributes"><caption>Dropped, by reason</caption><tbody>${dropped.map(([reason, count]) => html`<tr key=${reason}><th scope="row">${reason.replaceAll("_", " ")}</th><td class="error-text">${formatCount(Number(count))}</td></tr>`)}</tbody></table>`}
    <section><div class="row"><h3 class="grow">Effective configuration</h3><code class="muted">${place}</code><button class="small" onClick=${() => copyText(component.config)}>Copy</button></div><pre class="configuration">${component.config}</pre></section>
    ${component.documentation && html`<section><h3>What it does</h3>${component.documentation.split(/\n{2,}/).map((/** @type {string} */ paragraph, /** @type {number} */ index) => html`<p key=${index} class="text-panel">${paragraph}</p>`)}</section>`}
  <//>`;
}
