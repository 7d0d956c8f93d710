// A tap on one edge: a sample of what flows there now, limited in rate and size by the server.
import { html, useState } from "../vendor/preact-htm-signals.js";
import { apiAddress, useEventStream } from "../api.js";
import { formatBytes, formatCount, formatRate, formatTimeExact } from "../format.js";
import { copyText } from "../components/copy.js";
import { Drawer } from "../components/drawer.js";

const MOST_ITEMS = 200;

/** @param {{edge: any, rates: any, close: () => void}} properties */
export function TapDrawer({ edge, rates, close }) {
  const [query, setQuery] = useState("");
  const [paused, setPaused] = useState(false);
  const [items, setItems] = useState(/** @type {{key: number, at: number, text: string}[]} */ ([]));
  const [skipped, setSkipped] = useState(0);
  const state = useEventStream(paused ? null : apiAddress("/pipelines/tap", { edge: edge.id, q: query }), "items", (data) => {
    setSkipped((before) => before + (data.skipped ?? 0));
    setItems((before) => [...data.items.map((/** @type {string} */ text, /** @type {number} */ index) => ({ key: (before[0]?.key ?? 0) + data.items.length - index, at: Date.now(), text })), ...before].slice(0, MOST_ITEMS));
  });
  const change = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    setItems([]);
    setSkipped(0);
    setQuery(/** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.currentTarget).elements.namedItem("query")).value.trim());
  };
  return html`<${Drawer} label="Tap" close=${close} title=${html`<h2>Tap on ${edge.signal}</h2><div class="muted">${nameOf(edge.from)} → ${nameOf(edge.to)}${rates && html` · ${formatRate(rates.items_per_s)} · ${formatBytes(rates.bytes_per_s)}/s`}</div>`}
    actions=${html`<button class="small" aria-pressed=${paused} onClick=${() => setPaused(!paused)}>${paused ? "Go on" : "Pause"}</button>`}>
    <form onSubmit=${change} role="search"><input class="mono tap-query" type="search" name="query" placeholder='only with: service:front -name:"GET /health"' aria-label="Only items with" /></form>
    <div class="muted" role="status">${paused ? "paused" : state === "open" ? (items.length === 0 ? "Waiting for something to flow …" : `${formatCount(items.length)} shown`) : "connecting …"}${skipped > 0 && `, ${formatCount(skipped)} passed unseen`}</div>
    <ol class="tap-items">${items.map((item) => html`<li key=${item.key} data-tap-item><div class="row"><time class="faint mono">${formatTimeExact(item.at)}</time><span class="grow"></span><button class="quiet small" onClick=${() => copyText(item.text)}>copy</button></div><pre class="value">${indented(item.text)}</pre></li>`)}</ol>
  <//>`;
}

/** @param {string} text of OTLP/JSON */
function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    // An item cut by its size is no whole JSON, and is still worth reading.
    return text;
  }
}

/** @param {string} node as "kind:id" */
function nameOf(node) {
  return node.slice(node.indexOf(":") + 1);
}
