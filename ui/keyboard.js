// Keys of every page: `/` search, `g` and a letter for a page, `j`/`k` through rows, Esc closes what is open, `?` says them all.
import { signal } from "./vendor/preact-htm-signals.js";
import { link, navigate } from "./location.js";
import { refreshNow } from "./time_range.js";

/** Whether the list of keys is shown. */
export const helpIsOpen = signal(false);

/** Pages by the letter after `g`. */
export const PAGE_KEYS = /** @type {Record<string, [string, string]>} */ ({
  o: ["/", "Overview"],
  s: ["/map", "Service map"],
  t: ["/traces", "Traces"],
  l: ["/logs", "Logs"],
  m: ["/metrics", "Metrics"],
  d: ["/dashboards", "Dashboards"],
  h: ["/hosts", "Hosts"],
  a: ["/alarms", "Alarms"],
  p: ["/pipeline", "Pipeline"],
});

/** What Esc closes, the latest opened last. @type {(() => void)[]} */
const closers = [];

/**
 * Calls `close` on Esc until the returned function is called; the latest asked first.
 * @param {() => void} close
 */
export function onEscape(close) {
  closers.push(close);
  return () => {
    closers.splice(closers.indexOf(close), 1);
  };
}

/** Starts listening. */
export function listenForKeys() {
  let goPressedAt = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      escape(event);
      return;
    }
    if (isTyping(event.target) || event.defaultPrevented) return;
    if (event.timeStamp - goPressedAt < 1200 && event.key in PAGE_KEYS) {
      goPressedAt = 0;
      navigate(link(PAGE_KEYS[event.key][0]));
      return;
    }
    switch (event.key) {
      case "g": goPressedAt = event.timeStamp; return;
      case "/": event.preventDefault(); focusSearch(); return;
      case "?": helpIsOpen.value = true; return;
      case "r": refreshNow(); return;
      case "j": moveRow(1); return;
      case "k": moveRow(-1); return;
      default:
    }
  });
}

/** The page's own search if it has one, else that of the shell. */
function focusSearch() {
  const field = document.querySelector("main [data-search]") ?? document.querySelector("[data-search]");
  if (field instanceof HTMLInputElement) {
    field.focus();
    field.select();
  }
}

/** @param {number} direction */
function moveRow(direction) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("main [data-row]")]);
  if (rows.length === 0) return;
  const index = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = rows[index === -1 ? 0 : Math.min(Math.max(index + direction, 0), rows.length - 1)];
  if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

/** @param {KeyboardEvent} event */
function escape(event) {
  if (isTyping(event.target) && event.target instanceof HTMLElement) {
    event.target.blur();
    return;
  }
  closers[closers.length - 1]?.();
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName));
}
