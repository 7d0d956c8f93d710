// What the station knows by itself beside the shop: this host, and the alarms of pipelines/default.yaml.
import assert from "node:assert/strict";
import os from "node:os";
import { formatNumber, formatShare } from "../../../../ui/format.js";
import { near, shownOf } from "./expected.js";

const RULES = ["disk nearly full", "memory nearly full", "processors busy", "queue nearly full", "request flood", "requests are slow", "requests fail", "telemetry is dropped"];

const MOST_LOOKS = 60;
const BETWEEN_LOOKS_MS = 500;

export const stationChecks = {
  "station: this host is as busy and as full as its metrics say, and leads to what runs on it": async (page, shop) => {
    const { hosts } = await page.api(`/hosts?${shop.range}`);
    const host = hosts.find((one) => one.name === shop.host);
    assert.deepEqual(host.services.toSorted(), ["shop-front", "shop-stock"]);
    const newest = async (metric, q) => {
      const { series } = await page.api(`/metrics/query?${shop.range}&name=${metric}&aggregation=last&step_ms=10000&group_by=mountpoint&q=${encodeURIComponent(`host.name:${shop.host} ${q}`)}`);
      return Math.max(...series.map((one) => one.values.findLast((value) => value !== null)));
    };
    near(host.memory_share, await newest("system.memory.utilization", "state:used"), "memory");
    near(host.memory_share * os.totalmem(), await newest("system.memory.usage", "state:used"), "bytes of memory");
    near(host.disk_share, await newest("system.filesystem.utilization", ""), "disk");
    near(host.load_1m, await newest("system.cpu.load_average.1m", ""), "load");
    assert.ok(host.cpu_share > 0 && host.cpu_share <= 1, `CPU ${host.cpu_share}`);
    await page.open(`/hosts?${shop.range}`);
    await page.until("the host", (name) => document.querySelector("table.data")?.textContent.includes(name), shop.host);
    const row = (await page.texts("table.data tbody tr[data-row]")).find((text) => text.startsWith(shop.host));
    for (const text of [formatShare(host.cpu_share), formatShare(host.memory_share), formatShare(host.disk_share), formatNumber(host.load_1m)]) assert.ok(row.includes(text), `${text} is not in ${row}`);
    await page.clickText("table.data .row-links a", "logs");
    await page.until("the records of the host in the same time", (range, count) => window.location.search.includes(range) && document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), shop.range, shownOf(shop.stockLog.length));
    await page.back();
    await page.clickText("table.data b", shop.host);
    await page.until("its dashboard in the same time", (range, name) => window.location.pathname === `/dashboards/host/${name}` && window.location.search.includes(range), shop.range, shop.host);
  },

  "station: processors are busy for as long as there are processors, however short the steps": async (page, shop) => {
    const { series } = await page.api(`/metrics/query?${shop.range}&name=system.cpu.time&aggregation=rate&step_ms=1000&q=host.name:${shop.host}`);
    // The first and the last step have points for a part of their time.
    const rates = series[0].values.slice(1, -1);
    assert.ok(rates.length > 10, `${rates.length} steps`);
    const middle = rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)];
    assert.equal(Math.round(middle), os.cpus().length, `${middle} seconds of CPU a second`);
  },

  "station: the rules it ships with are there, and have fired for the shop's failures alone": async (page, shop) => {
    const alarms = await alarmsWithReasons(page);
    assert.deepEqual(alarms.map((alarm) => alarm.name).toSorted(), RULES);
    const { changes } = await page.api(`/alarms/history?${shop.range}&limit=200`);
    const fired = changes.filter((change) => change.state === "ALARM" && change.labels["service.name"]?.startsWith("shop-"));
    assert.deepEqual(fired.map((change) => [change.name, change.labels["service.name"]]), [["requests fail", "shop-front"]]);
    await page.open(`/alarms?${shop.range}`);
    await page.until("every rule and every change", (...counts) => [...document.querySelectorAll("table.data")].map((table) => table.getAttribute("aria-rowcount")).join() === counts.join(), RULES.length, changes.length);
    const rows = await page.texts("table.data tbody tr[data-row]");
    assert.ok(rows.some((row) => row.includes(fired[0].reason)), fired[0].reason);
    for (const rule of RULES) assert.ok(rows.some((row) => row.includes(rule)), rule);
  },

  "station: an alarm tells its rule and history, and leads to what it looks at": async (page, shop) => {
    await page.open(`/alarms?${shop.range}`);
    await page.until("the rules", (count) => document.querySelector("table.data")?.getAttribute("aria-rowcount") === String(count), RULES.length);
    await page.evaluate(() => [...document.querySelectorAll("table.data tbody tr")].find((row) => row.textContent.includes("requests fail")).click());
    await page.until("its drawer with the series of the shop", () => document.querySelector(".drawer")?.textContent.includes("shop-front"));
    const { changes } = await page.api(`/alarms/history?${shop.range}&name=${encodeURIComponent("requests fail")}`);
    await page.until("its own history", (count) => [...document.querySelectorAll("table.data")].find((table) => table.caption?.textContent === "Changes of state")?.getAttribute("aria-rowcount") === String(count), changes.length);
    await page.reload();
    await page.clickText(".drawer a", "traces.span.metrics.calls");
    await page.until("the metric in the same time", (range) => document.querySelector("h1")?.textContent === "traces.span.metrics.calls" && window.location.search.includes(range), shop.range);
    await page.back();
    await page.until("the alarm again", () => document.querySelector(".drawer")?.textContent.includes("More than 5 % of the requests to a service fail."));
  },
};

/** A state is told as a metric at once; why it changed comes as a log record, with the next batch. */
async function alarmsWithReasons(page) {
  let silent = [];
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const { alarms } = await page.api("/alarms");
    silent = alarms.flatMap((alarm) => alarm.series.filter((series) => series.reason === "").map((series) => [alarm.name, series]));
    if (silent.length === 0) return alarms;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_LOOKS_MS));
  }
  return assert.fail(`no reason is said for ${JSON.stringify(silent)}`);
}
