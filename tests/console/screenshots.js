// Pictures of the pages for the documentation, of whatever telemetry the running Weir holds.
import fs from "node:fs/promises";
import path from "node:path";

const SETTLED_MS = 1500;

/** @param shown parameters of the time that is shown; what the pages show by themselves where there are none */
export async function takeScreenshots(browser, directory, shown = "") {
  await fs.mkdir(directory, { recursive: true });
  const range = shown || lastHour();
  const { services } = await browser.api(`/services?${range}`);
  const { traces } = await browser.api(`/traces?${range}&order=longest&limit=50`);
  const busiest = services.toSorted((a, b) => b.requests - a.requests)[0]?.name ?? "";
  const worst = services.toSorted((a, b) => b.error_share - a.error_share)[0]?.name ?? "";
  const telling = traces.toSorted((a, b) => b.services.length - a.services.length || b.spans - a.spans)[0];
  const { metrics } = await browser.api(`/metrics?${range}`);
  const histogram = metrics.find((metric) => metric.kind === "histogram" && metric.name.includes("duration")) ?? metrics[0];
  const { hosts } = await browser.api(`/hosts?${range}`);
  const pages = [
    ["overview", "/"],
    ["service", `/service/${encodeURIComponent(worst)}`],
    ["service-map", "/map"],
    ["traces", "/traces"],
    ["trace", telling ? `/trace/${telling.trace_id}` : null],
    ["logs", "/logs"],
    ["metrics", histogram ? `/metrics?name=${encodeURIComponent(histogram.name)}` : null],
    ["dashboard", `/dashboards/service/${encodeURIComponent(busiest)}`],
    ["host", hosts[0] ? `/dashboards/host/${encodeURIComponent(hosts[0].name)}` : null],
    ["hosts", "/hosts"],
    ["alarms", "/alarms"],
    ["pipeline", "/pipeline"],
  ];
  for (const [name, address] of pages) {
    if (address === null) continue;
    await take(browser, within(address, shown), path.join(directory, `${name}.png`), false);
  }
  await take(browser, within("/", shown), path.join(directory, "overview-dark.png"), true);
  if (telling) await take(browser, `/trace/${telling.trace_id}`, path.join(directory, "trace-dark.png"), true);
}

/** What is to be seen only while a service is at work. */
export async function takeLiveScreenshots(browser, directory, service) {
  await fs.mkdir(directory, { recursive: true });
  const { components, edges } = await browser.api("/pipelines");
  const receiver = components.find((component) => component.kind === "receiver" && component.type === "otlp");
  const edge = edges.find((one) => one.from === receiver.node && one.signal === "traces");
  const ratesAreThere = async (page) => page.until("rates of traces and metrics", () => document.querySelector("g.pipe.traces .edge-label") !== null && document.querySelector("g.pipe.metrics .edge-label") !== null);
  await take(browser, "/pipeline", path.join(directory, "pipeline-at-work.png"), false, ratesAreThere);
  await take(browser, `/logs?tail=on&q=service:${service}`, path.join(directory, "live-tail.png"), false, async (page) => page.until("a full page of records", () => document.querySelectorAll(".log-row").length > 25));
  await take(browser, `/pipeline?edge=${encodeURIComponent(edge.id)}`, path.join(directory, "tap.png"), false, async (page) => page.see("[data-tap-item]"));
}

async function take(browser, address, file, dark, hasCome = async () => {}) {
  const page = await browser.page(1440, 860);
  try {
    if (dark) await page.emulateDark();
    await page.open(address);
    await hasCome(page);
    await page.until("no panel that still waits", () => document.querySelectorAll("[aria-busy=true]:not(.waiting)").length === 0);
    // Streams have no end to wait for; one tick of them is enough for a picture.
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    await page.page.screenshot({ path: file });
    console.log(file);
  } finally {
    await page.close();
  }
}

function within(address, shown) {
  return `${address}${address.includes("?") ? "&" : "?"}${shown}`;
}

function lastHour() {
  const to = Date.now();
  return `from=${to - 3600_000}&to=${to}`;
}
