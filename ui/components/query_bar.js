// The filter of logs and traces: the query as text and as chips; each chip can be turned round or taken away.
import { html, useEffect, useState } from "../vendor/preact-htm-signals.js";
import { parseQuery, queryText, termText } from "../text_query.js";

/**
 * @param {{query: string, change: (query: string) => void, label: string, placeholder: string, fields?: string[], children?: any}} properties
 */
export function QueryBar({ query, change, label, placeholder, fields = [], children }) {
  const [text, setText] = useState(query);
  useEffect(() => setText(query), [query]);
  const terms = parseQuery(query);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    change(text.trim());
  };
  return html`<form class="query-bar" role="search" onSubmit=${submit}>
    <div class="row">
      <input class="grow mono" type="search" data-search list="query-fields" aria-label=${label} placeholder=${placeholder} value=${text} spellcheck=${false} autocomplete="off"
        onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}
        onSearch=${(/** @type {any} */ event) => event.currentTarget.value === "" && change("")} />
      <datalist id="query-fields">${fields.map((field) => html`<option key=${field} value=${`${text.replace(/\S*$/, "")}${field}:`}></option>`)}</datalist>
      ${children}
    </div>
    ${terms.length > 0 && html`<ul class="chips" aria-label="Conditions, all of which must hold">${terms.map((term, index) => html`<li class=${"chip" + (term.negated ? " negated" : "")} key=${termText(term)}>
      <button type="button" title="Turn round" onClick=${() => change(queryText(terms.with(index, { ...term, negated: !term.negated })))}>${term.negated ? "not " : ""}${termText({ ...term, negated: false })}</button>
      <button type="button" aria-label=${`Remove ${termText(term)}`} onClick=${() => change(queryText(terms.toSpliced(index, 1)))}>✕</button></li>`)}</ul>`}
  </form>`;
}
