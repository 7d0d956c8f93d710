// The layered layout of graphs.
import assert from "node:assert/strict";
import test from "node:test";
import { layoutGraph } from "../../../ui/graph/layout.js";

const box = (id) => ({ id, width: 100, height: 40 });
const arrow = (from, to) => ({ id: `${from}>${to}`, from, to });

test("what is called lies to the right of its caller", () => {
  const { nodes } = layoutGraph([box("db"), box("front"), box("shop")], [arrow("front", "shop"), arrow("shop", "db"), arrow("front", "db")]);
  assert.ok(nodes.get("front").x < nodes.get("shop").x);
  assert.ok(nodes.get("shop").x < nodes.get("db").x);
});

test("boxes of a layer do not overlap", () => {
  const names = Array.from({ length: 12 }, (_, index) => `service-${index}`);
  const { nodes } = layoutGraph([box("root"), ...names.map(box)], names.map((name) => arrow("root", name)));
  const rows = names.map((name) => nodes.get(name).y).toSorted((a, b) => a - b);
  for (let index = 1; index < rows.length; index += 1) assert.ok(rows[index] - rows[index - 1] >= 40, `${rows[index - 1]} and ${rows[index]}`);
});

test("a cycle is drawn with every node and edge", () => {
  const { nodes, edges } = layoutGraph(["a", "b", "c"].map(box), [arrow("a", "b"), arrow("b", "c"), arrow("c", "a")]);
  assert.equal(nodes.size, 3);
  assert.equal(edges.size, 3);
  // The edge that closes the cycle still begins where it comes from.
  assert.deepEqual(edges.get("c>a")[0], nodes.get("c"));
});

test("an edge over several layers goes around what lies between", () => {
  const { edges } = layoutGraph(["a", "b", "c"].map(box), [arrow("a", "b"), arrow("b", "c"), arrow("a", "c")]);
  assert.equal(edges.get("a>c").length, 3);
});

test("the same graph gets the same picture", () => {
  const draw = () => JSON.stringify([...layoutGraph(["a", "b", "c", "d"].map(box), [arrow("a", "c"), arrow("b", "c"), arrow("b", "d")]).nodes]);
  assert.equal(draw(), draw());
});

test("an empty graph is empty", () => {
  assert.equal(layoutGraph([], []).nodes.size, 0);
});
