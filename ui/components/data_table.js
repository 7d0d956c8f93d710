// A real table, sortable by its heads (kept in the URL), that draws only the rows in view when there are many.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm-signals.js";
import { parameter, setParameters } from "../location.js";

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} key
 * @property {any} title
 * @property {string} [hint] what the column says, shown on hover
 * @property {(row: Row) => any} render
 * @property {(row: Row) => number | string | null | undefined} [sortBy] makes the column sortable
 * @property {boolean} [number] aligned to the right
 * @property {string} [width] a CSS width
 */

/** More rows than this and only those in view are drawn. */
const WINDOWED_FROM = 150;
const OVERSCAN = 12;

/**
 * @param {{
 *   caption: string, columns: Column<any>[], rows: any[], rowKey: (row: any) => string,
 *   open?: (row: any) => void, selected?: string, sortParameter?: string, initialSort?: string, rowHeight?: number, rowClass?: (row: any) => string,
 * }} properties `initialSort` is a column's key, with "-" before it when descending; "" keeps the order of the rows
 */
export function DataTable({ caption, columns, rows, rowKey, open, selected, sortParameter = "sort", initialSort = "", rowHeight = 33, rowClass }) {
  const body = useRef(/** @type {HTMLTableSectionElement | null} */ (null));
  const sort = parameter(sortParameter) || initialSort;
  const sorted = sortRows(rows, columns, sort);
  const windowed = sorted.length > WINDOWED_FROM;
  const [first, last] = useRowsInView(body, sorted.length, rowHeight, windowed);
  const drawn = windowed ? sorted.slice(first, last) : sorted;
  return html`<div class="table-scroll"><table class="data" aria-rowcount=${sorted.length}>
    <caption class="visually-hidden">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<${Head} key=${column.key} column=${column} sort=${sort} sortParameter=${sortParameter} initialSort=${initialSort} />`)}</tr></thead>
    <tbody ref=${body}>
      ${windowed && first > 0 && html`<tr key="before" aria-hidden="true" style=${{ height: `${first * rowHeight}px` }}><td colSpan=${columns.length}></td></tr>`}
      ${drawn.map((row) => {
        const key = rowKey(row);
        return html`<tr key=${key} data-row class=${rowClass?.(row) ?? ""} tabindex=${open ? 0 : undefined} aria-selected=${selected === undefined ? undefined : selected === key}
          onClick=${open && ((/** @type {MouseEvent} */ event) => openUnlessLink(event, () => open(row)))}
          onKeyDown=${open && ((/** @type {KeyboardEvent} */ event) => event.key === "Enter" && event.target === event.currentTarget && open(row))}>
          ${columns.map((column) => html`<td key=${column.key} class=${column.number ? "number" : ""}>${column.render(row)}</td>`)}</tr>`;
      })}
      ${windowed && last < sorted.length && html`<tr key="after" aria-hidden="true" style=${{ height: `${(sorted.length - last) * rowHeight}px` }}><td colSpan=${columns.length}></td></tr>`}
    </tbody>
  </table></div>`;
}

/** @param {{column: Column<any>, sort: string, sortParameter: string, initialSort: string}} properties */
function Head({ column, sort, sortParameter, initialSort }) {
  const active = sort.replace(/^-/, "") === column.key;
  const descending = active && sort.startsWith("-");
  const width = column.width === undefined ? undefined : { width: column.width };
  if (column.sortBy === undefined) return html`<th scope="col" title=${column.hint} style=${width} class=${column.number ? "number" : ""}>${column.title}</th>`;
  const change = () => {
    const next = active ? (descending ? column.key : `-${column.key}`) : `${column.number ? "-" : ""}${column.key}`;
    setParameters({ [sortParameter]: next === initialSort ? null : next }, { replace: true });
  };
  return html`<th scope="col" title=${column.hint} style=${width} class=${column.number ? "number" : ""} aria-sort=${active ? (descending ? "descending" : "ascending") : "none"}>
    <button class="head" onClick=${change}>${column.title}<span aria-hidden="true">${active ? (descending ? " ↓" : " ↑") : ""}</span></button></th>`;
}

/**
 * @param {any[]} rows
 * @param {Column<any>[]} columns
 * @param {string} sort
 */
function sortRows(rows, columns, sort) {
  const sortBy = columns.find((column) => column.key === sort.replace(/^-/, ""))?.sortBy;
  if (sortBy === undefined) return rows;
  const direction = sort.startsWith("-") ? -1 : 1;
  return [...rows].sort((left, right) => {
    const a = sortBy(left) ?? null;
    const b = sortBy(right) ?? null;
    // What is unknown comes last in both directions.
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "string" || typeof b === "string") return direction * String(a).localeCompare(String(b));
    return direction * (a - b);
  });
}

/**
 * First and one past the last row to draw, by where the table stands in its scrolling ancestor.
 * @param {{current: HTMLElement | null}} body
 * @param {number} count
 * @param {number} rowHeight
 * @param {boolean} windowed
 */
function useRowsInView(body, count, rowHeight, windowed) {
  const [range, setRange] = useState([0, 60]);
  useEffect(() => {
    const scroller = scrollingAncestor(body.current);
    if (!windowed || scroller === null) return undefined;
    const measure = () => {
      if (body.current === null) return;
      const above = scroller.getBoundingClientRect().top - body.current.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(above / rowHeight) - OVERSCAN);
      const last = Math.min(count, first + Math.ceil(scroller.clientHeight / rowHeight) + 2 * OVERSCAN);
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    measure();
    scroller.addEventListener("scroll", measure, { passive: true });
    return () => scroller.removeEventListener("scroll", measure);
  }, [count, rowHeight, windowed]);
  return range;
}

/** @param {HTMLElement | null} element */
function scrollingAncestor(element) {
  for (let ancestor = element?.parentElement ?? null; ancestor !== null; ancestor = ancestor.parentElement) {
    if (["auto", "scroll"].includes(getComputedStyle(ancestor).overflowY)) return ancestor;
  }
  return null;
}

/** @param {MouseEvent} event @param {() => void} open */
function openUnlessLink(event, open) {
  const inner = event.target instanceof Element && event.target.closest("a, button, input");
  // Text that is being selected in a cell is not a click on its row.
  if (!inner && window.getSelection()?.toString() === "") open();
}
