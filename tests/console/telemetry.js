// The telemetry the checks send: known to the last number, and different in its names each time it is made.
import assert from "node:assert/strict";
import crypto from "node:crypto";

export const BIG_TRACE_SPANS = 50_000;
const SMALL_TRACES = 60;
const FAILING_EVERY = 10;
const LOGS = { info: 30, warn: 6, error: 4 };
const SEVERITY_NUMBERS = { info: 9, warn: 13, error: 17 };
const GAUGE_VALUES = [4, 8, 15, 16, 23, 42];
const SPANS_A_REQUEST = 5_000;
const STORED_WITHIN_MS = 90_000;

/** What is sent, and what follows from it. */
export function makeTelemetry(nowMs) {
  const run = crypto.randomBytes(3).toString("hex");
  const sent = {
    run,
    front: `front-${run}`,
    checkout: `checkout-${run}`,
    host: `host-${run}`,
    gauge: `shop.cart.items.${run}`,
    histogram: `shop.request.duration.${run}`,
    counter: `shop.cart.additions.${run}`,
    // A range with room on both sides, so that nothing lies on its edge.
    from: nowMs - 20 * 60_000,
    to: nowMs + 60_000,
    start: nowMs - 5 * 60_000,
    traces: [],
    bigTraceId: randomId(16),
    logs: [],
    severities: LOGS,
    gaugeValues: GAUGE_VALUES,
  };
  for (let index = 0; index < SMALL_TRACES; index += 1) {
    sent.traces.push({ id: randomId(16), failed: index % FAILING_EVERY === 0, startMs: sent.start + index * 1000, durationMs: 20 + index });
  }
  let number = 0;
  for (const [severity, count] of Object.entries(LOGS)) {
    for (let index = 0; index < count; index += 1) {
      sent.logs.push({ severity, body: `${severity} number ${index} of run ${run}`, timeMs: sent.start + number * 500, traceId: sent.traces[number % SMALL_TRACES].id, route: index % 2 === 0 ? "/cart" : "/checkout" });
      number += 1;
    }
  }
  sent.failedTraces = sent.traces.filter((trace) => trace.failed).length;
  /** The range as parameters, the same for the API and the pages. */
  sent.range = `from=${sent.from}&to=${sent.to}`;
  return sent;
}

export async function sendTelemetry(otlp, sent) {
  await post(otlp, "traces", { resourceSpans: [...smallTraces(sent)] });
  for (let first = 0; first < BIG_TRACE_SPANS; first += SPANS_A_REQUEST) await post(otlp, "traces", { resourceSpans: [bigTracePart(sent, first)] });
  await post(otlp, "logs", { resourceLogs: [logsOf(sent, sent.logs)] });
  await post(otlp, "metrics", { resourceMetrics: [metricsOf(sent)] });
}

/** One more log record, for the live tail. */
export async function sendLog(otlp, sent, body) {
  await post(otlp, "logs", { resourceLogs: [logsOf(sent, [{ severity: "info", body, timeMs: Date.now(), traceId: sent.traces[0].id, route: "/tail" }])] });
}

/** One more span, for the tap. */
export async function sendSpan(otlp, sent, name) {
  const span = { ...spanOf(randomId(16), randomId(8), "", name, 2, sent.start, 5), status: {} };
  await post(otlp, "traces", { resourceSpans: [{ resource: resourceOf(sent, sent.front), scopeSpans: [{ scope: { name: "checks" }, spans: [span] }] }] });
}

