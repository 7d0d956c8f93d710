// Entry of the browser checks: reads the arguments, runs every check in a page of its own, says what failed.
import { parseArgs } from "node:util";
import { Browser } from "./browser.js";
import { readShop, waitUntilShopIsStored } from "./shop.js";
import { makeTelemetry, sendTelemetry, waitUntilStored } from "./telemetry.js";
import { takeLiveScreenshots, takeScreenshots } from "./screenshots.js";
import { alarmChecks } from "./checks/alarms.js";
import { atWorkChecks } from "./checks/at_work.js";
import { logChecks } from "./checks/logs.js";
import { metricChecks } from "./checks/metrics.js";
import { overviewChecks } from "./checks/overview.js";
import { pipelineChecks } from "./checks/pipeline.js";
import { shellChecks } from "./checks/shell.js";
import { traceChecks } from "./checks/traces.js";
import { shopLogChecks } from "./checks/shop/logs.js";
import { shopMetricChecks } from "./checks/shop/metrics.js";
import { shopRequestChecks } from "./checks/shop/requests.js";
import { shopTraceChecks } from "./checks/shop/traces.js";
import { stationChecks } from "./checks/shop/station.js";

const { values: given } = parseArgs({
  options: { console: { type: "string" }, otlp: { type: "string" }, "at-work": { type: "string" }, shop: { type: "string" }, screenshots: { type: "string" }, only: { type: "string", default: "" } },
});
if (given.console === undefined || (given.otlp ?? given.shop ?? given.screenshots) === undefined) {
  console.error("usage: browser-checks --console URL [--otlp URL [--at-work SERVICE]] [--shop FILE] [--screenshots DIRECTORY] [--only PART]");
  process.exit(2);
}

const browser = await Browser.start(given.console);
let failed = 0;
try {
  const service = given["at-work"];
  if (service !== undefined) {
    await run(atWorkChecks, service);
    if (given.screenshots !== undefined) await takeLiveScreenshots(browser, given.screenshots, service);
  }
  if (given.otlp !== undefined) await checkMadeTelemetry();
  const shop = given.shop === undefined ? undefined : await waitUntilShopIsStored(browser, readShop(given.shop));
  if (shop !== undefined) await run({ ...shopRequestChecks, ...shopTraceChecks, ...shopLogChecks, ...shopMetricChecks, ...stationChecks }, shop);
  if (given.screenshots !== undefined && service === undefined) await takeScreenshots(browser, given.screenshots, shop?.range);
} finally {
  await browser.close();
}
if (failed > 0) process.exitCode = 1;
console.log(failed === 0 ? "all hold" : `${failed} failed`);

async function checkMadeTelemetry() {
  const sent = makeTelemetry(Date.now());
  await sendTelemetry(given.otlp, sent);
  await waitUntilStored(browser, sent);
  await run({ ...overviewChecks, ...traceChecks, ...logChecks, ...metricChecks, ...alarmChecks, ...pipelineChecks, ...shellChecks }, sent, given.otlp);
}

/** Each check is told what there has to be seen. */
async function run(checks, ...told) {
  for (const [name, check] of Object.entries(checks)) {
    if (!name.includes(given.only)) continue;
    const page = await browser.page();
    try {
      await check(page, ...told);
      page.expectNothingWrong();
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}: ${error.message}\n     at ${page.address()}${page.wrong().map((line) => `\n     ${line}`).join("")}`);
    } finally {
      await page.close();
    }
  }
}
