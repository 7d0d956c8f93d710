// Alarms: states, reasons and history as the API has them.
import assert from "node:assert/strict";

export const alarmChecks = {
  "alarms are those of the API, each with its reason and rule": async (page, sent) => {
    const { alarms } = await page.api("/alarms");
    await page.open(`/alarms?${sent.range}`);
    if (alarms.length === 0) {
      assert.equal(await page.text(".empty h2"), "No alarms yet");
      return;
    }
    await page.until("every alarm", (count) => document.querySelector("table.data")?.getAttribute("aria-rowcount") === String(count), alarms.length);
    // By script: a row may grow with a longer reason between the press and the release of a pointer.
    await page.evaluate((name) => [...document.querySelectorAll("table.data tbody tr")].find((row) => row.textContent.includes(name)).click(), alarms[0].name);
    await page.see(".drawer");
    const { alarms: now } = await page.api("/alarms");
    const reason = now.find((alarm) => alarm.name === alarms[0].name).reason;
    await page.until("its reason", (wanted) => document.querySelector(".drawer")?.textContent.includes(wanted), reason);
    await page.reload();
    await page.see(".drawer");
  },
};
