// The live tail: records as they arrive, newest first, held back while paused.
import { useEffect, useRef, useState } from "../vendor/preact-htm-signals.js";
import { useEventStream } from "../api.js";

/** Older records leave the list, or a tail left open would fill the browser. */
const MOST_RECORDS = 5000;

/** @param {string | null} address null: no tail */
export function useTail(address) {
  const [records, setRecords] = useState(/** @type {any[]} */ ([]));
  const [paused, setPaused] = useState(false);
  const [skipped, setSkipped] = useState(0);
  const [skippedAtLeast, setSkippedAtLeast] = useState(false);
  const held = useRef(/** @type {any[]} */ ([]));
  const [waiting, setWaiting] = useState(0);
  useEffect(() => {
    held.current = [];
    setRecords([]);
    setWaiting(0);
    setSkipped(0);
    setSkippedAtLeast(false);
    setPaused(false);
  }, [address]);
  const show = (/** @type {any[]} */ arrived) => setRecords((old) => [...arrived, ...old].slice(0, MOST_RECORDS));
  const state = useEventStream(address, "logs", (data) => {
    setSkipped((before) => before + (data.skipped ?? 0));
    if (data.skipped_at_least) setSkippedAtLeast(true);
    const newestFirst = [...data.logs].reverse();
    if (!paused) show(newestFirst);
    else {
      held.current = [...newestFirst, ...held.current].slice(0, MOST_RECORDS);
      setWaiting(held.current.length);
    }
  });
  const togglePause = () => {
    if (paused) {
      show(held.current);
      held.current = [];
      setWaiting(0);
    }
    setPaused(!paused);
  };
  return { records, paused, waiting, skipped, skippedAtLeast, state, togglePause };
}
