// The live pipeline: the running graph with rates, queue fill and losses; a click shows a component's configuration or taps an edge.
import { html, useMemo, useState } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer, useEventStream } from "../api.js";
import { parameter, setParameters } from "../location.js";
import { formatBytes, formatShare } from "../format.js";
import { Panel } from "../components/panel.js";
import { Drawer } from "../components/drawer.js";
import { copyText } from "../components/copy.js";
import { ComponentDrawer } from "../pipeline/component_drawer.js";
import { PipelineGraph } from "../pipeline/graph.js";
import { TapDrawer } from "../pipeline/tap.js";

export function PipelinePage() {
  const asked = useAnswer(apiAddress("/pipelines"));
  const [ticks, setTicks] = useState(/** @type {any[]} */ ([]));
  const state = useEventStream(apiAddress("/pipelines/live"), "rates", (tick) => setTicks((before) => [tick, ...before].slice(0, AVERAGED_TICKS)));
  const live = useMemo(() => averaged(ticks), [ticks]);
  const chosen = parameter("pipeline");
  const components = asked.answer?.components ?? [];
  const pipelines = asked.answer?.pipelines ?? [];
  const shown = chosen === "" ? asked.answer : onlyPipeline(asked.answer, chosen);
  const node = components.find((/** @type {any} */ component) => component.node === parameter("node"));
  const edge = asked.answer?.edges.find((/** @type {any} */ one) => one.id === parameter("edge"));
  const close = () => setParameters({ node: null, edge: null, config: null }, { replace: true });
  const extensions = components.filter((/** @type {any} */ component) => component.kind === "extension");
  return html`<div class="page pipeline-page">
    <div class="page-head"><h1>Pipeline</h1>
      <span class="sub">${live?.process && `CPU ${formatShare(live.process.cpu_share)} · memory ${formatBytes(live.process.rss_bytes)} · in flight ${formatBytes(live.process.in_flight_bytes)}`}${state !== "open" && " · connecting …"}</span><span class="spacer"></span>
      <div class="segments" role="group" aria-label="Pipelines"><button class="small" aria-pressed=${chosen === ""} onClick=${() => setParameters({ pipeline: null })}>All</button>
        ${pipelines.map((/** @type {any} */ pipeline) => html`<button key=${pipeline.id} class="small" aria-pressed=${chosen === pipeline.id} onClick=${() => setParameters({ pipeline: pipeline.id })}>${pipeline.id}</button>`)}</div>
      <button class="small" onClick=${() => setParameters({ config: "all", node: null, edge: null }, { replace: true })}>Configuration</button></div>
    <div class="split-body">
      <${Panel} asked=${asked} class="flush fill" label="Graph">
        ${shown && html`<${PipelineGraph} components=${shown.components} edges=${shown.edges} live=${live} selectedNode=${parameter("node")} selectedEdge=${parameter("edge")} />`}
        ${extensions.length > 0 && html`<div class="extensions row wrap"><span class="muted">Extensions</span>${extensions.map((/** @type {any} */ extension) => html`<button key=${extension.node} class="small" onClick=${() => setParameters({ node: extension.node, edge: null, config: null }, { replace: true })}><i class=${"status-dot " + statusClass(extension.status.state)}></i>${extension.id}</button>`)}
          <span class="grow"></span><span class="faint">Click a component for its configuration, an edge to look at what flows.</span></div>`}
      <//>
      ${node && html`<${ComponentDrawer} key=${node.node} component=${node} live=${live?.components?.[node.node]} close=${close} />`}
      ${edge && html`<${TapDrawer} key=${edge.id} edge=${edge} rates=${live?.edges?.[edge.id]} close=${close} />`}
      ${parameter("config") === "all" && html`<${ConfigurationDrawer} close=${close} />`}
    </div>
  </div>`;
}

/** Rates are means of so many seconds: what is sent every ten seconds would else seem to stand still most of the time. */
const AVERAGED_TICKS = 10;

/** The newest tick, with the mean rates of all. @param {any[]} ticks newest first */
function averaged(ticks) {
  if (ticks.length === 0) return null;
  const mean = (/** @type {string} */ id, /** @type {string} */ rate) => ticks.reduce((sum, tick) => sum + (tick.edges[id]?.[rate] ?? 0), 0) / ticks.length;
  const edges = Object.fromEntries(Object.keys(ticks[0].edges).map((id) => [id, { items_per_s: mean(id, "items_per_s"), bytes_per_s: mean(id, "bytes_per_s") }]));
  return { ...ticks[0], edges };
}

/** Class of a component's state; only what is wrong has a colour of its own. @param {string} state */
export function statusClass(state) {
  if (["permanent_error", "fatal_error"].includes(state)) return "bad";
  return state === "recoverable_error" ? "shaky" : state === "ok" ? "fine" : "";
}

/** @param {any} answer @param {string} id */
function onlyPipeline(answer, id) {
  const pipeline = answer?.pipelines.find((/** @type {any} */ one) => one.id === id);
  if (pipeline === undefined) return answer;
  const nodes = new Set(pipeline.nodes);
  return {
    ...answer,
    components: answer.components.filter((/** @type {any} */ component) => nodes.has(component.node)),
    edges: answer.edges.filter((/** @type {any} */ edge) => edge.signal === pipeline.signal && nodes.has(edge.from) && nodes.has(edge.to)),
  };
}

/** @param {{close: () => void}} properties */
function ConfigurationDrawer({ close }) {
  const asked = useAnswer(apiAddress("/config"));
  return html`<${Drawer} label="Configuration" close=${close} title=${html`<h2>Effective configuration</h2><span class="muted">with every default, secrets hidden</span>`}
    actions=${html`<button class="small" onClick=${() => copyText(asked.answer?.yaml ?? "")}>Copy</button>`}>
    ${asked.error && html`<div class="notice failed">${asked.error}</div>`}
    ${asked.answer && html`<p class="muted">${asked.answer.files.map((/** @type {string} */ file) => html`<code key=${file}>${file}</code> `)}</p><pre class="configuration">${asked.answer.yaml}</pre>`}<//>`;
}
