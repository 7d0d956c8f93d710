// While a service is at work: what it does now, seen as it happens.
import assert from "node:assert/strict";

export const atWorkChecks = {
  "the live tail goes on with what a service at work logs, and with nothing else": async (page, service) => {
    await page.open(`/logs?tail=on&q=service:${service}`);
    await page.until("several records", () => document.querySelectorAll(".log-row").length >= 5);
    const first = await page.text(".log-row");
    await page.until("newer records above them", (before) => document.querySelector(".log-row").textContent.replace(/\s+/g, " ").trim() !== before, first);
    assert.deepEqual([...new Set(await page.texts(".log-row .log-service"))], [service]);
  },

  "the graph says what flows, and a tap on an edge shows it, all of it or what a query picks": async (page) => {
    const { components, edges } = await page.api("/pipelines");
    const receiver = components.find((component) => component.kind === "receiver" && component.type === "otlp");
    const edge = edges.find((one) => one.from === receiver.node && one.signal === "traces");
    await page.open(`/pipeline?edge=${encodeURIComponent(edge.id)}`);
    await page.until("spans", () => document.querySelectorAll("[data-tap-item]").length >= 5);
    await page.until("a rate at an edge of traces", () => /[1-9]/.test(document.querySelector("g.pipe.traces .edge-label")?.textContent ?? ""));
    await page.type(".tap-query", 'name:"SELECT stock"');
    await page.press("Enter");
    await page.until("queries of the database alone", () => {
      const items = [...document.querySelectorAll("[data-tap-item]")];
      return items.length >= 3 && items.every((item) => item.textContent.includes('"SELECT stock"'));
    });
  },
};
