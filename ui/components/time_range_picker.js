// Chooses the one time range of all pages, and whether the page follows the present.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm-signals.js";
import { setParameters } from "../location.js";
import { onEscape } from "../keyboard.js";
import { isLive, OFFERED_SPANS, refreshNow, relativeSpan, shiftTimeRange, showBetween, showLast, spanMilliseconds, timeRange, timeRangeText, widenTimeRange } from "../time_range.js";

export function TimeRangePicker() {
  const [open, setOpen] = useState(false);
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    if (!open) return undefined;
    const closeOutside = (/** @type {PointerEvent} */ event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", closeOutside);
    const forget = onEscape(() => setOpen(false));
    return () => {
      document.removeEventListener("pointerdown", closeOutside);
      forget();
    };
  }, [open]);
  const live = isLive.value;
  return html`<div class="row">
    <div class="time-range" ref=${box}>
      <button onClick=${() => shiftTimeRange(-1)} title="Earlier" aria-label="Earlier">‹</button>
      <button class="time-text" aria-expanded=${open} aria-haspopup="dialog" onClick=${() => setOpen(!open)}>${timeRangeText()}</button>
      <button onClick=${() => shiftTimeRange(1)} title="Later" aria-label="Later" disabled=${relativeSpan.value !== ""}>›</button>
      <button onClick=${widenTimeRange} title="Wider" aria-label="Wider range">⤢</button>
      ${open && html`<${Popover} close=${() => setOpen(false)} />`}
    </div>
    <button aria-pressed=${live} title=${live ? "Follows the present. Click to pause" : "Paused. Click to follow the present"} onClick=${() => toggleLive(live)}>
      <i class=${"live-dot" + (live ? " on" : "")}></i>${live ? "Live" : "Paused"}</button>
  </div>`;
}

/** @param {boolean} live */
function toggleLive(live) {
  if (live) setParameters({ live: "off" }, { replace: true });
  else {
    setParameters({ live: null, from: null, to: null }, { replace: relativeSpan.value !== "" });
    refreshNow();
  }
}

/** @param {{close: () => void}} properties */
function Popover({ close }) {
  const [error, setError] = useState("");
  const { from, to } = timeRange.value;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const fields = /** @type {HTMLFormElement} */ (event.currentTarget).elements;
    const text = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (fields.namedItem(name)).value;
    const span = text("span").trim();
    if (span !== "") {
      if (spanMilliseconds(span) === null) setError("Write a number and s, m, h, d or w: 90m.");
      else {
        showLast(span);
        close();
      }
      return;
    }
    const start = new Date(text("start")).getTime();
    const end = new Date(text("end")).getTime();
    if (!(end > start)) setError("The end must be after the start.");
    else {
      showBetween(start, end);
      close();
    }
  };
  return html`<div class="popover time-popover" role="dialog" aria-label="Time range">
    <div class="choices">${OFFERED_SPANS.map((span) => html`<button key=${span} aria-pressed=${relativeSpan.value === span} onClick=${() => { showLast(span); close(); }}>Last ${span}</button>`)}</div>
    <form onSubmit=${submit}>
      <label>Last <input name="span" placeholder="90m" autocomplete="off" /></label>
      <label>or from <input name="start" type="datetime-local" step="1" value=${localInput(from)} /></label>
      <label>to <input name="end" type="datetime-local" step="1" value=${localInput(to)} /></label>
      ${error && html`<p class="error-text" role="alert">${error}</p>`}
      <button class="primary" type="submit">Show</button>
    </form>
  </div>`;
}

/** A time as the browser's date field wants it, local. @param {number} unixMs */
function localInput(unixMs) {
  const date = new Date(unixMs - new Date(unixMs).getTimezoneOffset() * 60e3);
  return date.toISOString().slice(0, 19);
}
