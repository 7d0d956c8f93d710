// Numbers as people read them.
import assert from "node:assert/strict";
import test from "node:test";
import { formatBytes, formatDuration, formatInUnit, formatNumber, formatShare } from "../../../ui/format.js";

test("durations take the unit that reads best", () => {
  const cases = [[0, "0"], [0.00025, "250 ns"], [0.85, "850 µs"], [12.34, "12.3 ms"], [999, "999 ms"], [1500, "1.5 s"], [200e3, "3 m 20 s"], [3600e3, "1 h"], [90 * 3600e3, "3 d 18 h"], [null, "–"]];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});

test("bytes are counted in powers of 1024", () => {
  assert.equal(formatBytes(1536), "1.5 KiB");
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(10 * 1024 ** 3), "10 GiB");
});

test("numbers keep three digits", () => {
  const cases = [[0, "0"], [42, "42"], [9999, "9999"], [12345, "12.3 k"], [1234567, "1.23 M"], [0.125, "0.13"], [0.00001, "1.0e-5"], [undefined, "–"]];
  for (const [value, text] of cases) assert.equal(formatNumber(value), text);
});

test("shares are per cent, and a few are not none", () => {
  assert.equal(formatShare(0), "0 %");
  assert.equal(formatShare(0.0004), "<0.1 %");
  assert.equal(formatShare(0.034), "3.4 %");
  assert.equal(formatShare(0.5), "50 %");
});

test("units of OpenTelemetry are said in words", () => {
  assert.equal(formatInUnit(0.25, "s"), "250 ms");
  assert.equal(formatInUnit(2048, "By"), "2 KiB");
  assert.equal(formatInUnit(2048, "By", true), "2 KiB/s");
  assert.equal(formatInUnit(3, "{request}"), "3 request");
  assert.equal(formatInUnit(3, "{request}", true), "3/s");
  assert.equal(formatInUnit(12, "%"), "12 %");
});
