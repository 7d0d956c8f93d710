// Log records page by page: the newest first, older ones as the list nears its end.
import { useEffect, useRef, useState } from "../vendor/preact-htm-signals.js";
import { apiAddress, ask, useAnswer } from "../api.js";

const PAGE_SIZE = 200;

/**
 * @param {{from: number, to: number, q: string} | null} question null asks nothing
 * @returns {{records: any[], more: boolean, asked: import("../api.js").Asked<any>, loadMore: () => void}}
 */
export function useLogPages(question) {
  const asked = useAnswer(question === null ? null : apiAddress("/logs", { ...question, limit: PAGE_SIZE }));
  const [older, setOlder] = useState(/** @type {{after: any, records: any[], next: string | null}} */ ({ after: null, records: [], next: null }));
  const loading = useRef(false);
  const answer = asked.answer;
  // What was loaded below an earlier first page does not belong below this one.
  const below = older.after === answer ? older : { after: answer, records: [], next: answer?.next ?? null };
  const latest = useRef(answer);
  latest.current = answer;
  useEffect(() => {
    loading.current = false;
  }, [answer]);
  const loadMore = () => {
    if (loading.current || below.next === null || question === null || answer === null) return;
    loading.current = true;
    ask(apiAddress("/logs", { ...question, limit: PAGE_SIZE, before: below.next })).then(
      (page) => {
        loading.current = false;
        if (latest.current === answer) setOlder({ after: answer, records: [...below.records, ...page.logs], next: page.next });
      },
      () => {
        loading.current = false;
      },
    );
  };
  return { records: answer === null ? [] : below.records.length === 0 ? answer.logs : [...answer.logs, ...below.records], more: below.next !== null, asked, loadMore };
}
