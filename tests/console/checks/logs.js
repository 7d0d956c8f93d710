// Logs: counts, facets, chips, drawer, live tail.
import assert from "node:assert/strict";
import { sendLog } from "../telemetry.js";

const query = (text) => encodeURIComponent(text);

export const logChecks = {
  "the list holds what was sent, and the volume's text says how much of each severity": async (page, sent) => {
    await page.open(`/logs?${sent.range}&q=${query(`service:${sent.front}`)}`);
    await page.until("every record", (count) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), sent.logs.length);
    const { counts } = await page.api(`/logs/histogram?${sent.range}&q=${query(`service:${sent.front}`)}&step_ms=60000`);
    const sum = (name) => counts[name].reduce((total, count) => total + count, 0);
    assert.deepEqual({ info: sum("info"), warn: sum("warn"), error: sum("error") }, sent.severities);
    await page.see(".volume .chart-box");
    const newest = sent.logs.toSorted((a, b) => b.timeMs - a.timeMs)[0];
    assert.equal((await page.texts(".log-row .log-body"))[0], newest.body);
  },

  "a facet asks only for its value, a chip is turned round and taken away": async (page, sent) => {
    await page.open(`/logs?${sent.range}&q=${query(`service:${sent.front}`)}`);
    await page.clickText(".facet", "warn");
    await page.until("warnings only", (count) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), sent.severities.warn);
    assert.deepEqual([...new Set(await page.texts(".log-row .severity"))], ["warn"]);
    await page.clickText(".chip button", "severity:warn");
    const others = sent.logs.length - sent.severities.warn;
    await page.until("all but warnings", (count) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), others);
    await page.back();
    await page.until("warnings again after back", (count) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), sent.severities.warn);
    await page.reload();
    await page.until("warnings after reload", (count) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === String(count), sent.severities.warn);
  },

  "words find bodies, and a record's drawer filters by its attributes and leads to its trace": async (page, sent) => {
    await page.open(`/logs?${sent.range}`);
    const log = sent.logs[0];
    await page.type("main [data-search]", `"${log.body}"`);
    await page.press("Enter");
    await page.until("the one record", () => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === "1");
    await page.click(".log-row");
    await page.see(".drawer");
    assert.ok((await page.text(".drawer")).includes(log.route));
    await page.evaluate(() => document.querySelector('.drawer button[aria-label^="Only http.route"]').click());
    await page.until("the condition as a chip", (route) => [...document.querySelectorAll(".chip")].some((chip) => chip.textContent.includes(`http.route:${route}`)), log.route);
    await page.click(".log-row");
    await page.clickText(".drawer a", `Trace ${log.traceId.slice(0, 8)}`);
    await page.until("the trace", (id) => window.location.pathname === `/trace/${id}` && document.querySelector(".span-row") !== null, log.traceId);
  },

  "the live tail shows a record that is sent now, and holds it back while paused": async (page, sent, otlp) => {
    await page.open(`/logs?tail=on&q=${query(`service:${sent.front}`)}`);
    await page.until("an open stream", () => document.querySelector(".page-head")?.textContent.includes("tailing"));
    await sendLog(otlp, sent, `tailed ${sent.run}`);
    await page.until("the record", (body) => [...document.querySelectorAll(".log-row")].some((row) => row.textContent.includes(body)), `tailed ${sent.run}`);
    await page.clickText(".page-head button", "Pause");
    await sendLog(otlp, sent, `held back ${sent.run}`);
    await page.until("one new record waiting", () => document.querySelector(".page-head")?.textContent.includes("1 new"));
    assert.ok(!(await page.texts(".log-row")).some((row) => row.includes("held back")));
    await page.clickText(".page-head button", "Go on");
    await page.until("the held record", (body) => [...document.querySelectorAll(".log-row")].some((row) => row.textContent.includes(body)), `held back ${sent.run}`);
  },
};
