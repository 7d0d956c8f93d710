// What the shop of examples/shop did in a run, in its own words: how its customers were answered, and what its services logged.
import assert from "node:assert/strict";
import fs from "node:fs";

const STORED_WITHIN_MS = 90_000;
const MINUTE_MS = 60_000;
const SEVERITIES = { INFO: "info", WARNING: "warn", ERROR: "error" };

export function readShop(file) {
  const said = JSON.parse(fs.readFileSync(file, "utf8"));
  const answers = Object.entries(said.answered).map(([request, count]) => {
    const [method, path, status] = request.split(" ");
    return { method, path, item: path.split("/")[2], status: Number(status), count };
  });
  const count = (fits) => answers.filter(fits).reduce((sum, answer) => sum + answer.count, 0);
  const orders = answers.filter((answer) => answer.method === "POST");
  return {
    begunMs: said.begun_ms,
    host: said.host,
    requests: count(() => true),
    failed: count((answer) => answer.status >= 500),
    /** By the semantic conventions a caller sees 4xx as an error too. */
    withErrors: count((answer) => answer.status >= 400),
    atStock: count((answer) => answer.path !== "/broken"),
    failedAtStock: count((answer) => answer.path !== "/broken" && answer.status >= 500),
    /** One for each request, and one more for each reservation. */
    queries: count((answer) => answer.path !== "/broken") + count((answer) => answer.status === 201),
    operations: [
      ["GET /items/:item", count((answer) => answer.method === "GET" && answer.path.startsWith("/items/")), 0],
      ["POST /orders/:item", count((answer) => answer.method === "POST"), count((answer) => answer.method === "POST" && answer.status >= 500)],
      ["GET /broken", count((answer) => answer.path === "/broken"), count((answer) => answer.path === "/broken")],
    ],
    orders: Object.fromEntries(orders.map((order) => [order.item, order.count])),
    stockLog: said.stock_log.flatMap(recordOf),
    /** The front tells the trace with each order. */
    frontLog: said.front_log.map((line) => JSON.parse(line)).filter((line) => line.item !== undefined),
  };
}

/** Waits until queries see all that was sent, and adds the range of time that holds it; what never arrives is said. */
export async function waitUntilShopIsStored(browser, shop) {
  const deadline = Date.now() + STORED_WITHIN_MS;
  const expected = expectations(shop);
  let seen = {};
  while (Date.now() < deadline) {
    // Whole minutes, so that charts by minutes begin and end where the range does, and rates do not change with the time of asking.
    const [from, to] = [Math.floor(shop.begunMs / MINUTE_MS) * MINUTE_MS, Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS];
    const range = `from=${from}&to=${to}`;
    seen = await whatIsSeen(browser, range);
    // The alarm is decided when the last of its periods has ended.
    const { changes } = await browser.api(`/alarms/history?${range}&name=${encodeURIComponent("requests fail")}`);
    const hasRung = changes.some((change) => change.state === "ALARM" && change.labels["service.name"] === "shop-front");
    if (hasRung && JSON.stringify(seen) === JSON.stringify(expected)) return { ...shop, from, to, range };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.deepEqual(seen, expected, "not all that the shop says is seen");
  assert.fail("no alarm says that requests to the shop fail");
}

function expectations(shop) {
  return {
    atFront: shop.requests, atStock: shop.atStock, calls: [["shop-front", "shop-stock", shop.atStock], ["shop-stock", "sqlite/stock.db", shop.queries]],
    logs: shop.stockLog.length, reservations: Object.values(shop.orders).reduce((sum, count) => sum + count, 0), countedCalls: [shop.requests, shop.atStock],
  };
}

async function whatIsSeen(browser, range) {
  const { services } = await browser.api(`/services?${range}`);
  const requestsOf = (name) => services.find((service) => service.name === name)?.requests ?? 0;
  const { edges } = await browser.api(`/map?${range}`);
  const ofShop = edges.filter((edge) => edge.client.startsWith("shop-")).map((edge) => [edge.client, edge.server, edge.requests]);
  const { logs } = await browser.api(`/logs?${range}&q=service:shop-stock&limit=5000`);
  return {
    atFront: requestsOf("shop-front"), atStock: requestsOf("shop-stock"), calls: ofShop.sort(), logs: logs.length,
    reservations: await increase(browser, range, "shop.reservations", ""),
    countedCalls: [await increase(browser, range, "traces.span.metrics.calls", "service:shop-front span.kind:SPAN_KIND_SERVER"), await increase(browser, range, "traces.span.metrics.calls", "service:shop-stock span.kind:SPAN_KIND_SERVER")],
  };
}

/** How far a counter rose over the range. */
async function increase(browser, range, metric, q) {
  const { metrics } = await browser.api(`/metrics?${range}`);
  if (!metrics.some((one) => one.name === metric)) return 0;
  const { series } = await browser.api(`/metrics/query?${range}&name=${metric}&aggregation=increase&q=${encodeURIComponent(q)}`);
  return series.flatMap((one) => one.values).reduce((sum, value) => sum + (value ?? 0), 0);
}

/** "INFO reserved tea, 999 left"; lines of others than the shop itself are none of its records. */
function recordOf(line) {
  const found = /^(INFO|WARNING|ERROR) ((?:reserved|no|nobody knows how to reserve) ([a-z]+).*)$/.exec(line);
  if (found === null) return [];
  const left = / (\d+) left$/.exec(line);
  return [{ severity: SEVERITIES[found[1]], body: found[2], item: found[3], left: left === null ? null : Number(left[1]) }];
}
