import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What the client sends. */
final class Telemetry {
  private static final String SCHEMA_URL = "https://opentelemetry.io/schemas/1.29.0";
  private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("route");
  private static final Value<?> NESTED =
      Value.of(
          KeyValue.of("text", Value.of("inner")),
          KeyValue.of("bytes", Value.of(everyByte())),
          KeyValue.of("nothing", Value.empty()),
          KeyValue.of(
              "list",
              Value.of(
                  Value.of(1),
                  Value.of("two"),
                  Value.of(3.0),
                  Value.of(true),
                  Value.empty(),
                  Value.of(new byte[] {0, -1}),
                  Value.of(Value.of(new Value<?>[0]), Value.of(new KeyValue[0])),
                  Value.of(KeyValue.of("deep", Value.of(KeyValue.of("deeper", Value.of("deepest"))))))),
          KeyValue.of("map.empty", Value.of(new KeyValue[0])));
  private static final Attributes EVERY_ATTRIBUTE_TYPE =
      Attributes.builder()
          .put("text", "plain")
          .put("text.empty", "")
          .put("text.unicode", "Füße 水 🏞 \u0000\u001f\"\\/\u2028")
          .put("text.long", "0123456789abcdef".repeat(1250))
          .put("bool.true", true)
          .put("bool.false", false)
          .put("int.zero", 0)
          .put("int.largest", Long.MAX_VALUE)
          .put("int.smallest", Long.MIN_VALUE)
          .put("double", 0.1)
          .put("double.zero", 0.0)
          .put("double.negative_zero", -0.0)
          .put("double.tiny", Double.MIN_VALUE)
          .put("double.huge", Double.MAX_VALUE)
          .put("double.nan", Double.NaN)
          .put("double.infinite", Double.POSITIVE_INFINITY)
          .put("double.minus_infinite", Double.NEGATIVE_INFINITY)
          .put(AttributeKey.stringArrayKey("list.text"), List.of("", "b", "水"))
          .put(AttributeKey.booleanArrayKey("list.bool"), List.of(true, false))
          .put(AttributeKey.longArrayKey("list.int"), List.of(0L, -1L, (1L << 53) + 1))
          .put(AttributeKey.doubleArrayKey("list.double"), List.of(0.0, 1.5))
          .put(AttributeKey.stringArrayKey("list.empty"), List.of())
          .put(AttributeKey.valueKey("bytes"), Value.of(everyByte()))
          .put(AttributeKey.valueKey("nested"), NESTED)
          .build();

  private Telemetry() {}

