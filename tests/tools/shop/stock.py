"""The stock of the shop: knows what there is, in a database, and reserves items.

Instrumented by hand with the OpenTelemetry SDK: a server span for each request, within the trace that the front passes on,
and a client span for the query. PORT is where it listens (0 for any); the SDK reads its standard environment variables.
"""

import json
import os
import signal
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

# Moonlight is what nobody knows how to reserve.
ITEMS = {"tea": 1000, "coffee": 1000, "sugar": 0, "moonlight": None}


class Stock:
    """What there is."""

    def __init__(self):
        self.lock = threading.Lock()
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.database.execute("CREATE TABLE stock (item TEXT PRIMARY KEY, pieces INTEGER)")
        self.database.executemany("INSERT INTO stock VALUES (?, ?)", ITEMS.items())
        self.tracer = trace.get_tracer("stock", "1.0.0")

    def pieces_of(self, item):
        """The rows about an item: one, or none."""
        attributes = {"db.system.name": "sqlite", "db.namespace": "stock.db", "db.operation.name": "SELECT"}
        with self.tracer.start_as_current_span("SELECT stock", kind=SpanKind.CLIENT, attributes=attributes):
            with self.lock:
                return self.database.execute("SELECT pieces FROM stock WHERE item = ?", (item,)).fetchall()

    def look_up(self, item):
        return 200 if self.pieces_of(item) else 404

    def reserve(self, item):
        rows = self.pieces_of(item)
        if not rows:
            return 404
        pieces = rows[0][0]
        if pieces is None:
            return 500
        return 201 if pieces > 0 else 409


class Requests(BaseHTTPRequestHandler):
    """GET /stock/ITEM and POST /reservations/ITEM."""

    protocol_version = "HTTP/1.1"
    # Headers and body are two writes, of which the second would wait for the first one's acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self):
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
        body = json.dumps({"status": status}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Spans say it all."""


def main():
    tracing = TracerProvider()
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Requests)
    server.daemon_threads = True
    server.stock = Stock()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"open at http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()
    # Sends what is still held.
    tracing.shutdown()


if __name__ == "__main__":
    main()
