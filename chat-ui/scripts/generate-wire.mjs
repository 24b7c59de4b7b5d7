// Writes src/protocol/wire.ts from copilot/wire.schema.json; with --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const SCHEMA = new URL("../../copilot/wire.schema.json", import.meta.url);
const TARGET = new URL("../src/protocol/wire.ts", import.meta.url);

const schema = JSON.parse(await readFile(SCHEMA, "utf8"));
const generated = await compile(schema, "Wire", {
  additionalProperties: false,
  bannerComment: "// Generated from copilot/wire.schema.json by `npm run generate`. Do not edit.",
  style: { printWidth: 100 },
});

if (process.argv.includes("--check")) {
  const present = await readFile(TARGET, "utf8").catch(() => "");
  if (present !== generated) {
    console.error(
      "src/protocol/wire.ts is stale: run `npm run generate` in chat-ui and commit it.",
    );
    process.exit(1);
  }
} else {
  await writeFile(TARGET, generated);
}
