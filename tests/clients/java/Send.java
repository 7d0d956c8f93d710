import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.LogLimits;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.ExemplarFilter;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.export.AggregationTemporalitySelector;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Sends one rich set of traces, metrics and logs with the OpenTelemetry Java SDK.
 *
 * <p>What the telemetry has to contain is listed in ../README.md. This SDK has OTLP over gRPC and HTTP/protobuf; it has no
 * exporter for HTTP/JSON and no attributes on scopes.
 */
final class Send {
  private final String endpoint;
  private final boolean overGrpc;
  private final String compression;

  public static void main(String[] arguments) {
    Map<String, String> options = new HashMap<>(Map.of("--compression", "none"));
    for (int position = 0; position + 1 < arguments.length; position += 2) {
      options.put(arguments[position], arguments[position + 1]);
    }
    String protocol = options.get("--protocol");
    if (!List.of("grpc", "http/protobuf").contains(String.valueOf(protocol))) {
      throw new IllegalArgumentException("the Java SDK has no exporter for protocol " + protocol);
    }
    new Send(options.get("--endpoint"), protocol.equals("grpc"), options.get("--compression")).run(options.get("--run-id"));
  }

  private Send(String endpoint, boolean overGrpc, String compression) {
    this.endpoint = endpoint;
    this.overGrpc = overGrpc;
    this.compression = compression;
  }

  private void run(String runId) {
    Resource resource =
        Resource.getDefault()
            .merge(
                Resource.create(
                    Attributes.builder()
                        .put("service.name", "java-client")
                        .put("test.run.id", runId)
                        .put("resource.bool", true)
                        .put("resource.int", -42)
                        .put("resource.double", 2.5)
                        .put(AttributeKey.stringArrayKey("resource.list"), List.of("x", "y", ""))
                        .build(),
                    "https://opentelemetry.io/schemas/1.30.0"));
    SdkTracerProvider tracerProvider =
        SdkTracerProvider.builder()
            .setResource(resource)
            .setSpanLimits(
                SpanLimits.builder().setMaxNumberOfAttributes(64).setMaxNumberOfEvents(4).setMaxNumberOfLinks(3).build())
            .addSpanProcessor(BatchSpanProcessor.builder(newSpanExporter()).build())
            .build();
    SdkMeterProvider meterProvider = newMeterProvider(resource);
    SdkLoggerProvider loggerProvider =
        SdkLoggerProvider.builder()
            .setResource(resource)
            .setLogLimits(() -> LogLimits.builder().setMaxNumberOfAttributes(64).build())
            .addLogRecordProcessor(BatchLogRecordProcessor.builder(newLogRecordExporter()).build())
            .build();

    Telemetry.sendSpans(tracerProvider);
    Telemetry.sendMetrics(tracerProvider, meterProvider);
    Telemetry.sendLogs(tracerProvider, loggerProvider);
    succeed(tracerProvider.forceFlush());
    succeed(meterProvider.forceFlush());
    succeed(loggerProvider.forceFlush());
    succeed(tracerProvider.shutdown());
    succeed(meterProvider.shutdown());
    succeed(loggerProvider.shutdown());
  }

  static void succeed(CompletableResultCode result) {
    if (!result.join(30, TimeUnit.SECONDS).isSuccess()) {
      throw new IllegalStateException("an export failed", result.getFailureThrowable());
    }
  }

  /** One provider with two readers: the same measurements leave as cumulative and as delta streams. */
  private SdkMeterProvider newMeterProvider(Resource resource) {
    var provider =
        SdkMeterProvider.builder()
            .setResource(resource)
            .setExemplarFilter(ExemplarFilter.traceBased())
            .registerView(
                InstrumentSelector.builder().setName("client.histogram").build(),
                View.builder()
                    .setAggregation(Aggregation.explicitBucketHistogram(List.of(0.0, 0.5, 10.0, 1000.0)))
                    // The attribute left out of the stream is the one an exemplar has to carry.
                    .setAttributeFilter(Set.of("route"))
                    .build())
            .registerView(
                InstrumentSelector.builder().setName("client.exponential_histogram").build(),
                View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram(40, 20)).build());
    for (AggregationTemporality temporality : AggregationTemporality.values()) {
      provider.registerMetricReader(
          PeriodicMetricReader.builder(newMetricExporter(instrument -> temporality)).setInterval(Duration.ofHours(1)).build());
    }
    return provider.build();
  }

  private SpanExporter newSpanExporter() {
    return overGrpc
        ? OtlpGrpcSpanExporter.builder().setEndpoint(endpoint).setCompression(compression).build()
        : OtlpHttpSpanExporter.builder().setEndpoint(endpoint + "/v1/traces").setCompression(compression).build();
  }

  private MetricExporter newMetricExporter(AggregationTemporalitySelector temporality) {
    return overGrpc
        ? OtlpGrpcMetricExporter.builder()
            .setEndpoint(endpoint)
            .setCompression(compression)
            .setAggregationTemporalitySelector(temporality)
            .build()
        : OtlpHttpMetricExporter.builder()
            .setEndpoint(endpoint + "/v1/metrics")
            .setCompression(compression)
            .setAggregationTemporalitySelector(temporality)
            .build();
  }

  private LogRecordExporter newLogRecordExporter() {
    return overGrpc
        ? OtlpGrpcLogRecordExporter.builder().setEndpoint(endpoint).setCompression(compression).build()
        : OtlpHttpLogRecordExporter.builder().setEndpoint(endpoint + "/v1/logs").setCompression(compression).build();
  }
}
