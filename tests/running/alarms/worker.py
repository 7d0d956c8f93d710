"""A worker: answers requests one at a time with some work each, and says twice a second what share of its time it was at work.

Called with its port on 127.0.0.1, and host and port of an OTLP receiver."""

import http.client
import http.server
import json
import sys
import threading
import time

port, receiver_host, receiver_port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
busy_seconds = 0.0


class Worker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global busy_seconds
        began = time.monotonic()
        sum(number * number for number in range(200_000))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
        busy_seconds += time.monotonic() - began

    def log_message(self, *_arguments):
        pass


class Server(http.server.HTTPServer):
    # Requests wait here for their turn, as many as the load has under way.
    request_queue_size = 64


def report():
    counted, since = 0.0, time.monotonic()
    while True:
        time.sleep(0.5)
        busy, now = busy_seconds, time.monotonic()
        # A request that is under way counts when it ends, so one report may hold more than its time.
        percent = min(100.0, 100 * (busy - counted) / (now - since))
        counted, since = busy, now
        point = {
            "timeUnixNano": str(time.time_ns()),
            "asDouble": percent,
            "attributes": [{"key": "worker", "value": {"stringValue": str(port)}}],
        }
        metric = {"name": "worker.utilization", "unit": "%", "gauge": {"dataPoints": [point]}}
        body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
        connection = http.client.HTTPConnection(receiver_host, receiver_port, timeout=5)
        try:
            connection.request("POST", "/v1/metrics", json.dumps(body), {"content-type": "application/json"})
            connection.getresponse().read()
        except OSError:
            # Nobody listens yet, or not any more.
            continue
        finally:
            connection.close()


threading.Thread(target=report, daemon=True).start()
Server(("127.0.0.1", port), Worker).serve_forever()
