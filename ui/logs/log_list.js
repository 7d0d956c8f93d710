// The list of log records: time, severity, service, chosen columns and the body; only the rows in view exist.
import { html } from "../vendor/preact-htm-signals.js";
import { formatDateTime, formatTimeExact } from "../format.js";
import { serviceColor } from "../service_color.js";
import { attribute, valueText } from "../components/attributes.js";
import { VirtualList } from "../components/virtual_list.js";

const ROW_HEIGHT = 24;
const WRAPPED_ROW_HEIGHT = 62;

/** What tells a record from others in one list; records that are equal in all of it look the same anyway. @param {any} record */
export function recordKey(record) {
  return `${record.time_unix_nano}.${record.span_id}.${hash(valueText(record.body))}`;
}

/**
 * @param {{records: any[], columns: string[], wrapped: boolean, selected: string, open: (record: any) => void, removeColumn: (key: string) => void, atEnd?: () => void}} properties
 */
export function LogList({ records, columns, wrapped, selected, open, removeColumn, atEnd }) {
  const row = (/** @type {number} */ index) => {
    const record = records[index];
    const key = recordKey(record);
    return html`<div key=${`${key}.${index}`} data-row class=${"log-row" + (key === selected ? " selected" : "") + (wrapped ? " wrapped" : "")} role="row" tabindex="0" aria-selected=${key === selected} aria-rowindex=${index + 1}
      onClick=${() => window.getSelection()?.toString() === "" && open(record)} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && open(record)}>
      <time role="gridcell" title=${formatDateTime(record.time_ms)}>${formatTimeExact(record.time_ms)}</time>
      <span role="gridcell" class=${"severity " + record.severity}><i class=${"severity-bar " + record.severity}></i>${record.severity === "unspecified" ? "–" : record.severity}</span>
      <span role="gridcell" class="log-service truncate"><i class="service-dot" style=${{ background: serviceColor(record.service) }}></i>${record.service}</span>
      ${columns.map((name) => html`<span key=${name} role="gridcell" class="log-column truncate">${valueText(attribute(record.attributes, name) ?? attribute(record.resource, name) ?? (name === "scope" ? record.scope : undefined))}</span>`)}
      <span role="gridcell" class="log-body">${valueText(record.body)}</span>
    </div>`;
  };
  return html`<div class="log-table">
    <div class="log-head" aria-hidden="true"><span>Time</span><span>Severity</span><span class="log-service">Service</span>
      ${columns.map((name) => html`<span key=${name} class="log-column truncate">${name} <button class="quiet small" title="Take the column away" onClick=${() => removeColumn(name)}>✕</button></span>`)}<span>Body</span></div>
    <${VirtualList} class="log-rows" role="grid" label="Log records, newest first" count=${records.length} rowHeight=${wrapped ? WRAPPED_ROW_HEIGHT : ROW_HEIGHT} renderRow=${row} atEnd=${atEnd} />
  </div>`;
}

/** @param {string} text */
function hash(text) {
  let value = 0;
  for (let index = 0; index < Math.min(text.length, 500); index += 1) value = (Math.imul(value, 31) + text.charCodeAt(index)) | 0;
  return (value >>> 0).toString(36);
}
