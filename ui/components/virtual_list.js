// A list of equally high rows of which only those in view exist: for log records and spans by the ten thousand.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-htm-signals.js";

/**
 * @param {{
 *   count: number, rowHeight: number, renderRow: (index: number) => any, label: string, role?: string, class?: string,
 *   head?: any, atEnd?: () => void, scrollTo?: number | null, scrollKey?: string, onScroll?: (top: number) => void,
 * }} properties `scrollTo` is brought into view whenever `scrollKey` changes; `atEnd` is called when the end comes near
 */
export function VirtualList({ count, rowHeight, renderRow, label, role = "list", class: className = "", head, atEnd, scrollTo = null, scrollKey = "", onScroll }) {
  const scroller = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [view, setView] = useState({ top: 0, height: 800 });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const measure = () => setView((old) => (old.top === element.scrollTop && old.height === element.clientHeight ? old : { top: element.scrollTop, height: element.clientHeight }));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || scrollTo === null || scrollTo < 0) return;
    const top = scrollTo * rowHeight;
    const seen = top >= element.scrollTop && top + rowHeight * 2 <= element.scrollTop + element.clientHeight;
    if (!seen) element.scrollTop = Math.max(0, top - element.clientHeight / 3);
  }, [scrollKey]);

  const overscan = 10;
  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const last = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + overscan);

  useEffect(() => {
    if (atEnd && count > 0 && last >= count - overscan) atEnd();
  }, [last, count]);

  const rows = [];
  for (let index = first; index < last; index += 1) rows.push(renderRow(index));
  return html`<div class=${"virtual " + className} ref=${scroller} role=${role} aria-label=${label} aria-rowcount=${role === "list" ? undefined : count} tabindex="-1"
    onScroll=${(/** @type {Event} */ event) => {
      const element = /** @type {HTMLDivElement} */ (event.currentTarget);
      setView({ top: element.scrollTop, height: element.clientHeight });
      onScroll?.(element.scrollTop);
    }}>
    ${head}
    <div class="virtual-content" role="presentation" style=${{ height: `${count * rowHeight}px` }}>
      <div role="presentation" style=${{ transform: `translateY(${first * rowHeight}px)` }}>${rows}</div>
    </div>
  </div>`;
}
