// Fails when what a first visit loads is larger than its budget. Run `npm run build` first.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const DIST = new URL("../dist/", import.meta.url);
/** Bytes of all files together, each compressed as a server would. */
const BUDGET = 250_000;

const html = await readFile(new URL("index.html", DIST), "utf8").catch(() => {
  console.error("There is no dist/index.html: run `npm run build` first.");
  process.exit(1);
});
// The build names every module that the first one imports in a `modulepreload` of its own.
const tags = html.match(/<(?:script|link)\b[^>]*>/g) ?? [];
const files = tags.flatMap((tag) => {
  const loaded = tag.startsWith("<script") || /rel="(?:stylesheet|modulepreload)"/.test(tag);
  const path = /(?:src|href)="\/?([^":]+)"/.exec(tag)?.[1];
  return loaded && path !== undefined ? [path] : [];
});

const sizes = await Promise.all(
  ["index.html", ...files].map(async (file) => ({
    file,
    bytes: gzipSync(await readFile(new URL(file, DIST))).length,
  })),
);
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
const kilobytes = (bytes) => `${(bytes / 1_000).toFixed(1).padStart(7)} kB`;
for (const { file, bytes } of sizes) console.log(`${kilobytes(bytes)}  ${file}`);
console.log(`${kilobytes(total)}  first load, gzip; the budget is ${BUDGET / 1_000} kB`);
if (total > BUDGET) {
  console.error("The first load is over its budget: load something of it lazily.");
  process.exit(1);
}
