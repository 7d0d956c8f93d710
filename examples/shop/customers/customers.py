"""The customers of the shop: a light, steady load of the same mix of requests, and a flood where one is asked for.

SHOP is the front's URL. REQUESTS_PER_SECOND (2, at most 100) is the steady load, by one customer after the other, for
SECONDS (0 for as long as it is left alone). FLOOD_REQUESTS (0, at most 100000) are sent before it, as fast as the shop answers
FLOOD_CONNECTIONS (8, at most 64) customers at once.
"""

import http.client
import os
import signal
import threading
import time
import urllib.parse
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

    def send(self, number):
        method, path = REQUESTS[number % len(REQUESTS)]
        try:
            self.connection = self.connection or http.client.HTTPConnection(self.shop.hostname, self.shop.port, timeout=10)
            self.connection.request(method, path, headers={"content-length": "0"})
            self.connection.getresponse().read()
            return True
        except (OSError, http.client.HTTPException) as error:
            print(f"{method} {path}: {error}", flush=True)
            self.connection = None
            return False


def flood(shop, requests, connections, stop):
    def customer(first):
        one = Customer(shop)
        return sum(one.send(number) for number in range(first, requests, connections) if not stop.is_set())

    started = time.monotonic()
    with ThreadPoolExecutor(connections) as customers:
        answered = sum(customers.map(customer, range(connections)))
    print(f"flood: {answered} of {requests} requests answered in {time.monotonic() - started:.1f} s", flush=True)


def steady(shop, per_second, seconds, stop):
    one = Customer(shop)
    started = time.monotonic()
    number = 0
    while not stop.wait(max(0.0, started + number / per_second - time.monotonic())):
        if seconds and time.monotonic() - started >= seconds:
            return
        one.send(number)
        number += 1


def number_of(name, default, most):
    return min(float(os.environ.get(name, default)), most)


def main():
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    shop = urllib.parse.urlsplit(os.environ.get("SHOP", "http://localhost:8080"))
    requests = int(number_of("FLOOD_REQUESTS", 0, 100_000))
    if requests:
        flood(shop, requests, int(max(1, number_of("FLOOD_CONNECTIONS", 8, 64))), stop)
    steady(shop, max(0.01, number_of("REQUESTS_PER_SECOND", 2, 100)), number_of("SECONDS", 0, 1e9), stop)


if __name__ == "__main__":
    main()
