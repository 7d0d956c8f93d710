"""Runs the services of docker-compose.yml as processes: the same programs, configurations, commands and environments.

Each service gets a loopback address of its own, so that it has the ports that it has in its container. What differs there is
replaced, in commands, environments and mounted files: `0.0.0.0` by the service's address, the names of services before a port
by theirs, and the paths of mounts by the files themselves or by directories made for the volumes. WEIR is the binary, and
WEIR_CACHE is where `tests/tools` has put the others.
"""

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("WEIR_CACHE", ROOT / ".cache"))
PYTHON = str(CACHE / "shop/venv/bin/python")

# What runs in place of an image. Debian's Prometheus looks for its pages where it is installed. Jaeger listens at more ports
# than are used, and they would be everybody's.
PROGRAMS = {
    "weir": [os.environ.get("WEIR", "weir"), "--config", "/etc/weir/config.yaml"],
    "weir-shop-front": ["node", str(CACHE / "shop/front.cjs")],
    "weir-shop-stock": [PYTHON, str(ROOT / "examples/shop/stock/stock.py")],
    "weir-shop-customers": [PYTHON, str(ROOT / "examples/shop/customers/customers.py")],
    "prom/prometheus": [
        str(CACHE / "prometheus/usr/bin/prometheus"),
        f"--web.local-assets={CACHE / 'prometheus/usr/share/prometheus/web'}",
    ],
    "victoriametrics/victoria-logs": [str(CACHE / "victoria-logs/victoria-logs")],
    "jaegertracing/all-in-one": [
        str(CACHE / "jaeger/jaeger"),
        "--collector.otlp.http.host-port=0.0.0.0:4318",
        "--collector.grpc-server.host-port=0.0.0.0:14250",
        "--collector.http-server.host-port=0.0.0.0:14268",
        "--query.grpc-server.host-port=0.0.0.0:16685",
        "--admin.http.host-port=0.0.0.0:14269",
    ],
}
LEFT_OUT = {"grafana/grafana"}


class Service:
    """One service of the file and its process."""

    def __init__(self, name, section, address):
        self.name = name
        self.section = section
        self.address = address
        self.image = section["image"].split(":")[0]
        self.process = None

    def container_ports(self):
        return [int(port.split(":")[1]) for port in self.section.get("ports", [])]

    def mounts(self):
        return [tuple(mount.split(":")[:2]) for mount in self.section.get("volumes", [])]


class Stack:
    def __init__(self, compose, network, directory):
        self.directory = directory
        sections = {name: section for name, section in compose["services"].items()}
        self.services = {}
        for number, (name, section) in enumerate(sections.items(), 1):
            self.services[name] = Service(name, section, f"{network}.{number}")
        self.left_out = [one.name for one in self.services.values() if one.image in LEFT_OUT]
        names = "|".join(map(re.escape, self.services))
        self.names = re.compile(rf"(?<![\w.-])({names})(?=:\d)")

    def start(self):
        (self.directory / "logs").mkdir()
        for service in self.in_order_of_dependence():
            if service.name in self.left_out:
                continue
            self.start_service(service)
            for port in service.container_ports():
                wait_until_it_listens(service, port)

    def in_order_of_dependence(self):
        ordered = []

        def add(service):
            for needed in service.section.get("depends_on", {}):
                add(self.services[needed])
            if service not in ordered:
                ordered.append(service)

        for service in self.services.values():
            add(service)
        return ordered

    def start_service(self, service):
        paths = [(target, self.path_of(service, source, target)) for source, target in service.mounts()]

        def here(text):
            text = interpolated(text)
            for target, path in sorted(paths, key=lambda pair: -len(pair[0])):
                text = re.sub(rf"(?<![\w/.]){re.escape(target)}(?![\w.-])", lambda _: path, text)
            return self.addressed(text, service)

        command = [here(word) for word in PROGRAMS[service.image] + service.section.get("command", [])]
        environment = {name: here(str(value)) for name, value in service.section.get("environment", {}).items()}
        log = open(self.directory / "logs" / f"{service.name}.log", "wb")
        # In a session of its own: a terminal's Ctrl-C would reach all at once, and what is on its way would be lost.
        service.process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def path_of(self, service, source, target):
        """Where a mount is here: the root as it is, a directory for a volume, a file of ours with its addresses replaced."""
        if source == "/":
            return "/"
        if not source.startswith("./"):
            volume = self.directory / "volumes" / source
            volume.mkdir(parents=True, exist_ok=True)
            return str(volume)
        copy = self.directory / service.name / Path(target).name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(self.addressed((ROOT / source).read_text(), service))
        return str(copy)

    def addressed(self, text, service):
        return self.names.sub(lambda found: self.services[found[1]].address, text.replace("0.0.0.0", service.address))

    def stop(self):
        # A second Ctrl-C would leave the others running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for service in reversed(self.in_order_of_dependence()):
            if service.process is None or service.process.poll() is not None:
                continue
            service.process.terminate()
            try:
                service.process.wait(40)
            except subprocess.TimeoutExpired:
                service.process.kill()

    def ended(self):
        return [one for one in self.services.values() if one.process is not None and one.process.poll() is not None]


def interpolated(text):
    """`${NAME:-default}` of compose files."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: os.environ.get(found[1]) or found[2], text)


def wait_until_it_listens(service, port):
    for _look in range(600):
        try:
            socket.create_connection((service.address, port), timeout=1).close()
            return
        except OSError:
            if service.process.poll() is not None:
                break
            time.sleep(0.1)
    raise SystemExit(f"{service.name} does not listen at {service.address}:{port}; its log is in the directory")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="127.0.10", help="the first three numbers of the services' addresses")
    parser.add_argument("--directory", help="where volumes and logs are; without it they are thrown away in the end")
    arguments = parser.parse_args()

    # Stopped in order rather than all at once, also when its terminal is closed.
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(0))
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    with tempfile.TemporaryDirectory() as temporary:
        stack = Stack(compose, arguments.network, Path(arguments.directory or temporary))
        try:
            stack.start()
            for service in stack.services.values():
                for port in service.container_ports() if service.process else []:
                    print(f"{service.name}:{port} is at http://{service.address}:{port}")
            for name in stack.left_out:
                print(f"{name} is left out")
            print("Everything is up. Ctrl-C ends it.", flush=True)
            while not stack.ended():
                time.sleep(0.5)
            for service in stack.ended():
                log = (stack.directory / "logs" / f"{service.name}.log").read_text(errors="replace")
                print(f"{service.name} ended by itself:\n{log[-2000:]}", file=sys.stderr)
            raise SystemExit(1)
        except KeyboardInterrupt:
            print("stopping ...")
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
