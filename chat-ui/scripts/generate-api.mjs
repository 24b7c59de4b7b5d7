// Writes src/api/schema.ts from http_api/openapi.json; with --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const OPENAPI = new URL("../../http_api/openapi.json", import.meta.url);
const TARGET = new URL("../src/api/schema.ts", import.meta.url);

const text = await readFile(OPENAPI, "utf8");
const { components } = JSON.parse(text.replaceAll("#/components/schemas/", "#/definitions/"));
const names = Object.keys(components.schemas);
const schema = {
  title: "Schemas",
  description: "Every body of the HTTP API by its name.",
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { $ref: `#/definitions/${name}` }])),
  required: names,
  definitions: components.schemas,
};
const generated = await compile(schema, "Schemas", {
  additionalProperties: false,
  bannerComment: "// Generated from http_api/openapi.json by `npm run generate`. Do not edit.",
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
