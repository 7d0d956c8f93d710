// The address bar as the console's state: which page is shown, with which parameters, and how links keep the time range.
import { computed, signal } from "./vendor/preact-htm-signals.js";

/** Parameters that every link carries along, so that the time range holds from page to page. */
const CARRIED_PARAMETERS = ["last", "from", "to", "live"];

const addressBar = signal(window.location.pathname + window.location.search);

/** Path of the page, decoded only by the router. */
export const currentPath = computed(() => addressBar.value.split("?")[0]);

/** Parameters of the page; do not change this object, call `setParameters`. */
export const parameters = computed(() => new URLSearchParams(addressBar.value.split("?")[1] ?? ""));

/**
 * One parameter of the page, "" when not set.
 * @param {string} name
 */
export function parameter(name) {
  return parameters.value.get(name) ?? "";
}

/**
 * Goes to another address. The back button returns, unless `replace`.
 * @param {string} href
 * @param {{replace?: boolean}} [options]
 */
export function navigate(href, options = {}) {
  if (href === addressBar.value) return;
  if (options.replace) window.history.replaceState(null, "", href);
  else window.history.pushState(null, "", href);
  addressBar.value = href;
}

/**
 * Changes parameters of the page that is shown; null and "" take one away.
 * @param {Record<string, string | number | null | undefined>} changes
 * @param {{replace?: boolean}} [options]
 */
export function setParameters(changes, options = {}) {
  const next = new URLSearchParams(parameters.value);
  applyParameters(next, changes);
  navigate(withParameters(currentPath.value, next), options);
}

/**
 * Address of another page that keeps the time range.
 * @param {string} path segments already encoded
 * @param {Record<string, string | number | null | undefined>} [extra]
 */
export function link(path, extra = {}) {
  const next = new URLSearchParams();
  for (const name of CARRIED_PARAMETERS) {
    const value = parameters.value.get(name);
    if (value !== null) next.set(name, value);
  }
  applyParameters(next, extra);
  return withParameters(path, next);
}

/**
 * A path out of segments that may hold any character.
 * @param {...string} segments
 */
export function pathOf(...segments) {
  return "/" + segments.map(encodeURIComponent).join("/");
}

/** Lets links of the page be followed without loading it anew, and the back button be heard. */
export function listenForNavigation() {
  window.addEventListener("popstate", () => {
    addressBar.value = window.location.pathname + window.location.search;
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(anchor instanceof HTMLAnchorElement) && !(anchor instanceof SVGAElement)) return;
    const href = anchor.getAttribute("href") ?? "";
    if (!href.startsWith("/") || href.startsWith("/api/") || anchor.hasAttribute("download")) return;
    event.preventDefault();
    navigate(href);
    document.querySelector("main")?.scrollTo(0, 0);
  });
}

/**
 * @param {URLSearchParams} target
 * @param {Record<string, string | number | null | undefined>} changes
 */
function applyParameters(target, changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") target.delete(name);
    else target.set(name, String(value));
  }
}

/**
 * @param {string} path
 * @param {URLSearchParams} search
 */
function withParameters(path, search) {
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}
