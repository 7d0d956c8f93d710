"""Sends one rich set of traces, metrics and logs with the OpenTelemetry Python SDK.

All three protocols are the SDK's own exporters. What the telemetry has to contain is listed in ../README.md.
"""

import argparse
import importlib
import math
import sys

from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.metrics import Observation
from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider, TraceBasedExemplarFilter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

EXPORTER_PACKAGES = {
    "grpc": "opentelemetry.exporter.otlp.proto.grpc",
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http",
    "http/json": "opentelemetry.exporter.otlp.json.http",
}
SCHEMA_URL = "https://opentelemetry.io/schemas/1.30.0"
SCOPE = (
    "1.2.3",
    "https://opentelemetry.io/schemas/1.29.0",
    {"scope.text": "client", "scope.number": 7, "scope.list": ["a", "b"]},
)
EVERY_ATTRIBUTE_TYPE = {
    "text": "plain",
    "text.empty": "",
    "text.unicode": "Füße 水 🏞 \u0000\u001f\"\\/\u2028",
    "text.long": "0123456789abcdef" * 1250,
    "bool.true": True,
    "bool.false": False,
    "int.zero": 0,
    "int.largest": 2**63 - 1,
    "int.smallest": -(2**63),
    "double": 0.1,
    "double.zero": 0.0,
    "double.negative_zero": -0.0,
    "double.whole": 3.0,
    "double.tiny": 5e-324,
    "double.huge": 1.7976931348623157e308,
    "list.text": ["", "b", "水"],
    "list.bool": [True, False],
    "list.int": [0, -1, 2**53 + 1],
    "list.double": [0.0, 1.5],
    "list.empty": [],
}
# Values that OTLP/JSON has to write as words; the protobuf protocols carry them as they are.
NOT_FINITE = {"double.nan": math.nan, "double.infinite": math.inf, "double.minus_infinite": -math.inf}
NESTED = {
    "text": "inner",
    "bytes": bytes(range(256)),
    "nothing": None,
    "list": [1, "two", 3.0, True, None, b"\x00\xff", [[], {}], {"deep": {"deeper": ["deepest"]}}],
    "map.empty": {},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True, help="base URL, such as http://127.0.0.1:4317")
    parser.add_argument("--protocol", required=True, choices=EXPORTER_PACKAGES)
    parser.add_argument("--run-id", required=True, help="put into the resource of everything sent")
    parser.add_argument("--compression", default="none", choices=["none", "gzip"])
    arguments = parser.parse_args()

    resource = Resource.create(
        {
            "service.name": "python-client",
            "test.run.id": arguments.run_id,
            "resource.bool": True,
            "resource.int": -42,
            "resource.double": 2.5,
            "resource.list": ["x", "y", ""],
        },
        SCHEMA_URL,
    )
    exporters = Exporters(arguments)
    tracer_provider = TracerProvider(
        resource=resource, span_limits=SpanLimits(max_span_attributes=64, max_events=4, max_links=3)
    )
    tracer_provider.add_span_processor(BatchSpanProcessor(exporters.span()))
    meter_provider = new_meter_provider(resource, exporters)
    logger_provider = LoggerProvider(resource=resource, log_record_limits=LogRecordLimits(max_attributes=64))
    logger_provider.add_log_record_processor(BatchLogRecordProcessor(exporters.log()))

    tracer = tracer_provider.get_tracer("client.traces", *SCOPE)
    meter = meter_provider.get_meter("client.metrics", *SCOPE)
    logger = logger_provider.get_logger("client.logs", *SCOPE)
    send_spans(tracer)
    tracer_provider.get_tracer("client.bare").start_span("from a scope with a name only").end()
    send_metrics(tracer, meter, meter_provider)
    send_logs(tracer, logger)

    for provider in (tracer_provider, meter_provider, logger_provider):
        provider.force_flush()
        provider.shutdown()
    return 1 if exporters.failed else 0


