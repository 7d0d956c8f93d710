// What the browser loads before the first page is drawn, and all of ui/, compressed: fails above the budget.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

const FIRST_LOAD_BUDGET = 250 * 1024;
const root = process.argv[2];

/** Files that `file` imports at once, with itself. */
function withImports(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = fs.readFileSync(file, "utf8");
  for (const [, target] of text.matchAll(/^import [^"]*"(\.[^"]+)";/gm)) withImports(path.resolve(path.dirname(file), target), seen);
  return seen;
}

const page = fs.readFileSync(path.join(root, "index.html"), "utf8");
const linked = [...page.matchAll(/(?:href|src)="\/([^"]+\.(?:css|js|svg))"/g)].map(([, name]) => path.join(root, name));
const first = new Set([path.join(root, "index.html"), ...linked.flatMap((file) => [...(file.endsWith(".js") ? withImports(file) : [file])]), ...withImports(path.join(root, "pages/overview.js"))]);
const weight = (files) => [...files].reduce((sum, file) => sum + zlib.gzipSync(fs.readFileSync(file), { level: 9 }).length, 0);
const all = fs.readdirSync(root, { recursive: true }).map((name) => path.join(root, name)).filter((file) => /\.(js|css|html|svg)$/.test(file));

console.log(`first load ${first.size} files, ${(weight(first) / 1024).toFixed(1)} KiB of ${FIRST_LOAD_BUDGET / 1024} KiB gzip; all of ui/ ${all.length} files, ${(weight(all) / 1024).toFixed(1)} KiB`);
if (weight(first) > FIRST_LOAD_BUDGET) process.exitCode = 1;
