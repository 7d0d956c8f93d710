// How the records divide by service, severity and frequent attributes; a click asks only for a value, a second click not.
import { html } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { timeRange } from "../time_range.js";
import { formatNumber } from "../format.js";
import { hasTerm, toggleTerm } from "../text_query.js";
import { serviceColor } from "../service_color.js";

/** @param {{query: string, change: (query: string) => void}} properties */
export function Facets({ query, change }) {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress("/logs/facets", { from, to, q: query, values: 10 }));
  const facets = asked.answer?.facets ?? [];
  return html`<aside class="facets panel" aria-label="Facets">
    ${asked.error && html`<div class="notice failed">${asked.error}</div>`}
    ${asked.answer?.cut && html`<div class="notice cut">${asked.answer.cut.sentence}</div>`}
    ${facets.map((/** @type {any} */ facet) => html`<section key=${facet.key}><h3 class="truncate" title=${facet.key}>${facet.key}</h3>
      <ul>${facet.values.map((/** @type {[string, number]} */ [value, count]) => html`<li key=${value}>
        <button class="quiet small facet" aria-pressed=${hasTerm(query, facet.key, value)} title=${`Only ${facet.key} ${value}`} onClick=${() => change(toggleTerm(query, facet.key, value, false))}>
          <${Share} share=${count / facet.values[0][1]} />
          ${facet.key === "service" ? html`<i class="service-dot" style=${{ background: serviceColor(value) }}></i>` : facet.key === "severity" ? html`<i class=${"severity-bar " + value}></i>` : ""}
          <span class="truncate grow">${value === "" ? "(empty)" : value}</span><small>${formatNumber(count)}</small></button>
        <button class="quiet small without" title=${`Without ${value}`} aria-label=${`Without ${facet.key} ${value}`} onClick=${() => change(toggleTerm(query, facet.key, value, true))}>−</button></li>`)}</ul></section>`)}
  </aside>`;
}

/** @param {{share: number}} properties */
function Share({ share }) {
  return html`<i class="facet-share" aria-hidden="true" style=${{ width: `${Math.max(share * 100, 1)}%` }}></i>`;
}
