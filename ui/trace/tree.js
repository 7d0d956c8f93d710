// A trace's spans as a tree in the order of a waterfall: depth, children, what has no parent here, and the critical path.

/**
 * @typedef {object} Span as the API gives it
 * @property {string} id
 * @property {string} parent
 * @property {string} name
 * @property {string} kind
 * @property {string} status
 * @property {string} status_message
 * @property {number} start_offset_ns
 * @property {number} duration_ns
 * @property {number} resource
 * @property {number} scope
 * @property {[string, any][]} attributes
 * @property {{name: string, offset_ns: number, attributes: [string, any][]}[]} events
 * @property {{trace_id: string, span_id: string, attributes: [string, any][]}[]} links
 */

/**
 * @typedef {object} TraceTree all arrays are indexed by the span's place in waterfall order
 * @property {Span[]} spans
 * @property {Int32Array} depth
 * @property {Int32Array} parent place of the parent, -1 without
 * @property {Int32Array} end one past the last descendant
 * @property {Uint8Array} critical 1 on the critical path
 * @property {Uint8Array} failedBelow 1 when the span or a descendant failed
 * @property {Float64Array} selfNs time not covered by children
 * @property {number} orphans spans whose parent is named but not here
 * @property {number} skewed spans that begin before their parent, by clocks that differ
 * @property {Map<string, number>} placeOf place by span id
 */

/**
 * @param {Span[]} spans in any order
 * @returns {TraceTree}
 */
export function buildTree(spans) {
  const indexOf = new Map(spans.map((span, index) => [span.id, index]));
  /** @type {number[][]} */
  const children = spans.map(() => []);
  /** @type {number[]} */
  const roots = [];
  let orphans = 0;
  spans.forEach((span, index) => {
    const parent = span.parent === "" ? undefined : indexOf.get(span.parent);
    if (parent === undefined || parent === index) {
      roots.push(index);
      if (span.parent !== "") orphans += 1;
    } else children[parent].push(index);
  });
  const byStart = (/** @type {number} */ a, /** @type {number} */ b) => spans[a].start_offset_ns - spans[b].start_offset_ns || spans[b].duration_ns - spans[a].duration_ns;
  roots.sort(byStart);
  for (const list of children) list.sort(byStart);

  const order = walk(roots, children, spans.length);
  const placed = order.map(({ index }) => spans[index]);
  const placeOf = new Map(placed.map((span, place) => [span.id, place]));
  const tree = {
    spans: placed,
    depth: Int32Array.from(order, ({ depth }) => depth),
    parent: Int32Array.from(placed, (span, place) => (order[place].depth === 0 ? -1 : placeOf.get(span.parent) ?? -1)),
    end: new Int32Array(placed.length),
    critical: new Uint8Array(placed.length),
    failedBelow: new Uint8Array(placed.length),
    selfNs: new Float64Array(placed.length),
    orphans,
    skewed: 0,
    placeOf,
  };
  fillFromBelow(tree);
  markCriticalPath(tree);
  return tree;
}

/**
 * Depth first without recursion: a chain of 50,000 spans must not overflow the stack. Spans in a cycle of parents, which no
 * root reaches, are begun anywhere, so that none is lost.
 * @param {number[]} roots
 * @param {number[][]} children
 * @param {number} count
 */
function walk(roots, children, count) {
  const seen = new Uint8Array(count);
  /** @type {{index: number, depth: number}[]} */
  const order = [];
  const visit = (/** @type {number} */ root) => {
    const stack = [{ index: root, depth: 0 }];
    while (stack.length > 0) {
      const next = /** @type {{index: number, depth: number}} */ (stack.pop());
      if (seen[next.index]) continue;
      seen[next.index] = 1;
      order.push(next);
      const below = children[next.index];
      for (let place = below.length - 1; place >= 0; place -= 1) stack.push({ index: below[place], depth: next.depth + 1 });
    }
  };
  roots.forEach(visit);
  for (let index = 0; index < count; index += 1) if (!seen[index]) visit(index);
  return order;
}

