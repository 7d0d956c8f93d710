// Layered layout of a directed graph, left to right: for the service map and the pipelines. The same graph always gets the
// same picture, so that a refresh does not move what the eye has found.

/** @typedef {{id: string, width: number, height: number}} Box */
/** @typedef {{id: string, from: string, to: string}} Arrow */
/** @typedef {{x: number, y: number}} Point */
/** @typedef {{nodes: Map<string, Point>, edges: Map<string, Point[]>, width: number, height: number}} Layout x, y: middle of a box; an edge is the points it goes through */

/** @typedef {{id: string, width: number, height: number, layer: number, y: number, before: Cell[], after: Cell[]}} Cell a box, or a bend of a long edge */

const LAYER_GAP = 96;
const ROW_GAP = 26;
const ORDER_SWEEPS = 8;
const PLACE_SWEEPS = 10;

/**
 * @param {Box[]} boxes
 * @param {Arrow[]} arrows
 * @param {{layerGap?: number, rowGap?: number}} [gaps]
 * @returns {Layout}
 */
export function layoutGraph(boxes, arrows, { layerGap = LAYER_GAP, rowGap = ROW_GAP } = {}) {
  const ids = new Set(boxes.map((box) => box.id));
  const known = arrows.filter((arrow) => ids.has(arrow.from) && ids.has(arrow.to) && arrow.from !== arrow.to);
  const forward = withoutCycles(boxes, known);
  const layerOf = longestPaths(boxes, forward);
  const { layers, bends } = cellsOf(boxes, forward, layerOf);
  orderLayers(layers);
  placeRows(layers, rowGap);
  const columns = columnsOf(layers, layerGap);

  const nodes = /** @type {Map<string, Point>} */ (new Map());
  for (const layer of layers) for (const cell of layer) if (ids.has(cell.id)) nodes.set(cell.id, { x: columns[cell.layer].middle, y: cell.y });
  const edges = /** @type {Map<string, Point[]>} */ (new Map());
  for (const arrow of forward) {
    const through = (bends.get(arrow.id) ?? []).map((cell) => ({ x: columns[cell.layer].middle, y: cell.y }));
    const points = [point(nodes, arrow.from), ...through, point(nodes, arrow.to)];
    edges.set(arrow.id, arrow.reversed ? points.reverse() : points);
  }
  const all = layers.flat();
  const top = Math.min(...all.map((cell) => cell.y - cell.height / 2), 0);
  const bottom = Math.max(...all.map((cell) => cell.y + cell.height / 2), 0);
  for (const place of nodes.values()) place.y -= top;
  for (const points of edges.values()) for (const place of points.slice(1, -1)) place.y -= top;
  return { nodes, edges, width: columns.length === 0 ? 0 : columns[columns.length - 1].right, height: bottom - top };
}

/**
 * A smooth path through the points of an edge, from the right side of one box to the left side of the next.
 * @param {Point[]} points
 * @param {number} fromWidth
 * @param {number} toWidth
 */
export function edgePath(points, fromWidth, toWidth) {
  const first = points[0];
  const last = points[points.length - 1];
  const backwards = last.x <= first.x;
  const start = { x: first.x + (backwards ? -1 : 1) * (fromWidth / 2), y: first.y };
  const end = { x: last.x + (backwards ? 1 : -1) * (toWidth / 2), y: last.y };
  const way = [start, ...points.slice(1, -1), end];
  let path = `M${start.x} ${start.y}`;
  for (let index = 1; index < way.length; index += 1) {
    const middle = (way[index - 1].x + way[index].x) / 2;
    path += `C${middle} ${way[index - 1].y} ${middle} ${way[index].y} ${way[index].x} ${way[index].y}`;
  }
  return path;
}

/** @param {Map<string, Point>} nodes @param {string} id */
function point(nodes, id) {
  return /** @type {Point} */ (nodes.get(id));
}

/**
 * Turns the edges round that close a cycle, found by a walk in the order given.
 * @param {Box[]} boxes
 * @param {Arrow[]} arrows
 */
function withoutCycles(boxes, arrows) {
  const leaving = new Map(boxes.map((box) => [box.id, /** @type {Arrow[]} */ ([])]));
  const entered = new Set(arrows.map((arrow) => arrow.to));
  for (const arrow of arrows) leaving.get(arrow.from)?.push(arrow);
  const state = /** @type {Map<string, "open" | "done">} */ (new Map());
  const reversed = new Set();
  const visit = (/** @type {string} */ id) => {
    state.set(id, "open");
    for (const arrow of leaving.get(id) ?? []) {
      const there = state.get(arrow.to);
      if (there === "open") reversed.add(arrow.id);
      else if (there === undefined) visit(arrow.to);
    }
    state.set(id, "done");
  };
  // What nothing leads to comes first, or a cycle would be cut at an arbitrary place.
  for (const box of [...boxes.filter((one) => !entered.has(one.id)), ...boxes]) if (!state.has(box.id)) visit(box.id);
  return arrows.map((arrow) => (reversed.has(arrow.id) ? { id: arrow.id, from: arrow.to, to: arrow.from, reversed: true } : { ...arrow, reversed: false }));
}

