// The front of the shop: answers customers, and asks the stock for items and reservations.
//
// It has no telemetry code but the SDK's start: the instrumentations of `http` and `express` make its spans, pass the trace
// on to the stock, and name the routes. PORT is where it listens (0 for any), STOCK where the stock does.
'use strict';

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
const http = require('node:http');

const agent = new http.Agent({ keepAlive: true });
const stock = new URL(process.env.STOCK);

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
  const status = await ask('POST', `/reservations/${request.params.item}`);
  // What fails behind the shop is not the shop's own fault, nor the customer's.
  response.status(status >= 500 ? 502 : status).json({ item: request.params.item });
});
front.get('/health', (_request, response) => response.json({ open: true }));
front.get('/broken', () => {
  throw new Error('this page never worked');
});
// Express would print each error.
front.use((_error, _request, response, _next) => response.status(500).json({ error: 'broken' }));

const server = front.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`open at http://127.0.0.1:${server.address().port}/`);
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
