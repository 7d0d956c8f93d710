// One span whole: where its time went, its attributes by span, scope and resource, events, links, and ways onward.
import { html } from "../vendor/preact-htm-signals.js";
import { link, navigate, pathOf } from "../location.js";
import { condition } from "../text_query.js";
import { formatDuration, formatTimeExact } from "../format.js";
import { AttributeTable, attribute, valueText } from "../components/attributes.js";
import { copyText } from "../components/copy.js";
import { Drawer } from "../components/drawer.js";
import { ServiceName } from "../components/service_name.js";
import { markdownOutline, spanJson } from "./outline.js";

/** Time around a span that its links to logs and host show. */
const AROUND_MS = 60e3;

/**
 * @param {{trace: any, tree: import("./tree.js").TraceTree, place: number, close: () => void, logs: any[]}} properties
 */
export function SpanDrawer({ trace, tree, place, close, logs }) {
  const span = tree.spans[place];
  const resource = trace.resources[span.resource] ?? { service: "", attributes: [] };
  const scope = trace.scopes[span.scope];
  const startMs = trace.start_ms + span.start_offset_ns / 1e6;
  const around = { last: null, from: Math.floor(startMs - AROUND_MS), to: Math.ceil(startMs + span.duration_ns / 1e6 + AROUND_MS) };
  const find = (/** @type {string} */ key, /** @type {any} */ value) => navigate(link("/traces", { q: condition(key, valueText(value)) }));
  const host = attribute(resource.attributes, "host.name");
  return html`<${Drawer} label="Span" close=${close}
    title=${html`<h2>${span.name}</h2><div class="row muted wrap"><${ServiceName} name=${resource.service} /><span>${span.kind}</span><span>${formatTimeExact(startMs)}</span></div>`}
    actions=${html`<button class="small" title="Copy the span as JSON" onClick=${() => copyText(spanJson(trace, tree, place))}>JSON</button>
      <button class="small" title="Copy the span and all below as a Markdown outline" onClick=${() => copyText(markdownOutline(trace, tree, place))}>Markdown</button>`}>
    ${span.status === "error" && html`<div class="notice failed">${span.status_message || "This span failed."}</div>`}
    <dl class="facts">
      <div><dt>Duration</dt><dd>${formatDuration(span.duration_ns / 1e6)}</dd></div>
      <div><dt>Own time</dt><dd>${formatDuration(tree.selfNs[place] / 1e6)}</dd></div>
      <div><dt>Starts after</dt><dd>${formatDuration(span.start_offset_ns / 1e6)}</dd></div>
      <div><dt>Spans below</dt><dd>${tree.end[place] - place - 1}</dd></div>
    </dl>
    <div class="row wrap">
      <a class="button small" href=${link("/logs", { ...around, q: condition("trace", trace.trace_id) })}>Logs of the trace</a>
      <a class="button small" href=${link("/logs", { ...around, q: condition("service", resource.service) })}>Logs of ${resource.service} then</a>
      <a class="button small" href=${link("/traces", { service: resource.service, operation: span.name })}>Traces like it</a>
      ${host !== undefined && html`<a class="button small" href=${link(pathOf("dashboards", "host", valueText(host)), around)}>Host ${valueText(host)}</a>`}
    </div>
    <${AttributeTable} title="Span" attributes=${span.attributes} include=${find} />
    ${span.events.length > 0 && html`<section><h3>Events</h3>${span.events.map((event, number) => html`<details key=${number} open=${event.name === "exception"} class="event">
      <summary>${event.name} <span class="muted">at +${formatDuration(event.offset_ns / 1e6)}</span></summary><${AttributeTable} attributes=${event.attributes} /></details>`)}</section>`}
    ${span.links.length > 0 && html`<section><h3>Links</h3>${span.links.map((one) => html`<div key=${one.span_id}><a href=${link(pathOf("trace", one.trace_id), { span: one.span_id })}>trace ${one.trace_id.slice(0, 8)}, span ${one.span_id}</a><${AttributeTable} attributes=${one.attributes} /></div>`)}</section>`}
    ${logs.length > 0 && html`<section><h3>Log records</h3>${logs.map((record) => html`<div key=${record.time_unix_nano + valueText(record.body)} class="row"><time class="faint mono">${formatTimeExact(record.time_ms)}</time><span class=${"severity " + record.severity}>${record.severity}</span><span class="mono">${valueText(record.body)}</span></div>`)}</section>`}
    <${AttributeTable} title="Resource" attributes=${resource.attributes} />
    ${scope && scope.name !== "" && html`<${AttributeTable} title="Scope" attributes=${[["name", scope.name], ["version", scope.version]].filter(([, value]) => value !== "")} />`}
    <${AttributeTable} title="Identity" attributes=${[["trace id", trace.trace_id], ["span id", span.id], ...(span.parent === "" ? [] : [["parent", span.parent]])]} />
  <//>`;
}
