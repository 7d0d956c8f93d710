// Service map: who calls whom, left to right, with rate, latency and failures on every edge; the same as a table.
import { html, useMemo } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { link, parameter, pathOf, setParameters } from "../location.js";
import { timeRange } from "../time_range.js";
import { formatDuration, formatRate, formatShare, plural } from "../format.js";
import { serviceColor } from "../service_color.js";
import { condition } from "../text_query.js";
import { Panel } from "../components/panel.js";
import { DataTable } from "../components/data_table.js";
import { Drawer } from "../components/drawer.js";
import { EmptyState } from "../components/empty_state.js";
import { ServiceName } from "../components/service_name.js";
import { edgePath, layoutGraph } from "../graph/layout.js";
import { GraphCanvas } from "../graph/canvas.js";

/** More nodes than this make a hairball: then the busiest one and its neighbours are shown. */
const MOST_NODES = 60;
const NODE_WIDTH = 190;
const NODE_HEIGHT = 50;
const RING_RADIUS = 15;
const RING_LENGTH = 2 * Math.PI * RING_RADIUS;
const KIND_SIGNS = /** @type {Record<string, string>} */ ({ service: "", database: "DB", messaging: "MQ", external: "EXT" });

export function ServiceMapPage() {
  const { from, to } = timeRange.value;
  const asked = useAnswer(apiAddress("/map", { from, to }));
  const nodes = asked.answer?.nodes ?? [];
  const edges = asked.answer?.edges ?? [];
  const busiest = [...nodes].sort((a, b) => b.requests - a.requests)[0]?.name ?? "";
  const focus = parameter("focus") || (nodes.length > MOST_NODES ? busiest : "");
  const hops = Number(parameter("hops") || 1);
  const shown = useMemo(() => around(nodes, edges, focus, hops), [asked.answer, focus, hops]);
  const asTable = parameter("view") === "table";
  const selected = parameter("node");
  if (asked.answer !== null && nodes.length === 0) return html`<div class="page"><${EmptyState} what="requests between services" signal="traces" /></div>`;
  return html`<div class="page map-page">
    <div class="page-head"><h1>Service map</h1><span class="sub">${plural(shown.nodes.length, "node")}${focus !== "" && ` of ${nodes.length}`}</span><span class="spacer"></span>
      <label class="row muted">Around <select value=${focus} onChange=${(/** @type {any} */ event) => setParameters({ focus: event.currentTarget.value })}>
        <option value="" disabled=${nodes.length > MOST_NODES}>everything</option>${nodes.map((/** @type {any} */ node) => html`<option key=${node.name} value=${node.name} selected=${node.name === focus}>${node.name}</option>`)}</select></label>
      ${focus !== "" && html`<label class="row muted">hops <select value=${hops} onChange=${(/** @type {any} */ event) => setParameters({ hops: event.currentTarget.value })}>${[1, 2, 3].map((count) => html`<option key=${count} value=${count} selected=${count === hops}>${count}</option>`)}</select></label>`}
      <div class="segments" role="group" aria-label="View"><button class="small" aria-pressed=${!asTable} onClick=${() => setParameters({ view: null })}>Map</button><button class="small" aria-pressed=${asTable} onClick=${() => setParameters({ view: "table" })}>Table</button></div></div>
    ${nodes.length > MOST_NODES && html`<div class="notice">There are ${nodes.length} nodes; shown is what lies around ${focus}.</div>`}
    <div class="split-body">
      <${Panel} asked=${asked} class="flush fill" label="Map">${asTable ? html`<div class="scroll-y"><${EdgeTable} edges=${shown.edges} /></div>` : html`<${Map} ...${shown} selected=${selected} />`}<//>
      ${selected !== "" && html`<${NodeDrawer} name=${selected} nodes=${nodes} edges=${edges} />`}
    </div>
  </div>`;
}