/** Waits until queries see all that was sent; what never arrives is said. */
export async function waitUntilStored(browser, sent) {
  const deadline = Date.now() + STORED_WITHIN_MS;
  let seen = {};
  while (Date.now() < deadline) {
    const big = await browser.api(`/traces/${sent.bigTraceId}`).catch(() => ({ spans: [] }));
    const logs = await browser.api(`/logs?${sent.range}&q=${encodeURIComponent(`service:${sent.front}`)}&limit=100`);
    const metrics = await browser.api(`/metrics?${sent.range}`);
    const services = await browser.api(`/services?${sent.range}`);
    seen = {
      spans: big.spans.length,
      logs: logs.logs.length,
      metric: metrics.metrics.some((metric) => metric.name === sent.gauge),
      requests: services.services.find((service) => service.name === sent.checkout)?.requests ?? 0,
    };
    if (seen.spans === BIG_TRACE_SPANS && seen.logs === sent.logs.length && seen.metric && seen.requests === SMALL_TRACES) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail(`not all of what was sent can be found: ${JSON.stringify(seen)}`);
}

function* smallTraces(sent) {
  for (const trace of sent.traces) {
    const root = randomId(8);
    const call = randomId(8);
    const failure = trace.failed ? { code: 2, message: "card declined" } : {};
    yield {
      resource: resourceOf(sent, sent.front),
      scopeSpans: [{ scope: { name: "checks" }, spans: [
        spanOf(trace.id, root, "", "POST /checkout", 2, trace.startMs, trace.durationMs),
        spanOf(trace.id, call, root, "PlaceOrder", 3, trace.startMs + 2, trace.durationMs - 4),
      ] }],
    };
    yield {
      resource: resourceOf(sent, sent.checkout),
      scopeSpans: [{ scope: { name: "checks" }, spans: [{ ...spanOf(trace.id, randomId(8), call, "PlaceOrder", 2, trace.startMs + 4, trace.durationMs - 8), status: failure }] }],
    };
  }
}

/** A root with 49,999 spans below it, in chains of ten, that carry their number; of few names, as spans of programs are. */
function bigTracePart(sent, first) {
  const idOf = (number) => (number + 1).toString(16).padStart(16, "0");
  const spans = [];
  for (let number = first; number < first + SPANS_A_REQUEST; number += 1) {
    const parent = number === 0 ? "" : idOf(number % 10 === 1 ? 0 : number - 1);
    const kind = 1;
    spans.push(spanOf(sent.bigTraceId, idOf(number), parent, number === 0 ? "rebuild index" : `step ${number % 40}`, kind, sent.start + number * 0.1, number === 0 ? 6000 : 50 - (number % 10) * 4, { number }));
  }
  return { resource: resourceOf(sent, `batch-${sent.run}`), scopeSpans: [{ scope: { name: "checks" }, spans }] };
}

function logsOf(sent, logs) {
  const logRecords = logs.map((log) => ({
    timeUnixNano: nanos(log.timeMs), severityNumber: SEVERITY_NUMBERS[log.severity], severityText: log.severity.toUpperCase(), body: { stringValue: log.body },
    attributes: [text("http.route", log.route)], traceId: log.traceId, spanId: randomId(8),
  }));
  return { resource: resourceOf(sent, sent.front), scopeLogs: [{ scope: { name: "checks" }, logRecords }] };
}

function metricsOf(sent) {
  const gaugePoints = sent.gaugeValues.map((value, index) => ({ timeUnixNano: nanos(sent.start + index * 15_000), asDouble: value, attributes: [text("tier", "gold")] }));
  const histogramPoint = {
    startTimeUnixNano: nanos(sent.start), timeUnixNano: nanos(sent.start + 60_000), count: "10", sum: 1.5, explicitBounds: [0.1, 0.5, 1], bucketCounts: ["4", "3", "2", "1"],
    attributes: [text("http.route", "/cart")], exemplars: [{ timeUnixNano: nanos(sent.start + 30_000), asDouble: 0.4, traceId: sent.traces[0].id, spanId: randomId(8) }],
  };
  // As steady as can be, so that its chart has no room for zero, and counted one by one.
  const counterPoints = sent.gaugeValues.slice(1).map((_, index) => ({
    startTimeUnixNano: nanos(sent.start + index * 60_000), timeUnixNano: nanos(sent.start + (index + 1) * 60_000), asInt: "1000",
    exemplars: index === 2 ? [{ timeUnixNano: nanos(sent.start + index * 60_000 + 30_000), asInt: "1", traceId: sent.traces[1].id, spanId: randomId(8) }] : [],
  }));
  return {
    resource: resourceOf(sent, sent.front),
    scopeMetrics: [{ scope: { name: "checks" }, metrics: [
      { name: sent.counter, unit: "{item}", sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: counterPoints } },
      { name: sent.gauge, unit: "{item}", description: "Items in carts", gauge: { dataPoints: gaugePoints } },
      { name: sent.histogram, unit: "s", histogram: { aggregationTemporality: 1, dataPoints: [histogramPoint] } },
    ] }],
  };
}

function resourceOf(sent, service) {
  return { attributes: [text("service.name", service), text("service.version", "1.2.3"), text("host.name", sent.host)] };
}

function spanOf(traceId, spanId, parentSpanId, name, kind, startMs, durationMs, attributes = {}) {
  return {
    traceId, spanId, parentSpanId, name, kind, startTimeUnixNano: nanos(startMs), endTimeUnixNano: nanos(startMs + durationMs),
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: { intValue: String(value) } })), status: {},
  };
}

function text(key, value) {
  return { key, value: { stringValue: value } };
}

function nanos(ms) {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}

function randomId(bytes) {
  return crypto.randomBytes(bytes).toString("hex");
}

async function post(otlp, signal, body) {
  const response = await fetch(`${otlp.replace(/\/$/, "")}/v1/${signal}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.ok(response.ok, `OTLP ${signal} answered ${response.status}: ${await response.text()}`);
}
