// Overview, service and service map: the numbers of the API, what was sent, and the ways between pages.
import assert from "node:assert/strict";
import { formatDuration, formatRate, formatShare } from "../../../ui/format.js";

export const overviewChecks = {
  "overview shows every service with the numbers of the API, which are what was sent": async (page, sent) => {
    const { services } = await page.api(`/services?${sent.range}`);
    const checkout = services.find((service) => service.name === sent.checkout);
    assert.equal(checkout.requests, sent.traces.length);
    assert.equal(checkout.errors, sent.failedTraces);
    await page.open(`/?${sent.range}`);
    await page.see("table.data tbody tr[data-row]");
    assert.equal(await page.evaluate(() => Number(document.querySelector("table.data").ariaRowCount ?? document.querySelector("table.data").getAttribute("aria-rowcount"))), services.length);
    const row = (await page.texts("table.data tbody tr[data-row]")).find((text) => text.startsWith(sent.checkout));
    assert.ok(row.includes(formatRate(checkout.rate)), row);
    assert.ok(row.includes(formatShare(checkout.error_share)), row);
    assert.ok(row.includes(formatDuration(checkout.p95_ms)), row);
  },

  "overview puts what is most wrong first, and another order on a click, kept by reload": async (page, sent) => {
    await page.open(`/?${sent.range}&filter=${sent.run}`);
    await page.see("table.data tbody tr[data-row]");
    const names = () => page.texts("table.data tbody tr[data-row] .service-name");
    assert.equal((await names())[0], sent.checkout);
    await page.clickText("th button", "Service");
    await page.clickText("th button", "Service");
    await page.clickText("th button", "p50");
    await page.until("the order in the address", () => window.location.search.includes("sort=-p50"));
    const ordered = await names();
    await page.reload();
    await page.see("table.data tbody tr[data-row]");
    assert.deepEqual(await names(), ordered);
  },

  "a service leads to its page, and back to where one was": async (page, sent) => {
    await page.open(`/?${sent.range}&filter=${sent.run}`);
    await page.clickText("table.data tbody .service-name", sent.checkout);
    await page.until("the service's page", (name) => window.location.pathname === `/service/${name}` && document.querySelector("h1")?.textContent === name, sent.checkout);
    assert.ok(page.address().includes(sent.range), "the time range is kept");
    await page.clickText("table.data a", "PlaceOrder");
    await page.until("traces of the operation", (name) => window.location.pathname === "/traces" && new URLSearchParams(window.location.search).get("service") === name, sent.checkout);
    await page.back();
    await page.back();
    await page.until("the overview again", () => window.location.pathname === "/" && document.querySelector("h1")?.textContent === "Overview");
    assert.ok(page.address().includes(`filter=${sent.run}`));
  },

  "the service map draws every node and call of the API, and the same as a table": async (page, sent) => {
    const map = await page.api(`/map?${sent.range}`);
    const edge = map.edges.find((one) => one.client === sent.front && one.server === sent.checkout);
    assert.equal(edge.requests, sent.traces.length);
    assert.equal(edge.errors, sent.failedTraces);
    await page.open(`/map?${sent.range}&focus=${sent.front}`);
    await page.see(".map-node");
    assert.equal((await page.texts(".map-node")).length, 2);
    const words = await page.evaluate(() => document.querySelector(".map-edge").getAttribute("aria-label"));
    assert.equal(words, `${sent.front} to ${sent.checkout}: ${formatRate(edge.rate)}, p95 ${formatDuration(edge.p95_ms)}, ${formatShare(edge.error_share)} failed`);
    await page.clickText(".segments button", "Table");
    await page.see("table.data tbody tr[data-row]");
    assert.equal((await page.texts("table.data tbody tr[data-row]")).length, 1);
    await page.back();
    await page.see(".map-node");
  },
};
