// The live pipeline: the graph of the API, configuration with its place, a tap that shows what is sent now.
import assert from "node:assert/strict";
import { sendSpan } from "../telemetry.js";

export const pipelineChecks = {
  "the graph holds every component, connectors at both ends": async (page) => {
    const { components, edges } = await page.api("/pipelines");
    await page.open("/pipeline");
    await page.see("g.component");
    const drawn = components.filter((component) => component.kind !== "extension");
    const connectors = components.filter((component) => component.kind === "connector");
    assert.equal((await page.texts("g.component")).length, drawn.length + connectors.length);
    assert.equal((await page.texts("g.pipe")).length, edges.length);
  },

  "a component shows its configuration and where it was written": async (page) => {
    const { components } = await page.api("/pipelines");
    const receiver = components.find((component) => component.kind === "receiver" && component.type === "otlp");
    await page.open("/pipeline");
    await page.see("g.component.receiver");
    await page.evaluate((id) => [...document.querySelectorAll("g.component.receiver")].find((node) => node.getAttribute("aria-label").startsWith(`receiver ${id},`)).dispatchEvent(new window.MouseEvent("click", { bubbles: true })), receiver.id);
    await page.see(".drawer .configuration");
    assert.equal(await page.evaluate(() => document.querySelector(".drawer .configuration").textContent), receiver.config);
    assert.ok((await page.text(".drawer")).includes(`${receiver.source.file}:${receiver.source.line}`));
    await page.reload();
    await page.see(".drawer .configuration");
  },

  "a tap on an edge shows a span that is sent now": async (page, sent, otlp) => {
    const { components, edges } = await page.api("/pipelines");
    const receiver = components.find((component) => component.kind === "receiver" && component.type === "otlp");
    const edge = edges.find((one) => one.from === receiver.node && one.signal === "traces");
    await page.open(`/pipeline?edge=${encodeURIComponent(edge.id)}`);
    await page.until("an open tap", () => document.querySelector(".drawer")?.textContent.includes("Waiting for something to flow"));
    await sendSpan(otlp, sent, `tapped ${sent.run}`);
    await page.until("the span", (name) => [...document.querySelectorAll("[data-tap-item]")].some((item) => item.textContent.includes(name)), `tapped ${sent.run}`);
    await page.press("Escape");
    await page.until("the drawer closed", () => document.querySelector(".drawer") === null);
  },
};
