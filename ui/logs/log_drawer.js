// One log record whole, with its ways to the trace, the span, its neighbours and its host.
import { html } from "../vendor/preact-htm-signals.js";
import { link, pathOf } from "../location.js";
import { condition } from "../text_query.js";
import { formatDateTime, formatTimeExact } from "../format.js";
import { AttributeTable, attribute, valueText } from "../components/attributes.js";
import { copyText } from "../components/copy.js";
import { Drawer } from "../components/drawer.js";
import { ServiceName } from "../components/service_name.js";

/** What "in context" means: the same service's records so long before and after. */
const CONTEXT_MS = 5e3;

/**
 * @param {{record: any, close: () => void, include: (key: string, value: any) => void, exclude: (key: string, value: any) => void, addColumn: (key: string) => void}} properties
 */
export function LogDrawer({ record, close, include, exclude, addColumn }) {
  const host = attribute(record.resource, "host.name");
  const own = /** @type {[string, any][]} */ ([["severity", record.severity], ...(record.scope ? [["scope", record.scope]] : [])]);
  return html`<${Drawer} label="Log record" close=${close}
    title=${html`<div class="row wrap"><span class=${"severity " + record.severity}>${record.severity_text || record.severity}</span><${ServiceName} name=${record.service} /><time class="muted" title=${record.time_unix_nano}>${formatDateTime(record.time_ms).slice(0, 10)} ${formatTimeExact(record.time_ms)}</time></div>`}
    actions=${html`<button class="small" onClick=${() => copyText(JSON.stringify(record, null, 2))}>Copy JSON</button>`}>
    <pre class="value">${typeof record.body === "string" ? record.body : JSON.stringify(record.body, null, 2)}</pre>
    <div class="row wrap">
      ${record.trace_id !== "" && html`<a class="button small" href=${link(pathOf("trace", record.trace_id), { span: record.span_id })}>Trace ${record.trace_id.slice(0, 8)}</a>
        <button class="small" onClick=${() => include("trace", record.trace_id)}>Records of the trace</button>`}
      <a class="button small" href=${link("/logs", { last: null, from: Math.floor(record.time_ms - CONTEXT_MS), to: Math.ceil(record.time_ms + CONTEXT_MS), q: condition("service", record.service) })}>In context</a>
      ${host !== undefined && html`<a class="button small" href=${link(pathOf("dashboards", "host", valueText(host)))}>Host ${valueText(host)}</a>`}
    </div>
    <${AttributeTable} title="Record" attributes=${own} include=${include} exclude=${exclude} />
    <${AttributeTable} title="Attributes" attributes=${record.attributes} include=${include} exclude=${exclude} addColumn=${addColumn} />
    <${AttributeTable} title="Resource" attributes=${record.resource} include=${include} exclude=${exclude} addColumn=${addColumn} />
  <//>`;
}
