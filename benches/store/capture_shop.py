"""Runs the shop under load and writes its telemetry into files of OTLP, which the bench of the store scales up.

WEIR is the binary, and WEIR_CACHE is where `tests/tools` has put the shop. The only argument is the directory of the files.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHOP = HERE.parents[1] / "examples/shop"
CACHE = Path(os.environ["WEIR_CACHE"])
PYTHON = str(CACHE / "shop/venv/bin/python")
REQUESTS = 20_000
OTLP_PORT, FRONT_PORT, STOCK_PORT = "24318", "28080", "28081"


def main():
    capture = Path(sys.argv[1]).absolute()
    capture.mkdir(parents=True, exist_ok=True)
    processes = []
    with tempfile.TemporaryDirectory() as directory:
        try:
            run(capture, Path(directory), processes)
        finally:
            # Whoever sends ends before whoever receives.
            for process in reversed(processes):
                process.terminate()
                process.wait(40)
    for file in sorted(capture.glob("*.otlp")):
        print(f"{file}: {file.stat().st_size} bytes")


def run(capture, directory, processes):
    def start(name, command, **environment):
        log = open(directory / f"{name}.log", "wb")
        processes.append(subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log))
        return processes[-1]

    def service(name, port):
        return {
            "HOST": "127.0.0.1",
            "PORT": port,
            "OTEL_SERVICE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{OTLP_PORT}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
            "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        }

    front_log = str(directory / "front.json")
    config = str(HERE / "capture.yaml")
    weir = os.environ.get("WEIR", "weir")
    start("weir", [weir, "--config", config], CAPTURE=str(capture), OTLP_PORT=OTLP_PORT, FRONT_LOG=front_log)
    start("stock", [PYTHON, str(SHOP / "stock/stock.py")], **service("shop-stock", STOCK_PORT))
    start(
        "front",
        ["node", str(CACHE / "shop/front.cjs")],
        STOCK=f"http://127.0.0.1:{STOCK_PORT}",
        LOG_FILE=front_log,
        **service("shop-front", FRONT_PORT),
    )
    wait_for(f"http://127.0.0.1:{FRONT_PORT}/items/tea")
    customers = start(
        "customers",
        [PYTHON, str(SHOP / "customers/customers.py")],
        SHOP=f"http://127.0.0.1:{FRONT_PORT}",
        FLOOD_REQUESTS=str(REQUESTS),
        SECONDS="1",
    )
    if customers.wait(900) != 0:
        raise SystemExit("the customers went away: " + (directory / "customers.log").read_text())
    # The SDKs and the batches have timers of up to five seconds.
    time.sleep(6)


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
