// A page of Chromium that is watched: what it asks outside its origin, what it writes to its console, what it throws.
import assert from "node:assert/strict";
import path from "node:path";
import { createRequire } from "node:module";

// Packages lie in the cache, not beside this file.
const puppeteer = createRequire(path.join(process.env.CONSOLE_PACKAGES ?? ".", "package.json"))("puppeteer-core");

// A bound, not a measure: a debug build opens the largest trace in tens of seconds.
const WAIT_MS = 90_000;

export class Browser {
  constructor(chromium, base) {
    this.chromium = chromium;
    this.base = base.replace(/\/$/, "");
  }

  static async start(base) {
    const chromium = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
    return new Browser(chromium, base);
  }

  /** An answer of the API, asked outside the browser. */
  async api(address) {
    const response = await fetch(`${this.base}/api/v1${address}`);
    const text = await response.text();
    assert.ok(response.ok, `${address} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  async page(width = 1440, height = 900) {
    const page = await this.chromium.newPage();
    await page.setViewport({ width, height });
    return new WatchedPage(page, this);
  }

  async close() {
    await this.chromium.close();
  }
}

export class WatchedPage {
  #wrong = [];

  constructor(page, browser) {
    this.page = page;
    this.browser = browser;
    const origin = new URL(browser.base).origin;
    page.on("console", (message) => {
      if (["error", "warn"].includes(message.type())) this.#wrong.push(`console: ${message.text()} ${message.location().url ?? ""}`);
    });
    page.on("pageerror", (error) => this.#wrong.push(`thrown: ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== origin && !["data:", "blob:"].includes(url.protocol)) this.#wrong.push(`asked outside its origin: ${request.url()}`);
    });
  }

  api(address) {
    return this.browser.api(address);
  }

  wrong() {
    return this.#wrong;
  }

  expectNothingWrong() {
    assert.equal(this.#wrong.length, 0, "the browser complained");
  }

  address() {
    return this.page.url();
  }

  async open(address) {
    await this.page.goto(this.browser.base + address);
    await this.see("main .page");
  }

  async reload() {
    await this.page.reload();
    await this.see("main .page");
  }

  async back() {
    await this.page.goBack();
    await this.see("main .page");
  }

  /** Waits until an element is there. */
  async see(selector) {
    await this.page.waitForSelector(selector, { timeout: WAIT_MS });
  }

  async click(selector) {
    await this.see(selector);
    // A real click lands where the element is; elements that move while data arrives are clicked by script.
    await this.page.$eval(selector, (element) => element.scrollIntoView({ block: "center" }));
    await this.page.click(selector);
  }

  async clickText(selector, text) {
    await this.until(`a ${selector} with "${text}"`, (wanted, words) => [...document.querySelectorAll(wanted)].some((one) => one.textContent.includes(words)), selector, text);
    const handle = await this.page.evaluateHandle((wanted, words) => [...document.querySelectorAll(wanted)].find((one) => one.textContent.includes(words)), selector, text);
    await handle.asElement().click();
  }

  async type(selector, text) {
    await this.see(selector);
    await this.page.click(selector, { count: 3 });
    await this.page.type(selector, text);
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Waits until a condition holds inside the page; says what was waited for. */
  async until(what, condition, ...given) {
    try {
      await this.page.waitForFunction(condition, { timeout: WAIT_MS }, ...given);
    } catch (error) {
      throw new Error(`never seen: ${what}`, { cause: error });
    }
  }

  evaluate(script, ...given) {
    return this.page.evaluate(script, ...given);
  }

  /** Texts of all elements, spaces joined. */
  texts(selector) {
    return this.page.$$eval(selector, (found) => found.map((one) => one.textContent.replace(/\s+/g, " ").trim()));
  }

  async text(selector) {
    await this.see(selector);
    return (await this.texts(selector))[0];
  }

  async emulateDark() {
    await this.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  }

  async close() {
    await this.page.close();
  }
}
