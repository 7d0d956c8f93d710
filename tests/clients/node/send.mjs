// Sends one rich set of traces, metrics and logs with the OpenTelemetry JavaScript SDK.
//
// All three protocols are the SDK's own exporters (the "-http" packages speak JSON). What the telemetry has to contain is
// listed in ../README.md. This SDK has no exemplars, no attributes on the scopes of tracers and meters, and sends a number
// without a fraction as an integer.

import { parseArgs } from 'node:util';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, ValueType, createTraceState, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { AggregationTemporality, AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const PACKAGE_ENDINGS = { grpc: 'grpc', 'http/protobuf': 'proto', 'http/json': 'http' };
const SCOPE_SCHEMA_URL = 'https://opentelemetry.io/schemas/1.29.0';
const SCOPE_ATTRIBUTES = { 'scope.text': 'client', 'scope.number': 7, 'scope.list': ['a', 'b'] };
const EVERY_ATTRIBUTE_TYPE = {
  text: 'plain',
  'text.empty': '',
  'text.unicode': 'Füße 水 🏞 \u0000\u001f"\\/\u2028',
  'text.long': '0123456789abcdef'.repeat(1250),
  'bool.true': true,
  'bool.false': false,
  'int.zero': 0,
  'int.largest_safe': Number.MAX_SAFE_INTEGER,
  'int.smallest_safe': Number.MIN_SAFE_INTEGER,
  double: 0.1,
  'double.tiny': 5e-324,
  'double.nan': NaN,
  'double.infinite': Infinity,
  'double.minus_infinite': -Infinity,
  'list.text': ['', 'b', '水'],
  'list.bool': [true, false],
  'list.int': [0, -1, 2 ** 40],
  'list.double': [0.5, 1.5],
  'list.empty': [],
};
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const NESTED = {
  text: 'inner',
  bytes: EVERY_BYTE,
  nothing: null,
  list: [1, 'two', 3.5, true, null, Uint8Array.of(0, 255), [[], {}], { deep: { deeper: ['deepest'] } }],
  'map.empty': {},
};

const { values: options } = parseArgs({
  options: {
    endpoint: { type: 'string' },
    protocol: { type: 'string' },
    'run-id': { type: 'string' },
    compression: { type: 'string', default: 'none' },
  },
});
if (!options.endpoint || !options['run-id'] || !(options.protocol in PACKAGE_ENDINGS)) {
  throw new Error('usage: send.mjs --endpoint URL --protocol grpc|http/protobuf|http/json --run-id ID [--compression gzip]');
}
let failedExports = 0;
await main();
process.exitCode = failedExports === 0 ? 0 : 1;

async function main() {
  const resource = defaultResource().merge(
    resourceFromAttributes(
      {
        'service.name': 'node-client',
        'test.run.id': options['run-id'],
        'resource.bool': true,
        'resource.int': -42,
        'resource.double': 2.5,
        'resource.list': ['x', 'y', ''],
      },
      { schemaUrl: 'https://opentelemetry.io/schemas/1.30.0' },
    ),
  );
  const tracerProvider = new TracerProvider({
    resource,
    spanLimits: { attributeCountLimit: 64, eventCountLimit: 4, linkCountLimit: 3 },
    spanProcessors: [new BatchSpanProcessor({ exporter: await newExporter('trace', 'OTLPTraceExporter') })],
  });
  const meterProvider = await newMeterProvider(resource);
  const loggerProvider = new LoggerProvider({
    resource,
    logRecordLimits: { attributeCountLimit: 64 },
    processors: [new BatchLogRecordProcessor({ exporter: await newExporter('logs', 'OTLPLogExporter') })],
  });

  const tracer = tracerProvider.getTracer('client.traces', '1.2.3', { schemaUrl: SCOPE_SCHEMA_URL });
  sendSpans(tracer);
  tracerProvider.getTracer('client.bare').startSpan('from a scope with a name only').end();
  await sendMetrics(meterProvider);
  sendLogs(tracer, loggerProvider);
  for (const provider of [tracerProvider, meterProvider, loggerProvider]) {
    await provider.forceFlush();
    await provider.shutdown();
  }
}

async function newExporter(signal, className, moreOptions = {}) {
  const exporters = await import(`@opentelemetry/exporter-${signal === 'metric' ? 'metrics' : signal}-otlp-${PACKAGE_ENDINGS[options.protocol]}`);
  const path = { trace: '/v1/traces', metric: '/v1/metrics', logs: '/v1/logs' }[signal];
  const exporter = new exporters[className]({
    url: options.protocol === 'grpc' ? options.endpoint : options.endpoint + path,
    compression: options.compression,
    ...moreOptions,
  });
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, result => {
      if (result.code !== 0) {
        failedExports += 1;
        console.error(`export of ${signal} failed:`, result.error);
      }
      done(result);
    });
  return exporter;
}

// One provider with two readers: the same measurements leave as cumulative and as delta streams.
async function newMeterProvider(resource) {
  const readers = [];
  for (const temporalityPreference of [AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA]) {
    const exporter = await newExporter('metric', 'OTLPMetricExporter', { temporalityPreference });
    readers.push(new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 }));
  }
  return new MeterProvider({
    resource,
    readers,
    views: [
      {
        instrumentName: 'client.histogram',
        aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [0, 0.5, 10, 1000] } },
      },
      {
        instrumentName: 'client.exponential_histogram',
        aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 40 } },
      },
    ],
  });
}

