// The text query of logs and traces as a list of terms and back: chips and text are two views of the same words.

/** @typedef {{negated: boolean, key: string, operator: ":" | ">" | ">=" | "<" | "<=", value: string, exists: boolean}} Term key "" searches body or name */

const TERM = /\s*(NOT\s+|-)?(?:([^\s:<>="]+|"(?:[^"\\]|\\.)*")(:|>=|<=|>|<))?("(?:[^"\\]|\\.)*"?|\S+)?/y;

/**
 * Terms of a query; never fails, what is odd becomes a word.
 * @param {string} text
 * @returns {Term[]}
 */
export function parseQuery(text) {
  const terms = [];
  TERM.lastIndex = 0;
  while (TERM.lastIndex < text.length) {
    const before = TERM.lastIndex;
    const found = TERM.exec(text);
    if (found === null || TERM.lastIndex === before) break;
    const [, negation, key, operator, value] = found;
    if (value === undefined && key === undefined) continue;
    terms.push(/** @type {Term} */ ({
      negated: negation !== undefined,
      key: unquote(key ?? ""),
      operator: operator ?? ":",
      value: unquote(value ?? ""),
      exists: value === "*" && key !== undefined,
    }));
  }
  return terms;
}

/** @param {Term} term */
export function termText(term) {
  const value = term.exists ? "*" : quoteIfNeeded(term.value, term.key === "");
  const key = term.key === "" ? "" : quoteIfNeeded(term.key, true) + term.operator;
  return `${term.negated ? "-" : ""}${key}${value}`;
}

/** @param {Term[]} terms */
export function queryText(terms) {
  return terms.map(termText).join(" ");
}

/**
 * The query with one more condition; the same condition the other way round is replaced, the same again is taken out.
 * @param {string} text
 * @param {string} key
 * @param {string} value
 * @param {boolean} negated
 */
export function toggleTerm(text, key, value, negated) {
  const terms = parseQuery(text);
  const same = (/** @type {Term} */ term) => term.key === key && term.operator === ":" && term.value === value && !term.exists;
  const others = terms.filter((term) => !same(term));
  if (terms.some((term) => same(term) && term.negated === negated)) return queryText(others);
  return queryText([...others, { negated, key, operator: ":", value, exists: false }]);
}

/** Whether the query asks for this very value. @param {string} text @param {string} key @param {string} value */
export function hasTerm(text, key, value) {
  return parseQuery(text).some((term) => term.key === key && term.value === value && !term.negated && term.operator === ":");
}

/** One condition as text, for links. @param {string} key @param {string} value */
export function condition(key, value) {
  return termText({ negated: false, key, operator: ":", value, exists: false });
}

/** @param {string} text */
function unquote(text) {
  if (!text.startsWith('"')) return text;
  const inner = text.slice(1, text.length > 1 && text.endsWith('"') ? -1 : undefined);
  return inner.replace(/\\(.)/g, "$1");
}

/** @param {string} text @param {boolean} atStart whether it stands where a key or a negation may begin */
function quoteIfNeeded(text, atStart) {
  const plain = atStart ? /^(?!-|NOT$)[^\s:<>="\\*]+$/ : /^[^\s"\\*]+$/;
  return plain.test(text) ? text : `"${text.replace(/(["\\])/g, "\\$1")}"`;
}
