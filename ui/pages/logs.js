// Logs: volume by severity with a brush, facets, the records as a list of any length, one record's drawer, live tail.
import { html, useEffect, useMemo, useState } from "../vendor/preact-htm-signals.js";
import { apiAddress, useAnswer } from "../api.js";
import { parameter, setParameters } from "../location.js";
import { inWholeMinutes, stepFor, timeRange } from "../time_range.js";
import { formatCount } from "../format.js";
import { toggleTerm } from "../text_query.js";
import { valueText } from "../components/attributes.js";
import { saveFile } from "../components/copy.js";
import { EmptyState } from "../components/empty_state.js";
import { Panel } from "../components/panel.js";
import { QueryBar } from "../components/query_bar.js";
import { TimeChart } from "../components/time_chart.js";
import { Facets } from "../logs/facets.js";
import { LogDrawer } from "../logs/log_drawer.js";
import { LogList, recordKey } from "../logs/log_list.js";
import { useLogPages } from "../logs/log_pages.js";
import { useTail } from "../logs/tail.js";
import { SEVERITIES, severityColor } from "../logs/severity.js";

export function LogsPage() {
  const range = timeRange.value;
  const { from, to } = range;
  const query = parameter("q");
  const tailing = parameter("tail") === "on";
  const wrapped = parameter("wrap") === "on";
  const columns = parameter("columns").split(",").filter((name) => name !== "");
  const pages = useLogPages(tailing ? null : { from, to, q: query });
  const tail = useTail(tailing ? apiAddress("/logs/tail", { q: query }) : null);
  const records = tailing ? tail.records : pages.records;
  const fields = useAnswer(apiAddress("/fields", { signal: "logs", ...inWholeMinutes(range) })).answer?.fields ?? [];
  const selected = parameter("record");
  const [remembered, setRemembered] = useState(/** @type {any} */ (null));
  const found = records.find((record) => recordKey(record) === selected);
  // A record stays open when the list moves on without it.
  useEffect(() => {
    if (found) setRemembered(found);
  }, [found]);
  const open = selected === "" ? null : found ?? (remembered !== null && recordKey(remembered) === selected ? remembered : null);

  const changeQuery = (/** @type {string} */ q) => setParameters({ q, record: null });
  const toggle = (/** @type {boolean} */ negated) => (/** @type {string} */ key, /** @type {any} */ value) => changeQuery(toggleTerm(query, key, valueText(value), negated));
  const addColumn = (/** @type {string} */ key) => setParameters({ columns: columns.includes(key) ? columns.filter((name) => name !== key).join() : [...columns, key].join() });

  if (!tailing && query === "" && pages.asked.answer !== null && records.length === 0) return html`<div class="page"><${EmptyState} what="log records" signal="logs" /></div>`;
  return html`<div class="page logs-page">
    <div class="page-head"><h1>Logs</h1><span class="sub" role="status">${records.length > 0 && `${formatCount(records.length)} shown${pages.more && !tailing ? ", more below" : ""}`}</span><span class="spacer"></span>
      ${tailing && html`<span class="muted">${tail.state === "open" ? "tailing" : "connecting …"}${tail.skipped > 0 && html` · <span class="warn-text">${tail.skippedAtLeast && "at least "}${formatCount(tail.skipped)} skipped, too many a second</span>`}</span>
        <button class="small" aria-pressed=${tail.paused} onClick=${tail.togglePause}>${tail.paused ? `Go on${tail.waiting > 0 ? ` (${formatCount(tail.waiting)} new)` : ""}` : "Pause"}</button>`}
      <button class="small" aria-pressed=${tailing} onClick=${() => setParameters({ tail: tailing ? null : "on", record: null })}><i class=${"live-dot" + (tailing && !tail.paused ? " on" : "")}></i>Live tail</button>
      <button class="small" aria-pressed=${wrapped} onClick=${() => setParameters({ wrap: wrapped ? null : "on" }, { replace: true })}>Wrap</button>
      <button class="small" onClick=${() => saveFile("logs.json", JSON.stringify(records, null, 1))} disabled=${records.length === 0}>Save JSON</button></div>
    <${QueryBar} query=${query} change=${changeQuery} fields=${fields} label="Query" placeholder='timeout severity:error -http.route:"/health" duration>100' />
    ${!tailing && html`<${VolumeChart} query=${query} />`}
    <div class="logs-body">
      ${!tailing && html`<${Facets} query=${query} change=${changeQuery} />`}
      <${Panel} asked=${tailing ? undefined : pages.asked} sayCut=${!pages.more} class="flush logs-list" label="Records">
        ${records.length === 0
          ? html`<div class="empty small">${tailing ? "Waiting for records …" : pages.asked.loading ? "" : "No record matches. Take a condition away or widen the time."}</div>`
          : html`<${LogList} records=${records} columns=${columns} wrapped=${wrapped} selected=${selected} removeColumn=${addColumn}
              open=${(/** @type {any} */ record) => { setRemembered(record); setParameters({ record: recordKey(record) }, { replace: true }); }} atEnd=${tailing ? undefined : pages.loadMore} />`}
      <//>
      ${open && html`<${LogDrawer} record=${open} close=${() => setParameters({ record: null }, { replace: true })} include=${toggle(false)} exclude=${toggle(true)} addColumn=${addColumn} />`}
    </div>
  </div>`;
}

/** @param {{query: string}} properties */
function VolumeChart({ query }) {
  const range = timeRange.value;
  const step = stepFor(range, 110);
  const asked = useAnswer(apiAddress("/logs/histogram", { from: range.from, to: range.to, q: query, step_ms: step }));
  const series = useMemo(() => {
    if (asked.answer === null) return [];
    const { times_ms: times, counts } = asked.answer;
    return SEVERITIES.filter((name) => counts[name]?.some((/** @type {number} */ count) => count > 0)).map((name) => ({ label: name, color: severityColor(name), times, values: counts[name] }));
  }, [asked.answer, severityColor("info")]);
  return html`<${Panel} asked=${asked} class="volume" label="Volume by severity"><${TimeChart} label="log records by severity" series=${series} range=${range} stepMs=${step} kind="bar" stacked height=${92} format=${formatCount} /><//>`;
}
