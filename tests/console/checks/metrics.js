// Metrics, dashboards and hosts: what is drawn is what the API answers, which is what was sent.
import assert from "node:assert/strict";

export const metricChecks = {
  "a metric is found by a part of its name and drawn with the values that were sent": async (page, sent) => {
    await page.open(`/metrics?${sent.range}`);
    await page.type("main [data-search]", sent.gauge);
    await page.clickText(".metric-row", sent.gauge);
    await page.until("the metric", (name) => document.querySelector("h1")?.textContent === name, sent.gauge);
    const { series } = await page.api(`/metrics/query?${sent.range}&name=${sent.gauge}&aggregation=maximum&step_ms=15000`);
    assert.deepEqual(series[0].values.filter((value) => value !== null), sent.gaugeValues);
    await page.clickText(".segments button", "maximum");
    await page.until("highest and lowest value in the chart's text", () => /lowest .*highest 42 item/.test(document.querySelector(".metric-detail .chart-box")?.getAttribute("aria-label") ?? ""));
    await page.clickText(".split-by button", "tier");
    await page.until("a series named by the attribute", () => document.querySelector(".metric-detail .legend")?.textContent.includes("gold"));
    await page.reload();
    await page.until("the same after reload", () => document.querySelector(".metric-detail .legend")?.textContent.includes("gold"));
  },

  "a histogram is drawn as quantile and heatmap, and its exemplar leads to the trace": async (page, sent) => {
    await page.open(`/metrics?${sent.range}&name=${sent.histogram}`);
    await page.until("the heatmap", () => [...document.querySelectorAll(".chart-box")].some((box) => box.getAttribute("aria-label")?.startsWith("Heatmap of Distribution: 10 values")));
    await page.click(".chart-mark");
    await page.until("the trace of the exemplar", (id) => window.location.pathname === `/trace/${id}`, sent.traces[0].id);
  },

  "an exemplar far from the values of its chart is held at the edge and leads to its trace": async (page, sent) => {
    // Whole minutes that each have all of their thousand, so that the chart is a flat line.
    const range = `from=${sent.start + 60_000}&to=${sent.start + 240_000}`;
    await page.open(`/metrics?${range}&name=${sent.counter}&aggregation=increase`);
    await page.click(".chart-mark");
    await page.until("the trace of the exemplar", (id) => window.location.pathname === `/trace/${id}`, sent.traces[1].id);
  },

  "dragging over a chart zooms every page, and back undoes it": async (page, sent) => {
    await page.open(`/metrics?${sent.range}&name=${sent.gauge}`);
    await page.see(".metric-detail .u-over");
    const box = await page.evaluate(() => {
      const { left, top, width, height } = document.querySelector(".metric-detail .u-over").getBoundingClientRect();
      return { left, top, width, height };
    });
    await page.page.mouse.move(box.left + box.width * 0.5, box.top + box.height / 2);
    await page.page.mouse.down();
    await page.page.mouse.move(box.left + box.width * 0.8, box.top + box.height / 2, { steps: 5 });
    await page.page.mouse.up();
    await page.until("a narrower range", (from) => Number(new URLSearchParams(window.location.search).get("from")) > from, sent.from);
    const zoomed = new URL(page.address()).searchParams;
    await page.clickText(".navigation a", "Logs");
    await page.until("the logs page with the range", (from) => window.location.pathname === "/logs" && new URLSearchParams(window.location.search).get("from") === from, zoomed.get("from"));
    await page.back();
    await page.back();
    await page.until("the first range", (from) => Number(new URLSearchParams(window.location.search).get("from")) === from, sent.from);
  },

  "every dashboard of the list opens and none of its panels fails": async (page, sent) => {
    const { dashboards } = await page.api("/dashboards");
    assert.ok(dashboards.some((dashboard) => dashboard.id === "weir"), "Weir's own dashboard");
    assert.ok(dashboards.some((dashboard) => dashboard.id === `service/${sent.front}`), "the service's dashboard");
    await page.open(`/dashboards?${sent.range}`);
    await page.until("every dashboard", (count) => document.querySelectorAll(".card").length === count, dashboards.length);
    for (const id of ["weir", `service/${sent.front}`]) {
      await page.open(`/dashboards/${id}?${sent.range}`);
      await page.until("panels that have their answers", () => document.querySelectorAll(".dashboard-panel .panel:not(.waiting)").length > 0 && document.querySelectorAll(".dashboard-panel [aria-busy=true]:not(.waiting)").length === 0);
      assert.deepEqual(await page.texts(".dashboard-panel .notice.failed"), []);
    }
  },

  "hosts are those of the API": async (page) => {
    const to = Date.now() + 60_000;
    const range = `from=${to - 1200_000}&to=${to}`;
    const { hosts } = await page.api(`/hosts?${range}`);
    await page.open(`/hosts?${range}`);
    if (hosts.length === 0) await page.see(".empty h2");
    else await page.until("every host", (names) => names.every((name) => document.querySelector("table.data")?.textContent.includes(name)), hosts.map((host) => host.name));
  },
};
