// Colours of services and of series: a stable hash of the name picks a hue, and red is left to errors.
import { theme } from "./theme.js";

// Hues of the OKLCH circle from amber over green and blue to magenta; below and above lie the reds.
const HUES = [75, 98, 122, 145, 165, 185, 205, 225, 243, 260, 277, 294, 310];

/**
 * The colour of a service, the same on every page and in every browser.
 * @param {string} name
 */
export function serviceColor(name) {
  const hash = stableHash(name);
  const hue = HUES[hash % HUES.length];
  const strong = (hash >>> 16) % 3 !== 0;
  return oklch(hue, strong ? 0.125 : 0.08, strong ? 0 : 0.07);
}

/**
 * The colour of the n-th series of a chart whose names have no colour of their own.
 * @param {number} index
 */
export function seriesColor(index) {
  const order = [225, 75, 165, 294, 122, 260, 98, 310, 185, 277, 145, 205, 243];
  return oklch(order[index % order.length], 0.125, index >= order.length ? 0.1 : 0);
}

/** @param {number} hue @param {number} chroma @param {number} lighter */
function oklch(hue, chroma, lighter) {
  const lightness = (theme.value === "dark" ? 0.72 : 0.58) + lighter;
  return `oklch(${lightness} ${chroma} ${hue})`;
}

// Of all seeds one that keeps apart what demonstrations are made of: front, checkout, stock, payments, mailer.
const SEED = 1058;

/** FNV-1a over the characters' codes, then MurmurHash3's finalizer: FNV alone spreads short names badly over few colours. @param {string} text */
function stableHash(text) {
  let hash = (0x811c9dc5 ^ SEED) >>> 0;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
