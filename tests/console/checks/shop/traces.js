// The shop's traces: one for each request, found by form and by query, and one of them from its waterfall to its log and host.
import assert from "node:assert/strict";
import { plural } from "../../../../ui/format.js";

/** The address of the page of traces that is asked for more than there are. */
const tracesOf = (shop, rest = "") => `/traces?${shop.range}&service=shop-front&limit=1000${rest}`;
const found = (count) => ["table.data", String(count)];
const hasRows = (selector, count) => document.querySelector(selector)?.getAttribute("aria-rowcount") === count;

export const shopTraceChecks = {
  "shop: each request is a trace, and each order's is the one its log line names": async (page, shop) => {
    const { traces } = await page.api(tracesOf(shop));
    assert.equal(traces.length, shop.requests);
    const ids = new Set(traces.map((trace) => trace.trace_id));
    assert.deepEqual(shop.frontLog.filter((line) => !ids.has(line.trace_id)), []);
    await page.open(tracesOf(shop));
    await page.until("all traces", hasRows, ...found(shop.requests));
    const words = await page.evaluate(() => document.querySelector(".scatter").getAttribute("aria-label"));
    assert.equal(words, `${plural(shop.requests, "trace")}, ${shop.withErrors} with errors; the table below holds the same`);
  },

  "shop: the form and the query find what failed and what was slow": async (page, shop) => {
    await page.open(tracesOf(shop));
    await page.page.select(".form-grid label:nth-child(3) select", "error");
    await page.until("those with errors", hasRows, ...found(shop.withErrors));
    await page.reload();
    await page.until("the same after reload", hasRows, ...found(shop.withErrors));
    await page.back();
    await page.until("all after back", hasRows, ...found(shop.requests));
    await page.open(`/traces?${shop.range}&limit=1000&q=${encodeURIComponent('name:"look for pearls" duration>=400')}`);
    await page.until("the orders of pearls", hasRows, ...found(shop.orders.pearls));
    await page.open(tracesOf(shop, `&operation=${encodeURIComponent("GET /broken")}`));
    await page.until("the broken page", hasRows, ...found(shop.operations.find(([name]) => name === "GET /broken")[1]));
  },

  "shop: the waterfall of an order leads to its log record and its host, in its time": async (page, shop) => {
    const order = shop.frontLog.find((line) => line.item === "pearls" && line.status === 201);
    await page.open(`/trace/${order.trace_id}?${shop.range}`);
    await page.see(".span-row");
    const rows = await page.texts(".span-row .span-name");
    assert.deepEqual(rows.map((row) => row.replace(/^[▾▸ ]+/, "")), [
      "shop-front POST /orders/:item", "shop-front request handler", "shop-front POST", "shop-stock POST /reservations/{item}", "shop-stock look for pearls", "shop-stock SELECT stock", "shop-stock UPDATE stock",
    ]);
    await page.clickText(".span-row", "look for pearls");
    await page.see(".drawer");
    const { spans } = await page.api(`/traces/${order.trace_id}`);
    const looking = spans.find((span) => span.name === "look for pearls");
    assert.ok(looking.duration_ns >= 400e6, `${looking.duration_ns} ns`);
    await page.clickText(".drawer a", "Logs of the trace");
    await page.until("its one record", () => document.querySelectorAll(".log-row").length === 1);
    const body = await page.text(".log-row .log-body");
    assert.ok(shop.stockLog.some((line) => line.item === "pearls" && line.body === body), body);
    const time = new URL(page.address()).searchParams;
    await page.click(".log-row");
    await page.clickText(".drawer a", `Host ${shop.host}`);
    await page.until("the host's dashboard", (name) => document.querySelector("h1")?.textContent === name && document.querySelector(".dashboard-panel .panel:not(.waiting)") !== null, shop.host);
    const after = new URL(page.address()).searchParams;
    assert.deepEqual([after.get("from"), after.get("to")], [time.get("from"), time.get("to")]);
    await page.back();
    await page.see(".log-row");
    await page.back();
    await page.until("the span again", () => document.querySelector(".drawer")?.textContent.includes("look for pearls"));
  },
};
