// What a page shows when nothing was received: the lines an application needs, and demo data at a press of a button.
import { html, useState } from "../vendor/preact-htm-signals.js";
import { apiAddress, ask, useAnswer } from "../api.js";
import { formatDateTime } from "../format.js";
import { link } from "../location.js";
import { refreshNow, showLast, timeRangeText } from "../time_range.js";

/** @param {{what: string, signal: "traces" | "metrics" | "logs"}} properties what is missing, in words, and which signal it is made of */
export function EmptyState({ what, signal }) {
  const status = useAnswer(apiAddress("/status")).answer;
  const [said, setSaid] = useState("");
  if (status === null) return null;
  const stored = (status.store?.signals?.[signal]?.items ?? 0) > 0;
  const endpoints = status.otlp ?? [];
  const first = endpoints.find((/** @type {any} */ entry) => entry.protocol.startsWith("http")) ?? endpoints[0];
  return html`<div class="empty">
    <h2>${stored ? `No ${what} in this time range` : `No ${what} yet`}</h2>
    ${stored
      ? html`<p class="muted">${timeRangeText()} has none, with the filters of this page. The oldest that Weir holds is of ${oldestText(status, signal)}.</p>
          <p><button onClick=${() => showLast("24h")}>Show the last 24 hours</button> <button onClick=${() => showLast("7d")}>Last 7 days</button></p>`
      : html`<p class="muted">Start your application with OpenTelemetry's SDK or agent and this in its environment:</p>`}
    ${!stored && endpoints.length === 0 && html`<div class="notice">No OTLP receiver is configured: add <code>receivers: otlp:</code> to the configuration.</div>`}
    ${!stored && first && html`<pre>${environmentLines(first)}</pre>`}
    ${!stored && endpoints.length > 1 && html`<p class="muted">Also listening: ${endpoints
        .filter((/** @type {any} */ entry) => entry !== first)
        .map((/** @type {any} */ entry) => html`<code>${entry.endpoint}</code> (${entry.protocol}) `)}</p>`}
    ${!stored && signal !== "metrics" && (status.store?.signals?.metrics?.items ?? 0) > 0 && html`<p>What is measured is there already, under <a href=${link("/hosts")}>Hosts</a>, <a href=${link("/dashboards")}>Dashboards</a> and <a href=${link("/metrics")}>Metrics</a>.</p>`}
    ${!stored && !status.read_only && html`<p class="muted">Or look around first:</p>
      <p class="row"><button class="primary" onClick=${() => sendDemoData(setSaid)}>Send demo data</button>
      <span role="status" class="muted">${said}</span></p>`}
  </div>`;
}

/** @param {any} status @param {string} signal */
function oldestText(status, signal) {
  const oldest = status.store.signals[signal].oldest_ms;
  return oldest === null ? "an unknown time" : formatDateTime(oldest);
}

/** @param {{protocol: string, endpoint: string}} endpoint */
function environmentLines({ protocol, endpoint }) {
  const address = endpoint.includes("://") ? endpoint : `http://${endpoint}`;
  return `export OTEL_EXPORTER_OTLP_ENDPOINT=${address}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=${protocol.startsWith("http") ? "http/protobuf" : "grpc"}`;
}

/** @param {(sentence: string) => void} say */
async function sendDemoData(say) {
  say("Making an hour of a shop's telemetry …");
  try {
    const made = await ask(apiAddress("/demo"), { method: "POST" });
    say(`Sent ${made.traces} traces, ${made.logs} log records and ${made.points} points.`);
    // The store takes a moment from accepted to searchable.
    setTimeout(refreshNow, 1500);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}
