// The shop's metrics and dashboards: what its SDKs counted is what its customers were answered, and what is left is what its log says.
import assert from "node:assert/strict";
import { formatBytes } from "../../../../ui/format.js";
import { shownOf } from "./expected.js";

export const shopMetricChecks = {
  "shop: a counter rises by as many reservations as customers asked for, item by item": async (page, shop) => {
    await page.open(`/metrics?${shop.range}&name=shop.reservations`);
    await page.clickText(".segments button", "increase");
    await page.clickText(".split-by button", "shop.item");
    await page.until("a line for each item", (items) => items.every((item) => document.querySelector(".metric-detail .legend")?.textContent.includes(item)), Object.keys(shop.orders));
    await page.clickText(".metric-detail .as-table", "table");
    await page.see(".chart-table tbody tr");
    const sums = await page.evaluate(() => {
      const table = document.querySelector(".chart-table");
      const names = [...table.querySelectorAll("thead th")].slice(1).map((head) => head.textContent);
      const rows = [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td")].map((cell) => Number.parseFloat(cell.textContent) || 0));
      return Object.fromEntries(names.map((name, place) => [name, rows.reduce((sum, row) => sum + row[place], 0)]));
    });
    assert.deepEqual(sums, shop.orders);
    await page.reload();
    await page.until("the same lines after reload", (items) => items.every((item) => document.querySelector(".metric-detail .legend")?.textContent.includes(item)), Object.keys(shop.orders));
  },

  "shop: a gauge is left where the log says, and leads to the log with time and filter kept": async (page, shop) => {
    const left = shop.stockLog.findLast((line) => line.item === "tea").left;
    await page.open(`/metrics?${shop.range}&name=shop.stock.pieces&aggregation=last&q=${encodeURIComponent("shop.item:tea")}`);
    await page.until(`the last value ${left}`, (words) => document.querySelector(".metric-detail .chart-box")?.getAttribute("aria-label").includes(words), `last: last ${left} piece,`);
    await page.clickText(".metric-detail .page-head a", "Logs");
    const lines = shop.stockLog.filter((line) => line.item === "tea").length;
    await page.until("the log of the same item in the same time", (range, count) => window.location.pathname === "/logs" && window.location.search.includes(range) && [...document.querySelectorAll(".chip")].some((chip) => chip.textContent.includes("shop.item:tea")) && document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), shop.range, shownOf(lines));
    await page.back();
    await page.until("the metric again", () => document.querySelector("h1")?.textContent === "shop.stock.pieces");
  },

  "shop: an exemplar of a counter leads to the trace that it counted": async (page, shop) => {
    await page.open(`/metrics?${shop.range}&name=shop.reservations&aggregation=increase`);
    await page.click(".chart-mark");
    await page.until("a trace of the stock", () => window.location.pathname.startsWith("/trace/") && document.querySelector(".span-row.selected") !== null);
    const id = new URL(page.address()).pathname.split("/")[2];
    assert.ok(shop.frontLog.some((line) => line.trace_id === id), `${id} is no order's`);
    assert.ok(page.address().includes(shop.range), "the time range is kept");
  },

  "shop: there are dashboards of its services, this host and Weir, and no panel of theirs fails": async (page, shop) => {
    const { dashboards } = await page.api(`/dashboards?${shop.range}`);
    const ids = dashboards.map((dashboard) => dashboard.id);
    for (const id of ["weir", "service/shop-front", "service/shop-stock", `host/${shop.host}`]) assert.ok(ids.includes(id), `${id} is not among ${ids.join(", ")}`);
    assert.ok(!ids.includes("service/unknown_service"), "hosts are no service");
    await page.open(`/dashboards?${shop.range}`);
    await page.clickText(".card", "shop-stock");
    await page.until("panels with their answers", settled);
    assert.deepEqual(await page.texts(".dashboard-panel .notice.failed"), []);
    await page.until("its newest record", (body) => [...document.querySelectorAll(".log-lines .truncate")].some((line) => line.textContent === body), shop.stockLog.at(-1).body);
    await page.open(`/dashboards/weir?${shop.range}`);
    await page.until("panels with their answers", settled);
    assert.deepEqual(await page.texts(".dashboard-panel .notice.failed"), []);
  },

  "shop: the host's dashboard says what its disk and its memory say": async (page, shop) => {
    await page.open(`/dashboards/host/${shop.host}?${shop.range}`);
    await page.until("panels with their answers", settled);
    assert.deepEqual(await page.texts(".dashboard-panel .notice.failed"), []);
    const { series } = await page.api(`/metrics/query?${shop.range}&name=system.filesystem.usage&aggregation=sum&group_by=mountpoint,state&q=${encodeURIComponent(`host.name:${shop.host}`)}&limit=30`);
    await page.until("a row for each filesystem and state", (count) => document.querySelectorAll(".dashboard-panel table.data tr").length === count, series.length);
    const rows = await page.texts(".dashboard-panel table.data tr");
    for (const one of series) {
      const last = one.values.findLast((value) => value !== null);
      const name = `${one.group.mountpoint}, ${one.group.state}`;
      assert.ok(rows.some((row) => row.startsWith(name) && row.includes(formatBytes(last))), `${name} ${formatBytes(last)} is not among ${rows.join("\n")}`);
    }
  },
};

/** Whether every panel in view has its answer. */
function settled() {
  return document.querySelectorAll(".dashboard-panel .panel:not(.waiting)").length > 0 && document.querySelectorAll(".dashboard-panel [aria-busy=true]:not(.waiting)").length === 0;
}
