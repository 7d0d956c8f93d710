// Attributes as a table of keys and values, with what can be done with each: filter for it, filter it out, copy.
import { html } from "../vendor/preact-htm-signals.js";
import { copyText } from "./copy.js";

/** @typedef {[string, any][]} Attributes keys and JSON values, in the order they came */

/**
 * @param {{title?: string, attributes: Attributes, include?: (key: string, value: any) => void, exclude?: (key: string, value: any) => void, addColumn?: (key: string) => void}} properties
 */
export function AttributeTable({ title, attributes, include, exclude, addColumn }) {
  if (attributes.length === 0) return null;
  return html`<table class="attributes">
    ${title && html`<caption>${title}</caption>`}
    <tbody>${attributes.map(([key, value]) => html`<tr key=${key}>
      <th scope="row">${key}</th>
      <td>${valueView(value)}</td>
      <td class="actions">
        ${include && html`<button class="quiet small" title="Only with this value" aria-label=${`Only ${key} ${valueText(value)}`} onClick=${() => include(key, value)}>+</button>`}
        ${exclude && html`<button class="quiet small" title="Without this value" aria-label=${`Without ${key} ${valueText(value)}`} onClick=${() => exclude(key, value)}>−</button>`}
        ${addColumn && html`<button class="quiet small" title="Show as a column" aria-label=${`Column ${key}`} onClick=${() => addColumn(key)}>▥</button>`}
        <button class="quiet small" title="Copy the value" aria-label=${`Copy ${key}`} onClick=${() => copyText(valueText(value))}>⧉</button>
      </td></tr>`)}</tbody>
  </table>`;
}

/** A value as one line of text. @param {any} value */
export function valueText(value) {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : JSON.stringify(value);
}

/**
 * Value of a key, undefined when it is not there.
 * @param {Attributes} attributes
 * @param {string} key
 */
export function attribute(attributes, key) {
  return attributes.find(([name]) => name === key)?.[1];
}

/** @param {any} value */
function valueView(value) {
  if (value !== null && typeof value === "object") return html`<pre class="value">${JSON.stringify(value, null, 2)}</pre>`;
  const text = valueText(value);
  if (text.includes("\n")) return html`<pre class="value">${text}</pre>`;
  return html`<span class=${"value" + (typeof value === "string" ? "" : " typed")}>${text}</span>`;
}
