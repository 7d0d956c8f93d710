// The shop's log: every line that the stock wrote, counted by severity and by item, and its ways to traces.
import assert from "node:assert/strict";
import { shownOf } from "./expected.js";

const Q = "q=service:shop-stock";
const rows = (count) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count);

export const shopLogChecks = {
  "shop: the list holds every line that the stock wrote, to its end": async (page, shop) => {
    const { logs } = await page.api(`/logs?${shop.range}&${Q}&limit=5000`);
    assert.deepEqual(logs.map((record) => `${record.severity} ${record.body}`).toReversed(), shop.stockLog.map((line) => `${line.severity} ${line.body}`));
    await page.open(`/logs?${shop.range}&${Q}`);
    await page.see(".log-row");
    await page.until("the last record", (count) => {
      const list = document.querySelector(".log-rows");
      list.scrollTop = list.scrollHeight;
      return document.querySelector("[role=grid]").getAttribute("aria-rowcount") === String(count);
    }, shop.stockLog.length);
    await page.until("the first line at the end", (body) => [...document.querySelectorAll(".log-row .log-body")].at(-1)?.textContent === body, shop.stockLog[0].body);
  },

  "shop: volume and facets count the lines by severity and by item": async (page, shop) => {
    const of = (fits) => shop.stockLog.filter(fits).length;
    const { counts } = await page.api(`/logs/histogram?${shop.range}&${Q}`);
    for (const severity of ["info", "warn", "error"]) assert.equal(counts[severity].reduce((sum, count) => sum + count, 0), of((line) => line.severity === severity), severity);
    await page.open(`/logs?${shop.range}&${Q}`);
    await page.see(".facet");
    const facets = await page.texts(".facet");
    for (const [value, count] of [["shop-stock", shop.stockLog.length], ["info", of((line) => line.severity === "info")], ["tea", of((line) => line.item === "tea")], ["moonlight", of((line) => line.item === "moonlight")]]) assert.ok(facets.includes(`${value} ${count}`) || facets.includes(`${value}${count}`), `${value} ${count} is not among ${facets.join(", ")}`);
    const keys = await page.texts(".facets h3");
    assert.deepEqual(keys.filter((key) => key.startsWith("service")), ["service", "service.instance.id"]);
  },

  "shop: a facet picks the errors, each of which leads to a trace that failed": async (page, shop) => {
    const errors = shop.stockLog.filter((line) => line.severity === "error").length;
    await page.open(`/logs?${shop.range}&${Q}`);
    await page.clickText(".facet", "error");
    await page.until("the errors", rows, shownOf(errors));
    assert.deepEqual([...new Set(await page.texts(".log-row .log-body"))], ["nobody knows how to reserve moonlight"]);
    await page.reload();
    await page.until("the same after reload", rows, shownOf(errors));
    await page.click(".log-row");
    await page.clickText(".drawer a", "Trace ");
    await page.until("a failed trace in the same time", (range) => window.location.pathname.startsWith("/trace/") && window.location.search.includes(range) && document.querySelector(".span-row.failed") !== null, shop.range);
    const id = new URL(page.address()).pathname.split("/")[2];
    assert.equal(shop.frontLog.find((line) => line.trace_id === id).item, "moonlight");
    await page.back();
    await page.until("the errors after back", rows, shownOf(errors));
  },
};
