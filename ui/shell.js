// The frame around every page: navigation, search, time range, theme, list of keys.
import { html, useEffect, useRef } from "./vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "./api.js";
import { currentPath, link, navigate, pathOf } from "./location.js";
import { helpIsOpen, PAGE_KEYS } from "./keyboard.js";
import { chooseNextTheme, chosenTheme } from "./theme.js";
import { timeRange } from "./time_range.js";
import { CurrentPage, routeOf } from "./router.js";
import { icon } from "./components/icons.js";
import { announcement } from "./components/copy.js";
import { TimeRangePicker } from "./components/time_range_picker.js";

const NAVIGATION = /** @type {[string, string, string][]} */ ([
  ["/", "Overview", "overview"],
  ["/map", "Service map", "map"],
  ["/traces", "Traces", "traces"],
  ["/logs", "Logs", "logs"],
  ["/metrics", "Metrics", "metrics"],
  ["/dashboards", "Dashboards", "dashboards"],
  ["/hosts", "Hosts", "hosts"],
  ["/alarms", "Alarms", "alarms"],
  ["/pipeline", "Pipeline", "pipeline"],
]);

/** Pages that lie below an entry of the navigation. */
const PARENTS = /** @type {Record<string, string>} */ ({ service: "/", trace: "/traces" });

export function Shell() {
  const route = routeOf(currentPath.value);
  return html`<div class="shell">
    <a class="skip-link button" href="#content" onClick=${skipToContent}>To the content</a>
    <a class="brand" href=${link("/")} aria-label="Weir, to the overview"><img src="/favicon.svg" alt="" /><span>Weir</span></a>
    <header class="top-bar">
      <${GlobalSearch} />
      <span class="spacer"></span>
      <${TimeRangePicker} />
      <button class="quiet" onClick=${chooseNextTheme} title=${`Theme: ${chosenTheme.value}`} aria-label=${`Theme: ${chosenTheme.value}. Change`}>${icon(chosenTheme.value)}</button>
      <button class="quiet" onClick=${() => { helpIsOpen.value = true; }} title="Keys (?)" aria-label="Keys">?</button>
    </header>
    <${Navigation} />
    <main id="content" tabindex="-1" class=${route?.fills ? "fills" : ""}><${CurrentPage} key=${route?.component} /></main>
    <${KeysHelp} />
    <div class="toast" role="status" aria-live="polite">${announcement.value}</div>
  </div>`;
}

function Navigation() {
  const here = "/" + (currentPath.value.split("/")[1] ?? "");
  const active = PARENTS[here.slice(1)] ?? here;
  // The badge needs no exact time: asked again with every move of the present.
  const alarms = useAnswer(apiAddress("/alarms", { }) + versionOf(timeRange.value.to)).answer?.alarms ?? [];
  const firing = alarms.filter((/** @type {any} */ alarm) => alarm.state === "ALARM").length;
  const status = useAnswer(apiAddress("/status")).answer;
  return html`<nav class="navigation" aria-label="Pages">
    ${NAVIGATION.map(([path, title, name]) => html`<a key=${path} href=${link(path)} aria-current=${active === path ? "page" : undefined} title=${title}>
      ${icon(name)}<span>${title}</span>${path === "/alarms" && firing > 0 && html`<b class="badge error" aria-label=${`${firing} in alarm`}>${firing}</b>`}</a>`)}
    <div class="foot">${status && html`Weir ${status.version}${status.read_only ? html`<br />read-only` : ""}`}</div>
  </nav>`;
}

/** The API refuses parameters it does not know, so the moment is kept behind the address. @param {number} moment */
function versionOf(moment) {
  return `#${moment}`;
}

/** A trace id opens the trace, anything else is looked for in the logs. */
function GlobalSearch() {
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.currentTarget).elements.namedItem("search"));
    const text = field.value.trim();
    if (text === "") return;
    const traceId = traceIdIn(text);
    field.value = "";
    field.blur();
    navigate(traceId === null ? link("/logs", { q: text }) : link(pathOf("trace", traceId)));
  };
  return html`<form class="search" role="search" onSubmit=${submit}>
    <input name="search" data-search type="search" placeholder="Trace id, or words in logs" aria-label="Search: a trace id, or words in logs" autocomplete="off" spellcheck=${false} />
    <kbd aria-hidden="true">/</kbd></form>`;
}

/** A trace id alone, or inside a traceparent header. @param {string} text */
function traceIdIn(text) {
  const found = /^(?:00-)?([0-9a-f]{32})(?:-[0-9a-f]{16}(?:-[0-9a-f]{2})?)?$/i.exec(text.replaceAll("\"", ""));
  return found === null ? null : found[1].toLowerCase();
}

function KeysHelp() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (helpIsOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [helpIsOpen.value]);
  const shortcut = (/** @type {string} */ keys, /** @type {string} */ what) => html`<div class="shortcut"><span>${what}</span><span>${keys.split(" ").map((key) => html`<kbd>${key}</kbd> `)}</span></div>`;
  return html`<dialog class="sheet" ref=${dialog} aria-label="Keys" onClose=${() => { helpIsOpen.value = false; }}>
    <div class="row"><h1 class="grow">Keys</h1><button class="quiet" onClick=${() => { helpIsOpen.value = false; }} aria-label="Close">✕</button></div>
    <div class="columns"><div>
      ${Object.entries(PAGE_KEYS).map(([letter, [, title]]) => shortcut(`g ${letter}`, title))}
    </div><div>
      ${shortcut("/", "Search on this page")}${shortcut("j k", "Next and previous row")}${shortcut("Enter", "Open the row")}${shortcut("Esc", "Close what is open")}
      ${shortcut("r", "Refresh now")}${shortcut("?", "This list")}${shortcut("n N", "Next and previous find in a trace")}${shortcut("← →", "Collapse and expand a span")}
      <p class="muted">Drag over any chart to zoom all pages to that time; the browser's back button undoes it.</p>
    </div></div>
  </dialog>`;
}

/** The address bar is the page's state, so the skip link moves the focus only. @param {MouseEvent} event */
function skipToContent(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
