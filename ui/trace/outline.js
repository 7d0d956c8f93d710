// A trace, or a span with all below it, as text to paste elsewhere: Markdown outline and JSON.
import { formatDuration } from "../format.js";
import { valueText } from "../components/attributes.js";

/** More spans than this are not written out; the outline says how many are missing. */
const MOST_LINES = 400;

/**
 * @param {any} trace
 * @param {import("./tree.js").TraceTree} tree
 * @param {number} [root] place of the span to begin at
 */
export function markdownOutline(trace, tree, root = 0) {
  const last = root === 0 ? tree.spans.length : tree.end[root];
  const lines = [`# Trace ${trace.trace_id}`, "", `${tree.spans.length} spans, ${formatDuration(trace.duration_ns / 1e6)}, started ${new Date(trace.start_ms).toISOString()}`, ""];
  for (let place = root; place < Math.min(last, root + MOST_LINES); place += 1) {
    const span = tree.spans[place];
    const indent = "  ".repeat(tree.depth[place] - tree.depth[root]);
    const failure = span.status === "error" ? ` **error** ${span.status_message}`.trimEnd() : "";
    lines.push(`${indent}- \`${trace.resources[span.resource]?.service ?? ""}\` ${span.name} (${span.kind}): ${formatDuration(span.duration_ns / 1e6)} at +${formatDuration(span.start_offset_ns / 1e6)}${failure}`);
    for (const event of span.events) {
      const message = event.attributes.find(([key]) => key === "exception.message")?.[1];
      lines.push(`${indent}  - event ${event.name}${message === undefined ? "" : `: ${valueText(message)}`}`);
    }
  }
  if (last - root > MOST_LINES) lines.push("", `${last - root - MOST_LINES} more spans are left out.`);
  return lines.join("\n") + "\n";
}

/**
 * @param {any} trace
 * @param {import("./tree.js").TraceTree} tree
 * @param {number} place
 */
export function spanJson(trace, tree, place) {
  const span = tree.spans[place];
  const object = (/** @type {[string, any][]} */ attributes) => Object.fromEntries(attributes);
  return JSON.stringify({
    trace_id: trace.trace_id,
    span_id: span.id,
    parent_span_id: span.parent,
    name: span.name,
    kind: span.kind,
    status: span.status,
    status_message: span.status_message,
    start_unix_nano: (BigInt(trace.start_unix_nano) + BigInt(span.start_offset_ns)).toString(),
    duration_ns: span.duration_ns,
    attributes: object(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: object(event.attributes) })),
    links: span.links.map((one) => ({ ...one, attributes: object(one.attributes) })),
    scope: trace.scopes[span.scope],
    resource: object(trace.resources[span.resource]?.attributes ?? []),
  }, null, 2);
}