function sendSpans(tracer) {
  const remoteParent = {
    traceId: '0102030405060708090a0b0c0d0e0f10',
    spanId: '00000000000000ff',
    isRemote: true,
    traceFlags: TraceFlags.SAMPLED,
    traceState: createTraceState('vendor=value-1,other=t61rcWkgMzE'),
  };
  const remoteContext = trace.setSpanContext(ROOT_CONTEXT, remoteParent);
  const server = tracer.startSpan(
    'every attribute type',
    {
      kind: SpanKind.SERVER,
      attributes: EVERY_ATTRIBUTE_TYPE,
      links: [
        { context: remoteParent, attributes: { 'link.text': 'first', 'link.list': [1, 2] } },
        { context: { traceId: '1'.padStart(32, '0'), spanId: '2'.padStart(16, '0'), traceFlags: TraceFlags.NONE } },
      ],
    },
    remoteContext,
  );
  server.addEvent('event without attributes');
  server.addEvent('event with attributes', EVERY_ATTRIBUTE_TYPE, [1_700_000_000, 123_456_789]);
  server.setStatus({ code: SpanStatusCode.OK });
  const serverContext = trace.setSpan(ROOT_CONTEXT, server);
  for (const kind of [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER]) {
    tracer.startSpan(`child of kind ${SpanKind[kind]}`, { kind }, serverContext).end();
  }
  const failing = tracer.startSpan('failing', {}, serverContext);
  failing.recordException(new TypeError('it did not work: ü'));
  failing.setStatus({ code: SpanStatusCode.ERROR, message: 'it did not work: ü' });
  failing.end();
  const overLimits = tracer.startSpan('more than the limits allow', { links: Array(5).fill({ context: remoteParent }) }, serverContext);
  overLimits.setAttributes(manyAttributes());
  for (let number = 0; number < 9; number += 1) {
    overLimits.addEvent(`event ${number}`);
  }
  overLimits.end();
  tracer.startSpan('', { root: true, startTime: [0, 1] }).end([4_000_000_000, 999_999_999]);
  server.end();
}

async function sendMetrics(meterProvider) {
  const meter = meterProvider.getMeter('client.metrics', '1.2.3', { schemaUrl: SCOPE_SCHEMA_URL });
  const int = ValueType.INT;
  meter.createObservableCounter('client.observable_counter', { unit: 's', valueType: int }).addCallback(result => {
    result.observe(2 ** 40, { cpu: 0 });
    result.observe(0, { cpu: 1 });
  });
  meter.createObservableUpDownCounter('client.observable_up_down_counter').addCallback(result => result.observe(-2.5));
  meter.createObservableGauge('client.observable_gauge').addCallback(result => result.observe(0, { 水: '水' }));
  const counter = meter.createCounter('client.counter', { unit: '{request}', description: 'Requests: ünïcode', valueType: int });
  const doubleCounter = meter.createCounter('client.double_counter', { unit: 's' });
  const upDownCounter = meter.createUpDownCounter('client.up_down_counter', { valueType: int });
  const gauge = meter.createGauge('client.gauge', { unit: 'Cel' });
  const histogram = meter.createHistogram('client.histogram', { unit: 'ms', description: 'explicit bounds' });
  const exponentialHistogram = meter.createHistogram('client.exponential_histogram', { unit: 'By' });

  for (let round = 0; round < 2; round += 1) {
    counter.add(5, { route: '/a', 'text.empty': '' });
    counter.add(0, { route: '/b', list: ['x', 'y'] });
    doubleCounter.add(0.25);
    upDownCounter.add(-7, { route: '/a' });
    gauge.record(-273.15, { bool: true });
    gauge.record(0, { bool: false });
    for (const value of [0, 0.3, 7, 999, 1e9]) {
      histogram.record(value, { route: '/a' });
    }
    for (const value of [0, 0.001, 1, 3, 1024, 1e12]) {
      exponentialHistogram.record(value, { route: '/a' });
    }
    await meterProvider.forceFlush();
  }
}

function sendLogs(tracer, loggerProvider) {
  const logger = loggerProvider.getLogger('client.logs', '1.2.3', { schemaUrl: SCOPE_SCHEMA_URL, attributes: SCOPE_ATTRIBUTES });
  for (let severityNumber = SeverityNumber.TRACE; severityNumber <= SeverityNumber.FATAL4; severityNumber += 1) {
    logger.emit({
      timestamp: [1_700_000_000, severityNumber],
      observedTimestamp: [1_700_000_001, 1],
      severityNumber,
      severityText: `own word for ${SeverityNumber[severityNumber]}`,
      body: `severity ${severityNumber}`,
    });
  }
  const span = tracer.startSpan('span behind the logs', { root: true });
  const context = trace.setSpan(ROOT_CONTEXT, span);
  logger.emit({ context, body: 'in a trace', attributes: { ...EVERY_ATTRIBUTE_TYPE, nested: NESTED } });
  logger.emit({ context, body: 'an event', eventName: 'client.event', attributes: { bytes: new Uint8Array(), 'list.empty': [] } });
  span.end();
  const bodies = ['', 'ünï 水 \n', true, Number.MAX_SAFE_INTEGER, -0.5, Uint8Array.of(0, 1, 254, 255), [], [1, [Uint8Array.of(50), [3, ['4']]]], {}, NESTED];
  for (const body of bodies) {
    logger.emit({ body, severityNumber: SeverityNumber.INFO });
  }
  logger.emit({ attributes: { no: 'body' } });
  logger.emit({ body: 'more than the limits allow', attributes: manyAttributes() });
}

function manyAttributes() {
  return Object.fromEntries(Array.from({ length: 70 }, (_, number) => [`key${number}`, number]));
}
