// Traces and the waterfall: search, order, a trace of 50,000 spans.
import assert from "node:assert/strict";
import { BIG_TRACE_SPANS } from "../telemetry.js";

const ROWS = "table.data tbody tr[data-row]";

export const traceChecks = {
  "the form finds the traces the API finds, and its fields stay in the address": async (page, sent) => {
    await page.open(`/traces?${sent.range}&service=${sent.checkout}`);
    await page.see(ROWS);
    const all = await page.api(`/traces?${sent.range}&service=${sent.checkout}&limit=200`);
    assert.equal(all.traces.length, sent.traces.length);
    await page.until("all traces", (count) => document.querySelector("table.data")?.getAttribute("aria-rowcount") === String(count), all.traces.length);
    await page.page.select(".form-grid label:nth-child(3) select", "error");
    await page.until("failed traces only", (count) => window.location.search.includes("status=error") && document.querySelector("table.data")?.getAttribute("aria-rowcount") === String(count), sent.failedTraces);
    await page.reload();
    await page.until("the same after reload", (count) => document.querySelector("table.data")?.getAttribute("aria-rowcount") === String(count), sent.failedTraces);
    await page.back();
    await page.until("all again after back", (count) => document.querySelector("table.data")?.getAttribute("aria-rowcount") === String(count), all.traces.length);
  },

  "a row opens its trace with every span in order": async (page, sent) => {
    const trace = sent.traces[0];
    await page.open(`/traces?${sent.range}&service=${sent.checkout}&q=${encodeURIComponent(`trace:${trace.id}`)}`);
    await page.see(ROWS);
    await page.clickText(`${ROWS} a`, "POST /checkout");
    await page.see(".span-row");
    assert.ok(page.address().includes(`/trace/${trace.id}`));
    const rows = await page.texts(".span-row .span-name");
    assert.deepEqual(rows.map((row) => row.replace(/^[▾▸ ]+/, "")), [`${sent.front} POST /checkout`, `${sent.front} PlaceOrder`, `${sent.checkout} PlaceOrder!`]);
  },

  "a span opens its drawer, which leads to the logs of the trace": async (page, sent) => {
    const trace = sent.traces[0];
    await page.open(`/trace/${trace.id}`);
    await page.clickText(".span-row", sent.checkout);
    await page.see(".drawer");
    assert.ok((await page.text(".drawer")).includes("card declined"));
    await page.reload();
    await page.see(".drawer");
    await page.clickText(".drawer a", "Logs of the trace");
    const expected = sent.logs.filter((log) => log.traceId === trace.id);
    await page.until("its log records", (bodies) => bodies.every((body) => document.body.textContent.includes(body)), expected.map((log) => log.body));
    assert.equal((await page.texts(".log-row")).length, expected.length);
  },

  "a trace of 50,000 spans opens, scrolls to its end, and is searched, with few rows in the document": async (page, sent) => {
    await page.open(`/trace/${sent.bigTraceId}`);
    await page.see(".span-row");
    const spans = () => page.evaluate(() => Number(document.querySelector("[role=treegrid]").getAttribute("aria-rowcount")));
    assert.equal(await spans(), BIG_TRACE_SPANS);
    for (let part = 1; part <= 20; part += 1) {
      await page.evaluate((share) => new Promise((resolve) => {
        const list = document.querySelector(".waterfall-rows");
        list.scrollTop = list.scrollHeight * share;
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }), part / 20);
      const drawn = (await page.texts(".span-row")).length;
      assert.ok(drawn > 10 && drawn < 150, `${drawn} rows are drawn`);
    }
    await page.until("the last row", (last) => [...document.querySelectorAll(".span-row")].some((row) => row.getAttribute("aria-rowindex") === String(last)), BIG_TRACE_SPANS);
    await page.type("main [data-search]", "43210");
    await page.press("Enter");
    await page.until("the span that was looked for", () => document.querySelector(".span-row.selected")?.textContent.includes("step 10"));
    assert.ok((await page.text(".drawer")).includes("43210"));
    await page.clickText("button", "Collapse all");
    await page.until("the root alone", () => document.querySelector("[role=treegrid]").getAttribute("aria-rowcount") === "1");
    await page.clickText("button", "Expand all");
    await page.until("all again", (count) => document.querySelector("[role=treegrid]").getAttribute("aria-rowcount") === String(count), BIG_TRACE_SPANS);
  },

  "a trace id in the search field opens the trace": async (page, sent) => {
    await page.open("/");
    await page.type(".top-bar [data-search]", sent.traces[3].id);
    await page.press("Enter");
    await page.until("the trace", (id) => window.location.pathname === `/trace/${id}` && document.querySelector(".span-row") !== null, sent.traces[3].id);
  },

  "a trace that is not there is said to be not there": async (page) => {
    await page.open(`/trace/${"0123456789abcdef".repeat(2)}`);
    await page.see(".empty h2");
    // The answer's status is 404 by design, which the browser itself writes to the console.
    const own = page.wrong().filter((line) => !line.includes("404"));
    page.wrong().length = 0;
    assert.deepEqual(own, []);
  },
};
