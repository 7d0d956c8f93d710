// The front of the shop: answers customers, and asks the stock for items and reservations.
//
// Its only telemetry code is the SDK's start: the instrumentations of `http` and `express` make its spans, pass the trace on
// to the stock, and name the routes. Its log is lines of JSON on standard output and in LOG_FILE, each with the ids of the
// trace it belongs to, as an application writes them that a log agent looks after. HOST and PORT are where it listens (0 for
// any port), STOCK where the stock does.
'use strict';

const { trace } = require('@opentelemetry/api');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { defaultResource, detectResources, envDetector } = require('@opentelemetry/resources');
const { BatchSpanProcessor, NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

// The names of the resource and of the back end come from the standard environment variables.
const tracing = new NodeTracerProvider({
  resource: defaultResource().merge(detectResources({ detectors: [envDetector] })),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
tracing.register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()] });

// Only what is loaded from here on is instrumented.
const express = require('express');
const fs = require('node:fs');
const http = require('node:http');

const agent = new http.Agent({ keepAlive: true });
const stock = new URL(process.env.STOCK);
const logFile = process.env.LOG_FILE && fs.createWriteStream(process.env.LOG_FILE, { flags: 'a' });

function log(level, message, fields) {
  const { traceId, spanId } = trace.getActiveSpan()?.spanContext() ?? {};
  const time = new Date().toISOString();
  const service = process.env.OTEL_SERVICE_NAME;
  const line = JSON.stringify({ time, level, message, service, trace_id: traceId, span_id: spanId, ...fields });
  console.log(line);
  logFile?.write(`${line}\n`);
}

// Asks the stock and answers its status.
function ask(method, path) {
  return new Promise((resolve, reject) => {
    const options = { agent, host: stock.hostname, port: stock.port, method, path };
    const request = http.request(options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end();
  });
}

const front = express();
front.get('/items/:item', async (request, response) => {
  const status = await ask('GET', `/stock/${request.params.item}`);
  response.status(status).json({ item: request.params.item });
});
front.post('/orders/:item', async (request, response) => {
  const { item } = request.params;
  const answered = await ask('POST', `/reservations/${item}`);
  // What fails behind the shop is not the shop's own fault, nor the customer's.
  const status = answered >= 500 ? 502 : answered;
  const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info';
  log(level, status === 201 ? `ordered ${item}` : `no order of ${item}`, { item, status });
  response.status(status).json({ item, trace_id: trace.getActiveSpan()?.spanContext().traceId });
});
front.get('/health', (_request, response) => response.json({ open: true }));
front.get('/broken', () => {
  throw new Error('this page never worked');
});
// Express would print each error.
front.use((error, _request, response, _next) => {
  log('error', error.message, {});
  response.status(500).json({ error: 'broken' });
});

const server = front.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`open at http://${address}:${port}/`);
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  // Sends what is still held.
  tracing.shutdown().then(() => process.exit(0), (error) => {
    console.error(error);
    process.exit(1);
  });
});