/** @param {TraceTree} tree */
function fillFromBelow(tree) {
  const { spans, parent, end, failedBelow, selfNs } = tree;
  const coveredUntil = new Float64Array(spans.length).fill(-Infinity);
  for (let place = spans.length - 1; place >= 0; place -= 1) {
    end[place] = Math.max(end[place], place + 1);
    if (spans[place].status === "error") failedBelow[place] = 1;
    const above = parent[place];
    if (above === -1) continue;
    end[above] = Math.max(end[above], end[place]);
    if (failedBelow[place]) failedBelow[above] = 1;
    if (spans[place].start_offset_ns < spans[above].start_offset_ns) tree.skewed += 1;
  }
  spans.forEach((span, place) => {
    selfNs[place] += span.duration_ns;
    const above = parent[place];
    if (above === -1) return;
    // Children come in order of their start, so what is covered already ends at one moment.
    const limit = spans[above].start_offset_ns + spans[above].duration_ns;
    const from = Math.max(span.start_offset_ns, coveredUntil[above], spans[above].start_offset_ns);
    const to = Math.min(span.start_offset_ns + span.duration_ns, limit);
    if (to <= from) return;
    selfNs[above] -= to - from;
    coveredUntil[above] = to;
  });
}

/**
 * The spans that decide how long the trace takes: from the end backwards, always the child that ended last before.
 * @param {TraceTree} tree
 */
function markCriticalPath(tree) {
  const { spans, end, parent, critical } = tree;
  const endOf = (/** @type {number} */ place) => spans[place].start_offset_ns + spans[place].duration_ns;
  if (spans.length === 0) return;
  let root = 0;
  for (let place = 0; place < spans.length; place = end[place]) if (endOf(place) > endOf(root)) root = place;
  const open = [{ place: root, until: endOf(root) }];
  while (open.length > 0) {
    const { place, until } = /** @type {{place: number, until: number}} */ (open.pop());
    critical[place] = 1;
    const children = [];
    for (let child = place + 1; child < end[place]; child = end[child]) if (parent[child] === place) children.push(child);
    children.sort((a, b) => endOf(b) - endOf(a));
    let moment = until;
    for (const child of children) {
      if (endOf(child) > moment || spans[child].start_offset_ns >= moment) continue;
      open.push({ place: child, until: endOf(child) });
      moment = spans[child].start_offset_ns;
    }
  }
}

/**
 * Places that are shown: what is collapsed hides what is below it, what is wanted keeps its ancestors.
 * @param {TraceTree} tree
 * @param {Set<string>} collapsed ids of spans
 * @param {"" | "errors" | "critical"} only
 */
export function visiblePlaces(tree, collapsed, only) {
  const wanted = only === "errors" ? tree.failedBelow : only === "critical" ? tree.critical : null;
  const places = [];
  for (let place = 0; place < tree.spans.length;) {
    if (wanted !== null && !wanted[place]) {
      place = tree.end[place];
      continue;
    }
    places.push(place);
    place = collapsed.has(tree.spans[place].id) ? tree.end[place] : place + 1;
  }
  return places;
}

/**
 * Places of spans whose name, service, id, status or attributes hold the words.
 * @param {TraceTree} tree
 * @param {{service: string}[]} resources
 * @param {string} text
 */
export function findPlaces(tree, resources, text) {
  const wanted = text.toLowerCase();
  if (wanted === "") return [];
  const holds = (/** @type {string} */ value) => value.toLowerCase().includes(wanted);
  /** @type {number[]} */
  const found = [];
  tree.spans.forEach((span, place) => {
    const hit = holds(span.name) || span.id === wanted || holds(resources[span.resource]?.service ?? "") || holds(span.status_message)
      || span.attributes.some(([key, value]) => holds(key) || holds(typeof value === "string" ? value : JSON.stringify(value)))
      || span.events.some((event) => holds(event.name));
    if (hit) found.push(place);
  });
  return found;
}
