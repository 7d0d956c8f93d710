// The running graph: receivers at the left, exporters at the right, a colour for each signal, width by rate.
import { html, useMemo } from "../vendor/preact-htm-signals.js";
import { setParameters } from "../location.js";
import { formatBytes, formatNumber, formatRate } from "../format.js";
import { edgePath, layoutGraph } from "../graph/layout.js";
import { GraphCanvas } from "../graph/canvas.js";
import { statusClass } from "../pages/pipeline.js";

const NODE_WIDTH = 178;
const NODE_HEIGHT = 54;

/** @param {{components: any[], edges: any[], live: any, selectedNode: string, selectedEdge: string}} properties */
export function PipelineGraph({ components, edges, live, selectedNode, selectedEdge }) {
  const drawn = components.filter((component) => component.kind !== "extension").flatMap(endsOf);
  const shape = [...drawn.map((end) => end.id), ...edges.map((edge) => edge.id)].join();
  // Parallel edges of several signals between two components share a way, and are drawn beside each other.
  const layout = useMemo(() => layoutGraph(
    drawn.map((end) => ({ id: end.id, width: NODE_WIDTH, height: NODE_HEIGHT })),
    [...new Map(edges.map((edge) => [wayOf(edge), { id: wayOf(edge), from: beginOf(edge.from), to: edge.to }])).values()],
    { layerGap: 120, rowGap: 26 },
  ), [shape]);
  const ways = useMemo(() => Map.groupBy(edges, wayOf), [shape]);
  const fastest = Math.max(...edges.map((edge) => live?.edges?.[edge.id]?.items_per_s ?? 0), 1);
  return html`<${GraphCanvas} width=${layout.width} height=${layout.height} fitKey=${shape} label="Components and what flows between them">
    ${edges.map((edge) => {
      const points = layout.edges.get(wayOf(edge));
      if (points === undefined) return null;
      const beside = /** @type {any[]} */ (ways.get(wayOf(edge)));
      const offset = (beside.indexOf(edge) - (beside.length - 1) / 2) * 15;
      return html`<${Edge} key=${edge.id} edge=${edge} points=${points.map((point) => ({ x: point.x, y: point.y + offset }))} rates=${live?.edges?.[edge.id]} fastest=${fastest} selected=${edge.id === selectedEdge} />`;
    })}
    ${drawn.map(({ id, component, detail }) => html`<${Node} key=${id} component=${component} detail=${detail} place=${layout.nodes.get(id)} live=${live?.components?.[component.node]} selected=${component.node === selectedNode} />`)}
  <//>`;
}

/** @param {{edge: any, points: {x: number, y: number}[], rates: any, fastest: number, selected: boolean}} properties */
function Edge({ edge, points, rates, fastest, selected }) {
  const items = rates?.items_per_s ?? 0;
  const path = edgePath(points, NODE_WIDTH, NODE_WIDTH + 4);
  const [a, b] = points.length > 2 ? [points[1], points[1]] : [points[0], points[1]];
  const words = `${edge.signal} from ${edge.from} to ${edge.to}: ${formatRate(items)}, ${formatBytes(rates?.bytes_per_s ?? 0)}/s`;
  const open = () => setParameters({ edge: edge.id, node: null, config: null }, { replace: true });
  return html`<g class=${`pipe ${edge.signal}${selected ? " selected" : ""}${items === 0 ? " idle" : ""}`} role="button" tabindex="0" aria-label=${`${words}. Tap`} onClick=${open} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && open()}>
    <title>${words}. Click to tap</title><path d=${path} class="hit" /><path d=${path} class="line" stroke-width=${1.2 + 3.2 * Math.sqrt(items / fastest)} />
    ${items > 0 && html`<text x=${(a.x + b.x) / 2} y=${(a.y + b.y) / 2 - 4} class="edge-label">${formatRate(items)}</text>`}</g>`;
}

/** @param {{component: any, detail: string, place: {x: number, y: number} | undefined, live: any, selected: boolean}} properties */
function Node({ component, detail, place, live, selected }) {
  if (place === undefined) return null;
  const lost = lossesOf(live);
  const fill = live?.queue && live.queue.capacity > 0 ? live.queue.size / live.queue.capacity : null;
  const open = () => setParameters({ node: component.node, edge: null, config: null }, { replace: true });
  const words = `${component.kind} ${component.id}, ${component.status.state}${fill === null ? "" : `, queue ${Math.round(fill * 100)} % full`}${lost === "" ? "" : `, ${lost}`}`;
  return html`<g class=${`component ${component.kind}${selected ? " selected" : ""}`} transform=${`translate(${place.x - NODE_WIDTH / 2} ${place.y - NODE_HEIGHT / 2})`} role="button" tabindex="0" aria-label=${words}
    onClick=${open} onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && open()}>
    <title>${words}${component.status.message ? `\n${component.status.message}` : ""}</title>
    <rect width=${NODE_WIDTH} height=${NODE_HEIGHT} rx="8" class="box" />
    <circle cx="15" cy="17" r="4" class=${"status-dot " + statusClass(component.status.state)} />
    <text x="26" y="21" class="name">${component.id.length > 21 ? `${component.id.slice(0, 20)}…` : component.id}</text>
    <text x="26" y="37" class=${lost === "" ? "detail" : "detail failed"}>${lost === "" ? detail : lost}</text>
    ${fill !== null && html`<rect x="10" y=${NODE_HEIGHT - 7} width=${NODE_WIDTH - 20} height="3" rx="1.5" class="queue" /><rect x="10" y=${NODE_HEIGHT - 7} width=${(NODE_WIDTH - 20) * Math.min(fill, 1)} height="3" rx="1.5" class=${fill > 0.8 ? "queue-fill full" : "queue-fill"} />`}
  </g>`;
}

/** What a component refused, failed to send or dropped, in words; "" when nothing. @param {any} live */
export function lossesOf(live) {
  if (!live) return "";
  const dropped = Object.values(live.dropped ?? {}).reduce((sum, count) => sum + Number(count), 0);
  return [
    dropped > 0 ? `${formatNumber(dropped)} dropped` : "",
    live.failed > 0 ? `${formatNumber(live.failed)} failed` : "",
    live.refused > 0 ? `${formatNumber(live.refused)} refused` : "",
  ].filter((part) => part !== "").join(", ");
}

/**
 * A connector ends one pipeline and begins another: it is drawn at both, or pipelines in a row would make the picture as long as all
 * of them together.
 * @param {any} component
 * @returns {{id: string, component: any, detail: string}[]}
 */
function endsOf(component) {
  if (component.kind !== "connector") return [{ id: component.node, component, detail: component.pipeline ? `processor · ${component.pipeline}` : component.kind }];
  return [{ id: beginOf(component.node), component, detail: "connector, begins here" }, { id: component.node, component, detail: "connector, ends here" }];
}

/** Where edges leave a component. @param {string} node */
function beginOf(node) {
  return node.startsWith("connector:") ? `${node} begins` : node;
}

/** @param {any} edge */
function wayOf(edge) {
  return `${edge.from}\u0000${edge.to}`;
}
