// Entry of the browser checks: reads the arguments, sends telemetry, runs every check in a page of its own, says what failed.
import { parseArgs } from "node:util";
import { Browser } from "./browser.js";
import { makeTelemetry, sendTelemetry, waitUntilStored } from "./telemetry.js";
import { takeScreenshots } from "./screenshots.js";
import { alarmChecks } from "./checks/alarms.js";
import { logChecks } from "./checks/logs.js";
import { metricChecks } from "./checks/metrics.js";
import { overviewChecks } from "./checks/overview.js";
import { pipelineChecks } from "./checks/pipeline.js";
import { shellChecks } from "./checks/shell.js";
import { traceChecks } from "./checks/traces.js";

const { values: given } = parseArgs({
  options: { console: { type: "string" }, otlp: { type: "string" }, screenshots: { type: "string" }, only: { type: "string", default: "" } },
});
if (given.console === undefined || (given.otlp === undefined && given.screenshots === undefined)) {
  console.error("usage: browser-checks --console URL --otlp URL [--only PART] | --console URL --screenshots DIR");
  process.exit(2);
}

const browser = await Browser.start(given.console);
try {
  if (given.screenshots !== undefined) await takeScreenshots(browser, given.screenshots);
  else await runChecks();
} finally {
  await browser.close();
}

async function runChecks() {
  const sent = makeTelemetry(Date.now());
  await sendTelemetry(given.otlp, sent);
  await waitUntilStored(browser, sent);
  const checks = { ...overviewChecks, ...traceChecks, ...logChecks, ...metricChecks, ...alarmChecks, ...pipelineChecks, ...shellChecks };
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    if (!name.includes(given.only)) continue;
    const page = await browser.page();
    try {
      await check(page, sent, given.otlp);
      page.expectNothingWrong();
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}: ${error.message}\n     at ${page.address()}${page.wrong().map((line) => `\n     ${line}`).join("")}`);
    } finally {
      await page.close();
    }
  }
  console.log(failed === 0 ? "all hold" : `${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
