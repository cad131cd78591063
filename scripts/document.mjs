// Writes out, in the declarations that tsc has made of the probes, what their options and the fields of their events are,
// each with what its definition says of it: an editor shows it where one is typed, and errors tell the type's own
// name. So each text stands in one place, and is help, hover and completion. Lines stay where declaration maps expect them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const dist = fileURLToPath(new URL("../packages/probes/dist", import.meta.url));
const load = (file) => import(pathToFileURL(path.join(dist, file)).href);

/** An interface that has all from the type of a constant, as tsc writes it. */
const TAKEN_OVER = /export interface (\w+) extends (\w+<typeof (\w+)>) \{\s*\}/g;
const BEGINNING = "\n/* From the definition: see scripts/document.mjs. */\n";

const probes = await load("index.js");
for (const name of readdirSync(dist).filter((name) => probes[name]?.definition)) {
  document(`${name}/probe.d.ts`, () => optionsOf(probes[name]));
  const schemas = await load(`${name}/schema.js`);
  document(`${name}/schema.d.ts`, (constant) => fieldsOf(schemas[constant]));
}

/** @param membersOf gives the members of the type of a constant */
function document(file, membersOf) {
  const full = path.join(dist, file);
  const [text, map] = readFileSync(full, "utf8").split(/(?=\n\/\/# sourceMappingURL=)/);
  if (text.includes(BEGINNING)) return;
  const interfaces = [...text.matchAll(TAKEN_OVER)].map(([, name, type, constant]) => {
    const members = membersOf(constant).map(
      ({ name, optional, doc }) =>
        // `Required`, so that one can be left out and is never undefined.
        `  /** ${doc} */\n  readonly ${name}${optional ? "?" : ""}: ${optional ? `Required<${type}>` : type}["${name}"];\n`,
    );
    return `export interface ${name} {\n${members.join("")}}\n`;
  });
  if (interfaces.length > 0) writeFileSync(full, [text, BEGINNING, ...interfaces, map].join(""));
}

function optionsOf(probe) {
  return Object.entries(probe.optionsOf(probe.definition.main)).map(([name, { help }]) => ({
    name,
    optional: true,
    doc: help,
  }));
}

function fieldsOf({ fields }) {
  return Object.entries(fields).map(([name, { optional = false, doc }]) => ({ name, optional, doc }));
}
