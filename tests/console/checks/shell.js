// What all pages share: keys, theme, time range, what happens where nothing is, the policy of the page.
import assert from "node:assert/strict";

export const shellChecks = {
  "keys lead to pages, to the search field and through rows": async (page, sent) => {
    await page.open(`/?${sent.range}`);
    await page.see("table.data tbody tr[data-row]");
    await page.press("j");
    assert.ok(await page.evaluate(() => document.activeElement?.hasAttribute("data-row")), "j takes the first row");
    await page.press("g", "l");
    await page.until("logs", () => window.location.pathname === "/logs");
    assert.ok(page.address().includes(`from=${sent.from}`), "the time range is kept");
    await page.see("main [data-search]");
    await page.press("/");
    await page.until("the search field", () => document.activeElement?.hasAttribute("data-search"));
    await page.press("Escape");
    await page.press("?");
    await page.see("dialog[open]");
    await page.press("Escape");
    await page.until("no dialog", () => document.querySelector("dialog[open]") === null);
  },

  "the theme is chosen, kept, and light or dark to the eye": async (page) => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateDark();
    await page.open("/");
    const dark = await background();
    await page.click('button[aria-label^="Theme"]');
    await page.until("the light theme", () => document.documentElement.dataset.theme === "light");
    assert.notEqual(await background(), dark);
    await page.reload();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
    await page.click('button[aria-label^="Theme"]');
    await page.click('button[aria-label^="Theme"]');
  },

  "the time range is chosen from the list and from the fields": async (page) => {
    await page.open("/traces");
    await page.click(".time-text");
    await page.clickText(".time-popover .choices button", "Last 6h");
    await page.until("six hours", () => window.location.search.includes("last=6h") && document.querySelector(".time-text")?.textContent === "Last 6h");
    await page.click(".time-text");
    await page.type('.time-popover input[name="span"]', "90m");
    await page.press("Enter");
    await page.until("ninety minutes", () => window.location.search.includes("last=90m"));
    await page.back();
    await page.until("six hours again", () => document.querySelector(".time-text")?.textContent === "Last 6h");
  },

  "a range without data teaches what to do": async (page) => {
    await page.open("/traces?from=1000000000000&to=1000000360000");
    assert.match(await page.text(".empty h2"), /No traces/);
  },

  "an address of no page says so": async (page) => {
    await page.page.goto(`${page.browser.base}/nowhere`);
    await page.until("the sentence", () => document.body.textContent.includes("No such page"));
  },

  "the page is sent with a policy that allows nothing from elsewhere": async (page) => {
    const response = await fetch(`${page.browser.base}/`);
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src '(self|none)'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    for (const path of ["/service/a%2Fb", "/dashboards/host/x", "/trace/00"]) assert.equal((await fetch(page.browser.base + path)).status, 200, path);
    assert.equal((await fetch(`${page.browser.base}/pages/none.js`)).status, 404);
  },
};