class Exporters:
    """Makes the exporters of one protocol and notices each export that fails."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.package = EXPORTER_PACKAGES[arguments.protocol]
        self.failed = False

    def span(self):
        return self._new("trace_exporter", "OTLPSpanExporter", "traces")

    def metric(self, temporality: AggregationTemporality):
        instruments = (
            sdk_metrics.Counter,
            sdk_metrics.UpDownCounter,
            sdk_metrics.Histogram,
            sdk_metrics.ObservableCounter,
            sdk_metrics.ObservableUpDownCounter,
        )
        return self._new(
            "metric_exporter",
            "OTLPMetricExporter",
            "metrics",
            preferred_temporality={instrument: temporality for instrument in instruments},
        )

    def log(self):
        return self._new("_log_exporter", "OTLPLogExporter", "logs")

    def _new(self, module: str, class_name: str, signal: str, **options):
        exporter_class = getattr(importlib.import_module(f"{self.package}.{module}"), class_name)
        if self.arguments.protocol == "grpc":
            from grpc import Compression

            options["insecure"] = True
            options["endpoint"] = self.arguments.endpoint
            options["compression"] = (
                Compression.Gzip if self.arguments.compression == "gzip" else Compression.NoCompression
            )
        else:
            compression = sys.modules[exporter_class.__module__].Compression
            options["endpoint"] = f"{self.arguments.endpoint}/v1/{signal}"
            options["compression"] = compression(self.arguments.compression)
        exporter = exporter_class(**options)
        export = exporter.export

        def export_and_notice_failure(*positional, **named):
            result = export(*positional, **named)
            self.failed = self.failed or result.name != "SUCCESS"
            return result

        exporter.export = export_and_notice_failure
        return exporter


def new_meter_provider(resource: Resource, exporters: Exporters) -> MeterProvider:
    """One provider with two readers: the same measurements leave as cumulative and as delta streams."""
    never_by_itself = math.inf
    return MeterProvider(
        resource=resource,
        metric_readers=[
            PeriodicExportingMetricReader(exporters.metric(temporality), export_interval_millis=never_by_itself)
            for temporality in (AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA)
        ],
        exemplar_filter=TraceBasedExemplarFilter(),
        views=[
            View(
                instrument_name="client.histogram",
                aggregation=ExplicitBucketHistogramAggregation(boundaries=[0.0, 0.5, 10.0, 1000.0]),
                # The attribute left out of the stream is the one an exemplar has to carry.
                attribute_keys={"route"},
            ),
            View(
                instrument_name="client.exponential_histogram",
                aggregation=ExponentialBucketHistogramAggregation(max_size=40),
            ),
        ],
    )


def send_spans(tracer: trace.Tracer) -> None:
    trace_state = TraceState([("vendor", "value-1"), ("other", "t61rcWkgMzE")])
    remote_parent = SpanContext(
        trace_id=0x0102030405060708090A0B0C0D0E0F10,
        span_id=0x00000000000000FF,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=trace_state,
    )
    context = trace.set_span_in_context(NonRecordingSpan(remote_parent))
    with tracer.start_as_current_span(
        "every attribute type",
        context=context,
        kind=SpanKind.SERVER,
        attributes=EVERY_ATTRIBUTE_TYPE | NOT_FINITE | {"nested": NESTED, "bytes": b"\x00\xff"},
        links=[
            Link(remote_parent, {"link.text": "first", "link.list": [1, 2]}),
            Link(SpanContext(trace_id=1, span_id=2, is_remote=False)),
        ],
    ) as server:
        server.add_event("event without attributes")
        server.add_event("event with attributes", EVERY_ATTRIBUTE_TYPE, timestamp=1_700_000_000_123_456_789)
        server.set_status(Status(StatusCode.OK))
        for kind in (SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER):
            with tracer.start_as_current_span(f"child of kind {kind.name.lower()}", kind=kind):
                pass
        try:
            with tracer.start_as_current_span("failing"):
                raise ValueError("it did not work: ü")
        except ValueError:
            pass
        with tracer.start_as_current_span(
            "more than the limits allow", links=[Link(remote_parent)] * 5, attributes={f"key{n}": n for n in range(70)}
        ) as over_limits:
            for number in range(9):
                over_limits.add_event(f"event {number}")
    tracer.start_span("", start_time=1, attributes={}).end(end_time=2**63 - 1)


def send_metrics(tracer: trace.Tracer, meter, meter_provider: MeterProvider) -> None:
    meter.create_observable_counter(
        "client.observable_counter", [lambda _: [Observation(2**40, {"cpu": 0}), Observation(0, {"cpu": 1})]], "s"
    )
    meter.create_observable_up_down_counter("client.observable_up_down_counter", [lambda _: [Observation(-2.5)]])
    meter.create_observable_gauge("client.observable_gauge", [lambda _: [Observation(0.0, {"水": "水"})]])
    counter = meter.create_counter("client.counter", unit="{request}", description="Requests: ünïcode")
    double_counter = meter.create_counter("client.double_counter", unit="s")
    up_down_counter = meter.create_up_down_counter("client.up_down_counter")
    gauge = meter.create_gauge("client.gauge", unit="Cel")
    histogram = meter.create_histogram("client.histogram", unit="ms", description="explicit bounds")
    exponential_histogram = meter.create_histogram("client.exponential_histogram", unit="By")

    for _round in range(2):
        with tracer.start_as_current_span("span behind the exemplars"):
            counter.add(5, {"route": "/a", "text.empty": ""})
            counter.add(0, {"route": "/b", "list": ["x", "y"]})
            double_counter.add(0.25)
            up_down_counter.add(-7, {"route": "/a"})
            gauge.set(-273.15, {"bool": True})
            gauge.set(0, {"bool": False})
            for value in (0.0, 0.3, 7.0, 999.0, 1e9):
                histogram.record(value, {"route": "/a", "user": "kept by the exemplar only"})
            for value in (0, 0.001, 1, 3, 1024, 1e12):
                exponential_histogram.record(value, {"route": "/a"})
        histogram.record(4, {"route": "/outside any span"})
        meter_provider.force_flush()


def send_logs(tracer: trace.Tracer, logger) -> None:
    for severity in SeverityNumber:
        logger.emit(
            timestamp=1_700_000_000_000_000_000 + severity.value,
            observed_timestamp=1_700_000_001_000_000_001,
            severity_number=severity,
            severity_text=f"own word for {severity.name}",
            body=f"severity {severity.value}",
        )
    with tracer.start_as_current_span("span behind the logs"):
        logger.emit(body="in a trace", attributes=EVERY_ATTRIBUTE_TYPE | NOT_FINITE | {"nested": NESTED})
        logger.emit(body="an event", event_name="client.event", attributes={"bytes": b"", "list.empty": []})
    for body in ("", "ünï 水 \n", True, 2**53 + 1, -0.5, b"\x00\x01\xfe\xff", [], [1, [b"2", [3, ["4"]]]], {}, NESTED):
        logger.emit(body=body, severity_number=SeverityNumber.INFO)
    logger.emit(attributes={"no": "body"})
    logger.emit(body="more than the limits allow", attributes={f"key{n}": n for n in range(70)})


if __name__ == "__main__":
    sys.exit(main())