/** @param {{nodes: any[], edges: any[], selected: string}} properties */
function Map({ nodes, edges, selected }) {
  // The layout depends on names alone, so that new rates do not move the picture.
  const shape = [...nodes.map((node) => node.name), "|", ...edges.map((edge) => `${edge.client}>${edge.server}`)].sort().join();
  const layout = useMemo(() => layoutGraph(
    nodes.map((node) => ({ id: node.name, width: NODE_WIDTH, height: NODE_HEIGHT })).sort((a, b) => a.id.localeCompare(b.id)),
    edges.map((edge) => ({ id: edgeId(edge), from: edge.client, to: edge.server })).sort((a, b) => a.id.localeCompare(b.id)),
    { layerGap: 126, rowGap: 46 },
  ), [shape]);
  const fastest = Math.max(...edges.map((edge) => edge.rate), 1e-9);
  return html`<${GraphCanvas} width=${layout.width} height=${layout.height} fitKey=${shape} label="Services and what they call">
    ${edges.map((edge) => {
      const points = layout.edges.get(edgeId(edge));
      if (points === undefined) return null;
      const words = `${edge.client} to ${edge.server}: ${formatRate(edge.rate)}, p95 ${formatDuration(edge.p95_ms)}, ${formatShare(edge.error_share)} failed`;
      return html`<a key=${edgeId(edge)} href=${crossingTraces(edge)} class=${"map-edge" + (edge.errors > 0 ? " failing" : "") + (selected !== "" && edge.client !== selected && edge.server !== selected ? " aside" : "")} aria-label=${words}>
        <title>${words}. Click: traces</title>
        <path d=${edgePath(points, NODE_WIDTH, NODE_WIDTH + 4)} class="hit" />
        <path d=${edgePath(points, NODE_WIDTH, NODE_WIDTH + 4)} stroke-width=${1 + 3 * Math.sqrt(edge.rate / fastest)} marker-end="url(#arrow)" class="line" />
      </a>`;
    })}
    ${edges.map((edge) => html`<${EdgeLabel} key=${edgeId(edge)} edge=${edge} points=${layout.edges.get(edgeId(edge))} />`)}
    ${nodes.map((node) => html`<${Node} key=${node.name} node=${node} place=${layout.nodes.get(node.name)} selected=${selected === node.name} aside=${selected !== "" && selected !== node.name && !edges.some((edge) => (edge.client === selected && edge.server === node.name) || (edge.server === selected && edge.client === node.name))} />`)}
  <//>`;
}

/** Labels are drawn after all lines, so that none is struck through. @param {{edge: any, points: {x: number, y: number}[] | undefined}} properties */
function EdgeLabel({ edge, points }) {
  if (points === undefined) return null;
  const middle = points.length > 2 ? points[Math.floor(points.length / 2)] : { x: (points[0].x + points[1].x) / 2, y: (points[0].y + points[1].y) / 2 };
  return html`<g class="edge-words" aria-hidden="true"><text x=${middle.x} y=${middle.y - 7} class="edge-label">${formatRate(edge.rate)} · ${formatDuration(edge.p95_ms)}</text>
    ${edge.errors > 0 && html`<text x=${middle.x} y=${middle.y + 15} class="edge-label failed">${formatShare(edge.error_share)} failed</text>`}</g>`;
}

/** @param {{node: any, place: {x: number, y: number} | undefined, selected: boolean, aside: boolean}} properties */
function Node({ node, place, selected, aside }) {
  if (place === undefined) return null;
  const words = `${node.name}, ${node.kind}: ${formatRate(node.rate)}, ${formatShare(node.error_share)} failed, p95 ${formatDuration(node.p95_ms)}`;
  const choose = () => setParameters({ node: selected ? null : node.name }, { replace: true });
  const failed = Math.min(node.error_share ?? 0, 1) * RING_LENGTH;
  return html`<g transform=${`translate(${place.x - NODE_WIDTH / 2} ${place.y - NODE_HEIGHT / 2})`} class=${"map-node" + (selected ? " selected" : "") + (aside ? " aside" : "")} role="button" tabindex="0" aria-label=${words} aria-pressed=${selected}
    onClick=${choose} onKeyDown=${(/** @type {KeyboardEvent} */ event) => (event.key === "Enter" || event.key === " ") && choose()}>
    <title>${words}</title>
    <rect width=${NODE_WIDTH} height=${NODE_HEIGHT} rx=${node.kind === "service" ? 9 : 25} class="box" />
    <circle cx="27" cy="25" r=${RING_RADIUS} fill="none" stroke=${serviceColor(node.name)} stroke-width="4" />
    ${failed > 0 && html`<circle cx="27" cy="25" r=${RING_RADIUS} class="failed-ring" stroke-dasharray=${`${Math.max(failed, 2)} ${RING_LENGTH}`} transform="rotate(-90 27 25)" />`}
    <text x="27" y="29" class="kind">${KIND_SIGNS[node.kind] ?? ""}</text>
    <text x="52" y="21" class="name">${shortened(node.name)}</text>
    <text x="52" y="37" class="detail">${formatRate(node.rate)} · ${formatDuration(node.p95_ms)}</text>
  </g>`;
}