/**
 * Layer of each box: one further than the furthest that leads to it.
 * @param {Box[]} boxes
 * @param {Arrow[]} arrows without cycles
 */
function longestPaths(boxes, arrows) {
  const layerOf = new Map(boxes.map((box) => [box.id, 0]));
  for (let changed = true, round = 0; changed && round <= boxes.length; round += 1) {
    changed = false;
    for (const { from, to } of arrows) {
      const wanted = (layerOf.get(from) ?? 0) + 1;
      if (wanted > (layerOf.get(to) ?? 0)) {
        layerOf.set(to, wanted);
        changed = true;
      }
    }
  }
  return layerOf;
}

/**
 * @param {Box[]} boxes
 * @param {(Arrow & {reversed: boolean})[]} arrows
 * @param {Map<string, number>} layerOf
 */
function cellsOf(boxes, arrows, layerOf) {
  const cells = new Map(boxes.map((box) => [box.id, /** @type {Cell} */ ({ ...box, layer: layerOf.get(box.id) ?? 0, y: 0, before: [], after: [] })]));
  const layers = /** @type {Cell[][]} */ (Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => []));
  for (const cell of cells.values()) layers[cell.layer].push(cell);
  const bends = /** @type {Map<string, Cell[]>} */ (new Map());
  const join = (/** @type {Cell} */ left, /** @type {Cell} */ right) => {
    left.after.push(right);
    right.before.push(left);
  };
  for (const arrow of arrows) {
    const from = /** @type {Cell} */ (cells.get(arrow.from));
    const to = /** @type {Cell} */ (cells.get(arrow.to));
    let last = from;
    const through = [];
    for (let layer = from.layer + 1; layer < to.layer; layer += 1) {
      const bend = /** @type {Cell} */ ({ id: `${arrow.id}\u0000${layer}`, width: 0, height: 6, layer, y: 0, before: [], after: [] });
      layers[layer].push(bend);
      join(last, bend);
      through.push(bend);
      last = bend;
    }
    join(last, to);
    bends.set(arrow.id, through);
  }
  return { layers, bends };
}

/** Orders each layer by the average place of its neighbours, forth and back, which untangles most crossings. @param {Cell[][]} layers */
function orderLayers(layers) {
  for (let sweep = 0; sweep < ORDER_SWEEPS; sweep += 1) {
    const forth = sweep % 2 === 0;
    const order = forth ? layers : [...layers].reverse();
    for (const layer of order) {
      const places = new Map(layers.flatMap((one) => one.map((cell, index) => [cell, index / Math.max(one.length - 1, 1)])));
      const wanted = new Map(layer.map((cell) => [cell, average((forth ? cell.before : cell.after).map((one) => places.get(one) ?? 0), places.get(cell) ?? 0)]));
      layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    }
  }
}

/** Rows: packed first, then drawn towards the neighbours as far as the order allows. @param {Cell[][]} layers @param {number} gap */
function placeRows(layers, gap) {
  for (const layer of layers) {
    let y = 0;
    for (const cell of layer) {
      cell.y = y + cell.height / 2;
      y += cell.height + gap;
    }
    for (const cell of layer) cell.y -= (y - gap) / 2;
  }
  for (let sweep = 0; sweep < PLACE_SWEEPS; sweep += 1) {
    const forth = sweep % 2 === 0;
    for (const layer of forth ? layers : [...layers].reverse()) {
      for (const cell of layer) cell.y = average((forth ? cell.before : cell.after).map((one) => one.y), cell.y);
      separate(layer, gap);
    }
  }
}

/** Pushes overlapping cells apart, half to each side, keeping their order. @param {Cell[]} layer @param {number} gap */
function separate(layer, gap) {
  for (let round = 0; round < layer.length * 2; round += 1) {
    let moved = false;
    for (let index = 1; index < layer.length; index += 1) {
      const above = layer[index - 1];
      const below = layer[index];
      const missing = above.y + above.height / 2 + gap + below.height / 2 - below.y;
      if (missing > 0.5) {
        above.y -= missing / 2;
        below.y += missing / 2;
        moved = true;
      }
    }
    if (!moved) return;
  }
}

/** @param {Cell[][]} layers @param {number} gap */
function columnsOf(layers, gap) {
  let x = 0;
  return layers.map((layer) => {
    const width = Math.max(0, ...layer.map((cell) => cell.width));
    const column = { middle: x + width / 2, right: x + width };
    x += width + gap;
    return column;
  });
}

/** @param {number[]} values @param {number} otherwise */
function average(values, otherwise) {
  return values.length === 0 ? otherwise : values.reduce((sum, value) => sum + value, 0) / values.length;
}
