// The text query as terms and back.
import assert from "node:assert/strict";
import test from "node:test";
import { condition, hasTerm, parseQuery, queryText, toggleTerm } from "../../../ui/text_query.js";

const term = (changes) => ({ negated: false, key: "", operator: ":", value: "", exists: false, ...changes });

test("every kind of term is read", () => {
  assert.deepEqual(parseQuery('timeout "two words" service:front -name:"GET /" NOT kind:server duration>=1.5s db.system:*'), [
    term({ value: "timeout" }),
    term({ value: "two words" }),
    term({ key: "service", value: "front" }),
    term({ negated: true, key: "name", value: "GET /" }),
    term({ negated: true, key: "kind", value: "server" }),
    term({ key: "duration", operator: ">=", value: "1.5s" }),
    term({ key: "db.system", value: "*", exists: true }),
  ]);
});

test("a value may hold what separates keys from values", () => {
  assert.deepEqual(parseQuery("url:http://shop:80/a"), [term({ key: "url", value: "http://shop:80/a" })]);
});

test("what was read is written so that it reads the same", () => {
  for (const value of ["front", "two words", 'a "quoted" word', "back\\slash", "-begins", "a:b", "*", "a>b", "NOT"]) {
    for (const key of ["", "service", "odd key", "k:v"]) {
      for (const negated of [false, true]) {
        const one = term({ key, value, negated });
        assert.deepEqual(parseQuery(queryText([one, term({ value: "next" })])), [one, term({ value: "next" })], JSON.stringify(one));
      }
    }
  }
});

test("asking for a value again takes it out, the other way round replaces it", () => {
  const once = toggleTerm("timeout", "service", "front", false);
  assert.equal(once, "timeout service:front");
  assert.ok(hasTerm(once, "service", "front"));
  assert.equal(toggleTerm(once, "service", "front", false), "timeout");
  assert.equal(toggleTerm(once, "service", "front", true), "timeout -service:front");
});

test("a condition quotes what needs it", () => {
  assert.equal(condition("http.route", "/products/{id}"), "http.route:/products/{id}");
  assert.equal(condition("service", "my shop"), 'service:"my shop"');
});