/** @param {{name: string, nodes: any[], edges: any[]}} properties */
function NodeDrawer({ name, nodes, edges }) {
  const node = nodes.find((one) => one.name === name);
  if (node === undefined) return null;
  const list = (/** @type {string} */ title, /** @type {any[]} */ found, /** @type {string} */ other) => found.length > 0 && html`<section><h3>${title}</h3><table class="data"><tbody>${found.map((edge) => html`<tr key=${edge[other]}>
    <td><button class="link" onClick=${() => setParameters({ node: edge[other] }, { replace: true })}><${ServiceName} name=${edge[other]} href=${null} /></button></td><td class="number">${formatRate(edge.rate)}</td><td class="number">${formatDuration(edge.p95_ms)}</td>
    <td class="number"><span class=${edge.errors > 0 ? "error-text" : "faint"}>${formatShare(edge.error_share)}</span></td><td><a href=${crossingTraces(edge)}>traces</a></td></tr>`)}</tbody></table></section>`;
  return html`<${Drawer} label=${name} close=${() => setParameters({ node: null }, { replace: true })} title=${html`<h2>${name}</h2><span class="muted">${node.kind}</span>`}>
    <dl class="facts"><div><dt>Requests</dt><dd>${formatRate(node.rate)}</dd></div><div><dt>Failed</dt><dd class=${node.errors > 0 ? "error-text" : ""}>${formatShare(node.error_share)}</dd></div><div><dt>p95</dt><dd>${formatDuration(node.p95_ms)}</dd></div></dl>
    <div class="row wrap">${node.kind === "service" && html`<a class="button small" href=${link(pathOf("service", name))}>Service</a><a class="button small" href=${link("/traces", { service: name })}>Traces</a><a class="button small" href=${link("/logs", { q: condition("service", name) })}>Logs</a>`}
      <button class="small" onClick=${() => setParameters({ focus: name })}>Only around it</button></div>
    ${list("Called by", edges.filter((edge) => edge.server === name), "client")}${list("Calls", edges.filter((edge) => edge.client === name), "server")}
  <//>`;
}

/** @param {{edges: any[]}} properties */
function EdgeTable({ edges }) {
  return html`<${DataTable} caption="Calls between services" rows=${edges} columns=${EDGE_COLUMNS} rowKey=${edgeId} initialSort="-rate" />`;
}

const EDGE_COLUMNS = [
  { key: "client", title: "From", sortBy: (/** @type {any} */ edge) => edge.client, render: (/** @type {any} */ edge) => html`<${ServiceName} name=${edge.client} />` },
  { key: "server", title: "To", sortBy: (/** @type {any} */ edge) => edge.server, render: (/** @type {any} */ edge) => html`<${ServiceName} name=${edge.server} />` },
  { key: "rate", title: "Requests", number: true, sortBy: (/** @type {any} */ edge) => edge.rate, render: (/** @type {any} */ edge) => formatRate(edge.rate) },
  { key: "errors", title: "Errors", number: true, sortBy: (/** @type {any} */ edge) => edge.error_share, render: (/** @type {any} */ edge) => html`<span class=${edge.errors > 0 ? "error-text" : "faint"}>${formatShare(edge.error_share)}</span>` },
  { key: "p50", title: "p50", number: true, sortBy: (/** @type {any} */ edge) => edge.p50_ms, render: (/** @type {any} */ edge) => formatDuration(edge.p50_ms) },
  { key: "p95", title: "p95", number: true, sortBy: (/** @type {any} */ edge) => edge.p95_ms, render: (/** @type {any} */ edge) => formatDuration(edge.p95_ms) },
  { key: "traces", title: html`<span class="visually-hidden">Traces</span>`, render: (/** @type {any} */ edge) => html`<a href=${crossingTraces(edge)}>traces</a>` },
];

/** @param {any} edge */
function edgeId(edge) {
  return `${edge.client}\u0000${edge.server}`;
}

/** Traces in which the caller took part, worst first when the edge fails. @param {any} edge */
function crossingTraces(edge) {
  return link("/traces", { service: edge.client, order: "longest", status: edge.errors > 0 ? "error" : null });
}

/** @param {string} name */
function shortened(name) {
  return name.length > 19 ? `${name.slice(0, 18)}…` : name;
}

/** Nodes within so many hops of the focus, in either direction. @param {any[]} nodes @param {any[]} edges @param {string} focus @param {number} hops */
function around(nodes, edges, focus, hops) {
  if (focus === "") return { nodes, edges };
  let near = new Set([focus]);
  for (let hop = 0; hop < hops; hop += 1) {
    near = new Set([...near, ...edges.filter((edge) => near.has(edge.client)).map((edge) => edge.server), ...edges.filter((edge) => near.has(edge.server)).map((edge) => edge.client)]);
  }
  return { nodes: nodes.filter((node) => near.has(node.name)), edges: edges.filter((edge) => near.has(edge.client) && near.has(edge.server)) };
}
