"""The shop under a flood of requests, with Weir's default configuration and a webhook as all there is to see it.

WEIR is the binary, and WEIR_CACHE is where `tests/tools` has put the shop's packages.
"""

import argparse
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("WEIR_CACHE", ROOT / ".cache"))
PYTHON = str(CACHE / "shop/venv/bin/python")
CONSOLE = "http://localhost:4320"
NOTIFIED = ("127.0.0.1", 9099)
QUIET_SECONDS = 60
FLOOD_REQUESTS = 6000


class People(http.server.BaseHTTPRequestHandler):
    """Those who are told: each notification is shown as it comes."""

    told = threading.Event()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        notification = json.loads(body)
        print(f"notification: {json.dumps(notification, indent=1)}", flush=True)
        if notification["state"] == "ALARM":
            People.told.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0, help="how long it goes on after the flood; 0 until Ctrl-C")
    parser.add_argument("--screenshots", help="a directory for pictures of the console's pages, taken when the alarm has come")
    arguments = parser.parse_args()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(0))
    people = http.server.ThreadingHTTPServer(NOTIFIED, People)
    threading.Thread(target=people.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as directory:
        processes = []
        try:
            run(arguments, Path(directory), processes)
        except KeyboardInterrupt:
            print("stopping ...")
        finally:
            # A second Ctrl-C would leave some of them running.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for process in reversed(processes):
                process.terminate()
                process.wait(40)


def run(arguments, directory, processes):
    def start(name, command, **environment):
        log = open(directory / f"{name}.log", "wb")
        environment = {**os.environ, **environment}
        # In a session of its own: a terminal's Ctrl-C would reach all at once, and what is on its way would be lost.
        process = subprocess.Popen(command, env=environment, cwd=directory, stdout=log, stderr=log, start_new_session=True)
        processes.append(process)

    def service(name):
        return {
            "OTEL_SERVICE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
            "OTEL_METRIC_EXPORT_INTERVAL": "5000",
        }

    configurations = [str(ROOT / "pipelines/default.yaml"), str(ROOT / "examples/shop/flood.yaml")]
    start(
        "weir",
        [os.environ.get("WEIR", "weir"), *(word for file in configurations for word in ("--config", file))],
        WEIR_DATA=str(directory / "data"),
        NOTIFIED_URL="http://%s:%d/" % NOTIFIED,
    )
    wait_for(f"{CONSOLE}/api/v1/status")
    start(
        "stock",
        [PYTHON, str(ROOT / "examples/shop/stock/stock.py")],
        **service("shop-stock"),
    )
    start(
        "front",
        ["node", str(CACHE / "shop/front.cjs")],
        HOST="127.0.0.1", PORT="8080", STOCK="http://127.0.0.1:8081", LOG_FILE=str(directory / "front.log"),
        **service("shop-front"),
    )
    wait_for("http://127.0.0.1:8080/items/tea")
    customers = [PYTHON, str(ROOT / "examples/shop/customers/customers.py")]
    start("customers", customers, SHOP="http://127.0.0.1:8080", REQUESTS_PER_SECOND="5")
    print(f"The console is at {CONSOLE}; the shop has a light load for {QUIET_SECONDS} s.", flush=True)
    time.sleep(QUIET_SECONDS)
    print("Now the flood.", flush=True)
    start("flood", customers, SHOP="http://127.0.0.1:8080", FLOOD_REQUESTS=str(FLOOD_REQUESTS), FLOOD_CONNECTIONS="8", SECONDS="1")
    if not People.told.wait(120):
        raise SystemExit("no notification came within two minutes")
    if arguments.screenshots:
        # What the browser asks for next is counted by minutes and written every few seconds.
        time.sleep(10)
        pictures = Path(arguments.screenshots).absolute()
        checks = [str(ROOT / "tests/console/browser-checks"), "--console", CONSOLE, "--otlp", "http://localhost:4318"]
        subprocess.run([*checks, "--screenshots", str(pictures)], check=True)
    print("Look at the overview, the alarms, and the slowest traces. Ctrl-C ends it.", flush=True)
    time.sleep(60 * arguments.minutes if arguments.minutes else 1_000_000)


def wait_for(url):
    for _look in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    main()
