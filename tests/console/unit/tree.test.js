// A trace's spans as a tree: order, depth, own time, critical path, what is missing.
import assert from "node:assert/strict";
import test from "node:test";
import { buildTree, findPlaces, visiblePlaces } from "../../../ui/trace/tree.js";

const span = (id, parent, start, duration, changes = {}) => ({ id, parent, name: id, kind: "internal", status: "unset", status_message: "", start_offset_ns: start, duration_ns: duration, resource: 0, scope: 0, attributes: [], events: [], links: [], ...changes });
const ids = (tree) => tree.spans.map((one) => one.id);

test("children follow their parent in order of start, whatever the order of arrival", () => {
  const tree = buildTree([span("c", "a", 50, 10), span("d", "b", 12, 3), span("b", "a", 10, 20), span("a", "", 0, 100)]);
  assert.deepEqual(ids(tree), ["a", "b", "d", "c"]);
  assert.deepEqual([...tree.depth], [0, 1, 2, 1]);
  assert.deepEqual([...tree.end], [4, 3, 3, 4]);
  assert.deepEqual([...tree.parent], [-1, 0, 1, 0]);
});

test("own time leaves out what children cover, once where they overlap", () => {
  const tree = buildTree([span("a", "", 0, 100), span("b", "a", 10, 40), span("c", "a", 30, 40), span("late", "a", 90, 50)]);
  // Covered are 10 to 70 and 90 to 100, the end of the parent.
  assert.equal(tree.selfNs[0], 30);
  assert.equal(tree.selfNs[1], 40);
});

test("a parent that is not here is said, and its child is shown", () => {
  const tree = buildTree([span("a", "", 0, 10), span("x", "missing", 5, 1)]);
  assert.equal(tree.orphans, 1);
  assert.deepEqual(ids(tree), ["a", "x"]);
});

test("spans that are each other's parents are shown once each", () => {
  const tree = buildTree([span("a", "b", 0, 10), span("b", "a", 1, 5)]);
  assert.deepEqual(ids(tree).toSorted(), ["a", "b"]);
});

test("a child that begins before its parent is counted as skewed", () => {
  assert.equal(buildTree([span("a", "", 10, 10), span("b", "a", 5, 2)]).skewed, 1);
});

test("the critical path goes back from the end along the children that ended last", () => {
  const tree = buildTree([span("a", "", 0, 100), span("fast", "a", 5, 10), span("first", "a", 10, 30), span("last", "a", 45, 50), span("inner", "last", 50, 20)]);
  const critical = ids(tree).filter((_, place) => tree.critical[place]);
  assert.deepEqual(critical, ["a", "first", "last", "inner"]);
});

test("collapsing hides what is below, asking for errors keeps their ancestors", () => {
  const tree = buildTree([span("a", "", 0, 100), span("b", "a", 1, 10), span("c", "b", 2, 5, { status: "error" }), span("d", "a", 20, 5)]);
  const shown = (collapsed, only) => visiblePlaces(tree, new Set(collapsed), only).map((place) => tree.spans[place].id);
  assert.deepEqual(shown(["b"], ""), ["a", "b", "d"]);
  assert.deepEqual(shown([], "errors"), ["a", "b", "c"]);
});

test("finding looks at names, services and attributes without case", () => {
  const tree = buildTree([span("a", "", 0, 9, { name: "GET /Cart" }), span("b", "a", 1, 1, { attributes: [["db.system", "PostgreSQL"]] })]);
  assert.deepEqual(findPlaces(tree, [{ service: "shop" }], "cart"), [0]);
  assert.deepEqual(findPlaces(tree, [{ service: "shop" }], "postgres"), [1]);
  assert.deepEqual(findPlaces(tree, [{ service: "shop" }], "SHOP"), [0, 1]);
});

test("a chain of 50,000 spans does not overflow the stack", () => {
  const chain = Array.from({ length: 50_000 }, (_, index) => span(String(index), index === 0 ? "" : String(index - 1), index, 100_000 - index));
  const tree = buildTree(chain);
  assert.equal(tree.depth[49_999], 49_999);
  assert.equal(tree.end[0], 50_000);
});