  static void sendSpans(SdkTracerProvider provider) {
    Tracer tracer = newTracer(provider);
    TraceState traceState = TraceState.builder().put("other", "t61rcWkgMzE").put("vendor", "value-1").build();
    SpanContext remoteParent =
        SpanContext.createFromRemoteParent(
            "0102030405060708090a0b0c0d0e0f10", "00000000000000ff", TraceFlags.getSampled(), traceState);
    SpanContext other =
        SpanContext.create("0".repeat(31) + "1", "0".repeat(15) + "2", TraceFlags.getDefault(), TraceState.getDefault());
    Attributes linkAttributes =
        Attributes.of(
            AttributeKey.stringKey("link.text"), "first", AttributeKey.longArrayKey("link.list"), List.of(1L, 2L));
    Span server =
        tracer
            .spanBuilder("every attribute type")
            .setParent(Context.root().with(Span.wrap(remoteParent)))
            .setSpanKind(SpanKind.SERVER)
            .setAllAttributes(EVERY_ATTRIBUTE_TYPE)
            .addLink(remoteParent, linkAttributes)
            .addLink(other)
            .startSpan();
    server.addEvent("event without attributes");
    server.addEvent("event with attributes", EVERY_ATTRIBUTE_TYPE, 1_700_000_000_123_456_789L, TimeUnit.NANOSECONDS);
    server.setStatus(StatusCode.OK);
    Context serverContext = Context.root().with(server);
    for (SpanKind kind : SpanKind.values()) {
      tracer.spanBuilder("child of kind " + kind).setParent(serverContext).setSpanKind(kind).startSpan().end();
    }
    Span failing = tracer.spanBuilder("failing").setParent(serverContext).startSpan();
    failing.recordException(new IllegalStateException("it did not work: ü"));
    failing.setStatus(StatusCode.ERROR, "it did not work: ü");
    failing.end();
    var overLimitsBuilder = tracer.spanBuilder("more than the limits allow").setParent(serverContext);
    for (int number = 0; number < 5; number++) {
      overLimitsBuilder.addLink(remoteParent);
    }
    Span overLimits = overLimitsBuilder.startSpan().setAllAttributes(manyAttributes());
    for (int number = 0; number < 9; number++) {
      overLimits.addEvent("event " + number);
    }
    overLimits.end();
    tracer.spanBuilder("").setNoParent().setStartTimestamp(1, TimeUnit.NANOSECONDS).startSpan().end(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    server.end();
    provider.get("client.bare").spanBuilder("from a scope with a name only").startSpan().end();
  }

  static void sendMetrics(SdkTracerProvider tracers, SdkMeterProvider provider) {
    Meter meter = provider.meterBuilder("client.metrics").setInstrumentationVersion("1.2.3").setSchemaUrl(SCHEMA_URL).build();
    AttributeKey<Long> cpu = AttributeKey.longKey("cpu");
    meter
        .counterBuilder("client.observable_counter")
        .setUnit("s")
        .buildWithCallback(
            measurement -> {
              measurement.record(1L << 40, Attributes.of(cpu, 0L));
              measurement.record(0, Attributes.of(cpu, 1L));
            });
    meter.upDownCounterBuilder("client.observable_up_down_counter").ofDoubles().buildWithCallback(m -> m.record(-2.5));
    meter
        .gaugeBuilder("client.observable_gauge")
        .buildWithCallback(measurement -> measurement.record(0, Attributes.of(AttributeKey.stringKey("水"), "水")));
    var counter = meter.counterBuilder("client.counter").setUnit("{request}").setDescription("Requests: ünïcode").build();
    var doubleCounter = meter.counterBuilder("client.double_counter").ofDoubles().setUnit("s").build();
    var upDownCounter = meter.upDownCounterBuilder("client.up_down_counter").build();
    var gauge = meter.gaugeBuilder("client.gauge").setUnit("Cel").build();
    var histogram = meter.histogramBuilder("client.histogram").setUnit("ms").setDescription("explicit bounds").build();
    var exponentialHistogram = meter.histogramBuilder("client.exponential_histogram").setUnit("By").build();

    Attributes routeA = Attributes.of(ROUTE, "/a");
    Attributes withUser = routeA.toBuilder().put("user", "kept by the exemplar only").build();
    for (int round = 0; round < 2; round++) {
      Span span = newTracer(tracers).spanBuilder("span behind the exemplars").startSpan();
      try (Scope scope = span.makeCurrent()) {
        counter.add(5, routeA.toBuilder().put("text.empty", "").build());
        counter.add(0, Attributes.of(AttributeKey.stringArrayKey("list"), List.of("x", "y")));
        doubleCounter.add(0.25);
        upDownCounter.add(-7, routeA);
        gauge.set(-273.15, Attributes.of(AttributeKey.booleanKey("bool"), true));
        gauge.set(0, Attributes.of(AttributeKey.booleanKey("bool"), false));
        for (double value : new double[] {0, 0.3, 7, 999, 1e9}) {
          histogram.record(value, withUser);
        }
        for (double value : new double[] {0, 0.001, 1, 3, 1024, 1e12}) {
          exponentialHistogram.record(value, routeA);
        }
      }
      span.end();
      histogram.record(4, Attributes.of(ROUTE, "/outside any span"));
      Send.succeed(provider.forceFlush());
    }
  }

  static void sendLogs(SdkTracerProvider tracers, SdkLoggerProvider provider) {
    Logger logger = provider.loggerBuilder("client.logs").setInstrumentationVersion("1.2.3").setSchemaUrl(SCHEMA_URL).build();
    for (Severity severity : Severity.values()) {
      logger
          .logRecordBuilder()
          .setTimestamp(1_700_000_000_000_000_000L + severity.getSeverityNumber(), TimeUnit.NANOSECONDS)
          .setObservedTimestamp(Instant.ofEpochSecond(1_700_000_001, 1))
          .setSeverity(severity)
          .setSeverityText("own word for " + severity)
          .setBody("severity " + severity.getSeverityNumber())
          .emit();
    }
    Span span = newTracer(tracers).spanBuilder("span behind the logs").startSpan();
    Context context = Context.root().with(span);
    logger.logRecordBuilder().setContext(context).setBody("in a trace").setAllAttributes(EVERY_ATTRIBUTE_TYPE).emit();
    logger
        .logRecordBuilder()
        .setContext(context)
        .setEventName("client.event")
        .setAttribute(AttributeKey.valueKey("bytes"), Value.of(new byte[0]))
        .emit();
    span.end();
    Value<?> deepList = Value.of(Value.of(1), Value.of(Value.of(new byte[] {'4'})));
    List<Value<?>> bodies =
        List.of(
            Value.of(""), Value.of("ünï 水 \n"), Value.of(true), Value.of((1L << 53) + 1), Value.of(-0.5),
            Value.of(new byte[] {0, 1, -2, -1}), Value.of(new Value<?>[0]), deepList, Value.of(new KeyValue[0]), NESTED);
    for (Value<?> body : bodies) {
      logger.logRecordBuilder().setSeverity(Severity.INFO).setBody(body).emit();
    }
    logger.logRecordBuilder().setAttribute(AttributeKey.stringKey("no"), "body").emit();
    logger.logRecordBuilder().setBody("more than the limits allow").setAllAttributes(manyAttributes()).emit();
  }

  private static Tracer newTracer(SdkTracerProvider provider) {
    return provider.tracerBuilder("client.traces").setInstrumentationVersion("1.2.3").setSchemaUrl(SCHEMA_URL).build();
  }

  private static Attributes manyAttributes() {
    AttributesBuilder attributes = Attributes.builder();
    for (int number = 0; number < 70; number++) {
      attributes.put("key" + number, number);
    }
    return attributes.build();
  }

  private static byte[] everyByte() {
    byte[] bytes = new byte[256];
    for (int index = 0; index < bytes.length; index++) {
      bytes[index] = (byte) index;
    }
    return bytes;
  }
}
