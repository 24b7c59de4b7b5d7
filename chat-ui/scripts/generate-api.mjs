// Writes src/api/schema.ts from http_api/openapi.json; with --check it only compares. What the
// WebSocket's protocol declares the same is taken from there.

import { readFile, writeFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { compile } from "json-schema-to-typescript";

const OPENAPI = new URL("../../http_api/openapi.json", import.meta.url);
const WIRE = new URL("../../copilot/wire.schema.json", import.meta.url);
const TARGET = new URL("../src/api/schema.ts", import.meta.url);

const definitions = async (file, prefix, of) =>
  of(JSON.parse((await readFile(file, "utf8")).replaceAll(prefix, "#/definitions/")));
const bodies = await definitions(OPENAPI, "#/components/schemas/", (api) => api.components.schemas);
const wire = await definitions(WIRE, "#/$defs/", (protocol) => protocol.$defs);

const names = Object.keys(bodies);
const shared = names.filter((name) => isDeepStrictEqual(bodies[name], wire[name])).sort();
const reference = (name) =>
  shared.includes(name) ? { tsType: name } : { $ref: `#/definitions/${name}` };
const own = JSON.parse(JSON.stringify(bodies), (_, value) =>
  value?.$ref ? reference(value.$ref.split("/").at(-1)) : value,
);
for (const name of shared) delete own[name];
const schema = {
  title: "Schemas",
  description: "Every body of the HTTP API by its name.",
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, reference(name)])),
  required: names,
  definitions: own,
};
const generated = await compile(schema, "Schemas", {
  additionalProperties: false,
  bannerComment: [
    "// Generated from http_api/openapi.json by `npm run generate`. Do not edit.",
    `import type { ${shared.join(", ")} } from "../protocol/wire";`,
  ].join("\n"),
  style: { printWidth: 100 },
});

if (process.argv.includes("--check")) {
  const present = await readFile(TARGET, "utf8").catch(() => "");
  if (present !== generated) {
    console.error("src/api/schema.ts is stale: run `npm run generate` in chat-ui and commit it.");
    process.exit(1);
  }
} else {
  await writeFile(TARGET, generated);
}
