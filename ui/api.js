// Questions to the HTTP API: one hook for answers that are redrawn as they come, one for streams of server-sent events.
import { useEffect, useRef, useState } from "./vendor/preact-htm-signals.js";

/**
 * @template T
 * @typedef {{answer: T | null, error: string | null, loading: boolean}} Asked what a panel draws from
 */

/** @typedef {{limit: string, sentence: string} | null} Cut why an answer is not whole */

/**
 * Address of a question; parameters that are null or "" are left out.
 * @param {string} path below /api/v1
 * @param {Record<string, string | number | null | undefined>} [parameters]
 */
export function apiAddress(path, parameters = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `/api/v1${path}${text === "" ? "" : "?" + text}`;
}

/**
 * Asks once. Rejects with a sentence made for people.
 * @param {string} address
 * @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
export async function ask(address, init = {}) {
  let response;
  try {
    response = await fetch(address, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Error("Weir does not answer. Is it still running?", { cause: error });
  }
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  if (response.ok && isJson) return JSON.parse(text);
  if (response.ok) return text;
  const sentence = isJson ? JSON.parse(text).error : null;
  throw new Error(sentence ?? `The answer was ${response.status} ${response.statusText}.`);
}

/**
 * Asks, and asks again when the address changes. The last answer of the same path stays while the next is under way, so that
 * a panel does not flicker; another path starts empty.
 * @param {string | null} address null asks nothing
 * @returns {Asked<any>}
 */
export function useAnswer(address) {
  const [asked, setAsked] = useState(/** @type {Asked<any> & {path: string}} */ ({ answer: null, error: null, loading: true, path: "" }));
  const path = (address ?? "").split(/[?#]/)[0];
  useEffect(() => {
    if (address === null) return undefined;
    const abort = new AbortController();
    setAsked((last) => ({ answer: last.path === path ? last.answer : null, error: last.error, loading: true, path }));
    ask(address, { signal: abort.signal }).then(
      (answer) => setAsked({ answer, error: null, loading: false, path }),
      (error) => {
        if (!abort.signal.aborted) setAsked({ answer: null, error: error.message, loading: false, path });
      },
    );
    return () => abort.abort();
  }, [address]);
  if (address === null) return { answer: null, error: null, loading: false };
  // Before the effect ran for a new path, the state is still that of the old one.
  if (asked.path !== path) return { answer: null, error: null, loading: true };
  return asked;
}

/**
 * Listens to a stream. Returns "connecting", "open" or "closed"; the browser connects again by itself.
 * @param {string | null} address null listens to nothing
 * @param {string} event name of the events wanted
 * @param {(data: any) => void} receive
 */
export function useEventStream(address, event, receive) {
  const [state, setState] = useState("connecting");
  const latest = useRef(receive);
  latest.current = receive;
  useEffect(() => {
    if (address === null) {
      setState("closed");
      return undefined;
    }
    setState("connecting");
    const source = new EventSource(address);
    source.onopen = () => setState("open");
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? "closed" : "connecting");
    source.addEventListener(event, (message) => latest.current(JSON.parse(message.data)));
    return () => source.close();
  }, [address, event]);
  return state;
}
