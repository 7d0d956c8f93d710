"""The customers of the shop: a light, steady load of the same mix of requests, and a flood where one is asked for.

SHOP is the front's URL. REQUESTS_PER_SECOND (2, at most 100) is the steady load, by one customer after the other, for
SECONDS or for REQUESTS (0 for as long as it is left alone). FLOOD_REQUESTS (0, at most 100000) are sent before it, as fast as
the shop answers FLOOD_CONNECTIONS (8, at most 64) customers at once. In the end it prints how often each request was answered
with each status, as a line of JSON.
"""

import http.client
import json
import os
import signal
import threading
import time
import urllib.parse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

# Mostly tea; one slow request, three in vain and one broken among twenty.
REQUESTS = [
    ("GET", "/items/tea"),
    ("POST", "/orders/tea"),
    ("GET", "/items/coffee"),
    ("POST", "/orders/coffee"),
    ("POST", "/orders/tea"),
    ("GET", "/items/unicorn"),
    ("POST", "/orders/tea"),
    ("POST", "/orders/pearls"),
    ("GET", "/items/tea"),
    ("POST", "/orders/coffee"),
    ("POST", "/orders/sugar"),
    ("GET", "/items/tea"),
    ("POST", "/orders/tea"),
    ("GET", "/items/coffee"),
    ("POST", "/orders/moonlight"),
    ("POST", "/orders/coffee"),
    ("GET", "/items/tea"),
    ("POST", "/orders/tea"),
    ("GET", "/broken"),
    ("GET", "/items/tea"),
]


class Customer:
    """One connection to the shop, opened again where it broke."""

    def __init__(self, shop):
        self.shop = shop
        self.connection = None
        self.answers = Counter()

    def send(self, number):
        method, path = REQUESTS[number % len(REQUESTS)]
        try:
            self.connection = self.connection or http.client.HTTPConnection(self.shop.hostname, self.shop.port, timeout=10)
            self.connection.request(method, path, headers={"content-length": "0"})
            response = self.connection.getresponse()
            response.read()
            self.answers[f"{method} {path} {response.status}"] += 1
        except (OSError, http.client.HTTPException) as error:
            print(f"{method} {path}: {error}", flush=True)
            self.connection = None


def flood(shop, requests, connections, stop):
    """Returns how often each request was answered with each status."""

    def customer(first):
        one = Customer(shop)
        for number in range(first, requests, connections):
            if not stop.is_set():
                one.send(number)
        return one.answers

    started = time.monotonic()
    with ThreadPoolExecutor(connections) as customers:
        answers = sum(customers.map(customer, range(connections)), Counter())
    seconds = time.monotonic() - started
    print(f"flood: {answers.total()} of {requests} requests answered in {seconds:.1f} s", flush=True)
    return answers


def steady(shop, per_second, seconds, requests, stop):
    """Returns how often each request was answered with each status."""
    one = Customer(shop)
    started = time.monotonic()
    number = 0
    while not stop.wait(max(0.0, started + number / per_second - time.monotonic())):
        if (seconds and time.monotonic() - started >= seconds) or (requests and number >= requests):
            break
        one.send(number)
        number += 1
    return one.answers


def number_of(name, default, most):
    return min(float(os.environ.get(name, default)), most)


def main():
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    shop = urllib.parse.urlsplit(os.environ.get("SHOP", "http://localhost:8080"))
    answers = Counter()
    flood_requests = int(number_of("FLOOD_REQUESTS", 0, 100_000))
    if flood_requests:
        answers += flood(shop, flood_requests, int(max(1, number_of("FLOOD_CONNECTIONS", 8, 64))), stop)
    per_second = max(0.01, number_of("REQUESTS_PER_SECOND", 2, 100))
    answers += steady(shop, per_second, number_of("SECONDS", 0, 1e9), number_of("REQUESTS", 0, 1e9), stop)
    print(json.dumps({"answered": answers}), flush=True)


if __name__ == "__main__":
    main()
