"""The stock of the shop: knows what there is, in a database, and reserves items.

Instrumented by hand with the OpenTelemetry SDK: a server span for each request, within the trace that the front passes on, and
a client span for each query; a counter of reservations and a gauge of the pieces left; log records that belong to the trace.
HOST and PORT are where it listens (0 for any port). The SDK reads its standard environment variables, of which one is enough
(OTEL_EXPORTER_OTLP_ENDPOINT); OTEL_METRICS_EXPORTER and OTEL_LOGS_EXPORTER turn a signal off with `none`.
"""

import json
import logging
import os
import signal
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import metrics, propagate, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

# Moonlight is what nobody knows how to reserve, and pearls are what has to be looked for.
ITEMS = {"tea": 1000, "coffee": 1000, "pearls": 1000, "sugar": 0, "moonlight": None}
LOOKING_FOR_PEARLS = 0.4
DELIVERED_BELOW = 200

log = logging.getLogger("stock")


def start_telemetry():
    """Sets up the three signals and returns what stops them, which sends what is still held."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    tracing = TracerProvider()
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)
    stops = [tracing.shutdown]
    if os.environ.get("OTEL_METRICS_EXPORTER") != "none":
        measurements = MeterProvider(metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())])
        metrics.set_meter_provider(measurements)
        stops.append(measurements.shutdown)
    if os.environ.get("OTEL_LOGS_EXPORTER") != "none":
        logs = LoggerProvider()
        logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
        set_logger_provider(logs)
        log.addHandler(LoggingHandler(logger_provider=logs))
        stops.append(logs.shutdown)
    return stops


class Stock:
    """What there is."""

    def __init__(self):
        self.lock = threading.Lock()
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.database.execute("CREATE TABLE stock (item TEXT PRIMARY KEY, pieces INTEGER)")
        self.database.executemany("INSERT INTO stock VALUES (?, ?)", ITEMS.items())
        self.tracer = trace.get_tracer("stock", "1.0.0")
        meter = metrics.get_meter("stock", "1.0.0")
        self.reservations = meter.create_counter(
            "shop.reservations", unit="{reservation}", description="Reservations asked for, by item and outcome"
        )
        meter.create_observable_gauge(
            "shop.stock.pieces", [self.observe], unit="{piece}", description="Pieces left of each item"
        )

    def look_up(self, item):
        return 200 if self.pieces_of(item) else 404

    def reserve(self, item):
        status, outcome = self.try_to_reserve(item)
        self.reservations.add(1, {"shop.item": item, "shop.outcome": outcome})
        return status

    def try_to_reserve(self, item):
        rows = self.pieces_of(item)
        if not rows:
            return 404, "unknown"
        pieces = rows[0][0]
        if pieces is None:
            log.error("nobody knows how to reserve %s", item, extra={"shop.item": item})
            return 500, "failed"
        if pieces == 0:
            log.warning("no %s left", item, extra={"shop.item": item})
            return 409, "sold out"
        # Before it is empty the shelf is filled again.
        left = pieces - 1 if pieces > DELIVERED_BELOW else ITEMS[item]
        self.query("UPDATE stock SET pieces = ? WHERE item = ?", (left, item), "UPDATE")
        log.info("reserved %s, %d left", item, left, extra={"shop.item": item})
        return 201, "reserved"

    def pieces_of(self, item):
        """The rows about an item: one, or none."""
        if item == "pearls":
            with self.tracer.start_as_current_span("look for pearls"):
                time.sleep(LOOKING_FOR_PEARLS)
        return self.query("SELECT pieces FROM stock WHERE item = ?", (item,), "SELECT")

    def query(self, statement, values, operation):
        attributes = {"db.system.name": "sqlite", "db.namespace": "stock.db", "db.operation.name": operation}
        with self.tracer.start_as_current_span(f"{operation} stock", kind=SpanKind.CLIENT, attributes=attributes):
            with self.lock:
                return self.database.execute(statement, values).fetchall()

    def observe(self, _options):
        with self.lock:
            rows = self.database.execute("SELECT item, pieces FROM stock WHERE pieces IS NOT NULL").fetchall()
        return [Observation(pieces, {"shop.item": item}) for item, pieces in rows]


class Requests(BaseHTTPRequestHandler):
    """GET /stock/ITEM, POST /reservations/ITEM and GET /health."""

    protocol_version = "HTTP/1.1"
    # Headers and body are two writes, of which the second would wait for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path == "/health":
            self.respond(200)
            return
        self.answer("/stock/{item}", self.server.stock.look_up)

    def do_POST(self):
        self.answer("/reservations/{item}", self.server.stock.reserve)

    def answer(self, route, work):
        parent = propagate.extract(self.headers)
        attributes = {"http.request.method": self.command, "http.route": route, "url.path": self.path}
        name = f"{self.command} {route}"
        tracer = self.server.stock.tracer
        with tracer.start_as_current_span(name, context=parent, kind=SpanKind.SERVER, attributes=attributes) as span:
            status = work(self.path.rpartition("/")[2])
            span.set_attribute("http.response.status_code", status)
            # By the semantic conventions 4xx is the fault of the caller, and an error on its span alone.
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
        self.respond(status)

    def respond(self, status):
        body = json.dumps({"status": status}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Spans say it all."""


def main():
    stop_telemetry = start_telemetry()
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8081")))
    server = ThreadingHTTPServer(address, Requests)
    server.daemon_threads = True
    server.stock = Stock()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    host, port = server.server_address
    print(f"open at http://{host}:{port}/", flush=True)
    server.serve_forever()
    for stop in stop_telemetry:
        stop()


if __name__ == "__main__":
    main()
