"""A small web shop, instrumented with the OpenTelemetry SDK, that sends itself a light load.

It shows what an application needs in order to use Weir: the SDK's standard environment variables, of which one is enough
(OTEL_EXPORTER_OTLP_ENDPOINT). Each order makes a trace of three spans, counts in two metrics and writes a log record that
belongs to the trace. PORT is where the shop listens, ORDERS_PER_SECOND how much it orders from itself.
"""

import json
import logging
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import metrics, propagate, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

ITEMS = ("tea", "coffee", "sugar")


def start_telemetry():
    """Sets up the three signals; their exporters read OTEL_EXPORTER_OTLP_ENDPOINT. Returns what stops them."""
    os.environ.setdefault("OTEL_SERVICE_NAME", "sample-app")
    resource = Resource.create({"service.version": "1.0.0"})

    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=1000))
    trace.set_tracer_provider(traces)

    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=5000)
    measurements = MeterProvider(resource=resource, metric_readers=[reader])
    metrics.set_meter_provider(measurements)

    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=1000))
    set_logger_provider(logs)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("shop").addHandler(LoggingHandler(logger_provider=logs))
    return [traces.shutdown, measurements.shutdown, logs.shutdown]


class Shop(BaseHTTPRequestHandler):
    """Takes orders: GET /order/ITEM."""

    def do_GET(self):
        shop = self.server.shop
        parent = propagate.extract(self.headers)
        with shop.tracer.start_as_current_span("GET /order/{item}", context=parent, kind=SpanKind.SERVER) as span:
            started = time.monotonic()
            status, answer = shop.order(self.path.rpartition("/")[2])
            attributes = {"http.request.method": "GET", "http.route": "/order/{item}"}
            span.set_attributes({**attributes, "url.path": self.path, "http.response.status_code": status})
            shop.duration.record(time.monotonic() - started, {**attributes, "http.response.status_code": status})
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """The shop's own log has the orders."""


class Orders:
    """What the shop does, and its instruments."""

    def __init__(self):
        self.tracer = trace.get_tracer("shop", "1.0.0")
        meter = metrics.get_meter("shop", "1.0.0")
        self.orders = meter.create_counter("shop.orders", unit="{order}", description="Orders taken")
        self.duration = meter.create_histogram(
            "http.server.request.duration", unit="s", description="Duration of HTTP server requests"
        )
        self.log = logging.getLogger("shop")

    def order(self, item):
        with self.tracer.start_as_current_span("check stock", attributes={"shop.item": item}) as span:
            time.sleep(random.uniform(0.001, 0.02))
            if item not in ITEMS:
                span.set_status(Status(StatusCode.ERROR, "unknown item"))
                self.log.warning("no such item: %s", item, extra={"shop.item": item})
                return 404, {"error": f"no {item} here"}
        self.orders.add(1, {"shop.item": item})
        self.log.info("ordered %s", item, extra={"shop.item": item})
        return 200, {"ordered": item}


def order_now_and_then(url, per_second, stop):
    """The load: one order at a time, one in ten for something the shop does not have."""
    tracer = trace.get_tracer("customer", "1.0.0")
    while not stop.wait(1 / per_second):
        item = "moonlight" if random.random() < 0.1 else random.choice(ITEMS)
        with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT) as span:
            request = urllib.request.Request(f"{url}/order/{item}")
            carrier = {}
            propagate.inject(carrier)
            for name, value in carrier.items():
                request.add_header(name, value)
            try:
                urllib.request.urlopen(request, timeout=5).close()
            except urllib.error.HTTPError as error:
                span.set_attribute("http.response.status_code", error.code)
                span.set_status(Status(StatusCode.ERROR))
                error.close()


def main():
    stop_telemetry = start_telemetry()
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Shop)
    server.shop = Orders()
    port = server.server_address[1]
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"taking orders at http://localhost:{port}/order/tea", flush=True)

    order_now_and_then(f"http://localhost:{port}", float(os.environ.get("ORDERS_PER_SECOND", "2")), stop)
    server.shutdown()
    for stop_signal in stop_telemetry:
        stop_signal()


if __name__ == "__main__":
    main()
