// The shop's requests: as many on every page as its customers counted, and the ways between the pages.
import assert from "node:assert/strict";
import { formatDuration, formatNumber, formatRate, formatShare } from "../../../../ui/format.js";
import { near, shownOf } from "./expected.js";

const ROWS = "table.data tbody tr[data-row]";

export const shopRequestChecks = {
  "shop: the overview has the requests and failures that its customers counted": async (page, shop) => {
    const { services } = await page.api(`/services?${shop.range}`);
    await page.open(`/?${shop.range}&filter=shop-`);
    await page.until("both services", () => document.querySelectorAll("table.data tbody tr[data-row]").length === 2);
    const rows = await page.texts(ROWS);
    for (const [name, requests, errors] of [["shop-front", shop.requests, shop.failed], ["shop-stock", shop.atStock, shop.failedAtStock]]) {
      const service = services.find((one) => one.name === name);
      assert.deepEqual({ requests: service.requests, errors: service.errors, before: service.previous.requests }, { requests, errors, before: 0 });
      near(service.rate, requests / ((shop.to - shop.from) / 1000), "rate");
      const row = rows.find((text) => text.startsWith(name));
      for (const text of [formatRate(service.rate), formatShare(errors / requests), formatDuration(service.p50_ms), formatDuration(service.p95_ms), formatDuration(service.p99_ms)]) assert.ok(row.includes(text), `${text} is not in ${row}`);
    }
  },

  "shop: a service's page has its operations, neighbours and errors, and its links keep the time": async (page, shop) => {
    const { operations } = await page.api(`/services/shop-front/operations?${shop.range}`);
    const counted = operations.map((one) => [one.operation, one.requests, one.errors]);
    assert.deepEqual(counted.toSorted(), shop.operations.toSorted());
    await page.open(`/service/shop-front?${shop.range}`);
    await page.until("the operations", (count) => document.querySelectorAll("table.data tbody tr[data-row]").length > count, operations.length);
    await page.see(".facts dd");
    const facts = await page.texts(".facts dd");
    assert.equal(facts[1], formatNumber(shop.requests));
    assert.ok(facts[2].startsWith(formatShare(shop.failed / shop.requests)), facts[2]);
    const rows = await page.texts(ROWS);
    for (const one of operations) assert.ok(rows.some((row) => row.startsWith(one.operation) && row.includes(formatRate(one.rate)) && row.includes(formatShare(one.error_share))), one.operation);
    assert.ok(rows.some((row) => row.startsWith("shop-stockcalled by it")), rows.join("\n"));
    await page.clickText("table.data a", "shop-stock");
    await page.until("the errors of the stock", () => document.querySelector("h1")?.textContent === "shop-stock" && document.querySelectorAll(".log-lines li").length > 0);
    assert.deepEqual([...new Set(await page.texts(".log-lines li .truncate"))], ["nobody knows how to reserve moonlight"]);
    await page.reload();
    await page.clickText(".page-head a", "Logs");
    await page.until("its records in the same time", (count, range) => window.location.search.includes(range) && document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), shownOf(shop.stockLog.length), shop.range);
    await page.back();
    await page.back();
    await page.until("the front again", (range) => document.querySelector("h1")?.textContent === "shop-front" && window.location.search === `?${range}`, shop.range);
  },

  "shop: the map draws who called whom, how often and with how many failures": async (page, shop) => {
    const { nodes, edges } = await page.api(`/map?${shop.range}`);
    await page.open(`/map?${shop.range}&focus=shop-stock`);
    await page.see(".map-node");
    const drawn = await page.evaluate(() => [...document.querySelectorAll(".map-edge")].map((edge) => edge.getAttribute("aria-label")));
    assert.equal(drawn.length, 2);
    for (const [client, server, requests, errors] of [["shop-front", "shop-stock", shop.atStock, shop.failedAtStock], ["shop-stock", "sqlite/stock.db", shop.queries, 0]]) {
      const edge = edges.find((one) => one.client === client && one.server === server);
      assert.deepEqual({ requests: edge.requests, errors: edge.errors }, { requests, errors });
      assert.ok(drawn.includes(`${client} to ${server}: ${formatRate(edge.rate)}, p95 ${formatDuration(edge.p95_ms)}, ${formatShare(errors / requests)} failed`), drawn.join("\n"));
    }
    const database = nodes.find((node) => node.name === "sqlite/stock.db");
    assert.deepEqual({ kind: database.kind, requests: database.requests }, { kind: "database", requests: shop.queries });
    await page.evaluate(() => [...document.querySelectorAll(".map-edge")].find((edge) => edge.getAttribute("aria-label").startsWith("shop-front to")).dispatchEvent(new window.MouseEvent("click", { bubbles: true, cancelable: true })));
    await page.until("the failed traces of the caller", (count, range) => window.location.pathname === "/traces" && window.location.search.includes(range) && document.querySelector("table.data")?.getAttribute("aria-rowcount") === String(count), shop.withErrors, shop.range);
    await page.back();
    await page.see(".map-node");
  },
};
