// What the checks of the shop expect beside its own words.
import assert from "node:assert/strict";

/** The page of logs asks for so many records at first; more come as one scrolls. */
const PAGE_SIZE = 200;

/** How many of so many records are in the list before anybody scrolls. */
export function shownOf(count) {
  return Math.min(count, PAGE_SIZE);
}

/** Equal but for the rounding of doubles, of which unix nanoseconds need more than they have. */
export function near(found, expected, what) {
  assert.ok(Math.abs(found - expected) <= Math.abs(expected) * 1e-6, `${what}: ${found} is not ${expected}`);
}
