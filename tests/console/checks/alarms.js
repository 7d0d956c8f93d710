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
    await page.clickText("table.data tbody tr", alarms[0].name);
    await page.see(".drawer");
    assert.ok((await page.text(".drawer")).includes(alarms[0].reason));
    await page.reload();
    await page.see(".drawer");
  },
};
