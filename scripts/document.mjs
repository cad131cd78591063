// Writes the probes' options and the fields of their events out in the declarations that tsc has made, each with the
// text of its definition. So editors show these texts, errors use the type's own name, and one text serves as help,
// hover and completion. Lines stay where declaration maps expect them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const dist = fileURLToPath(new URL("../packages/probes/dist", import.meta.url));
const load = (file) => import(pathToFileURL(path.join(dist, file)).href);

/** An interface that extends the type of a constant and adds nothing, as tsc writes it. */
const TAKEN_OVER = /export interface (\w+) extends (\w+<typeof (\w+)>) \{\s*\}/g;
const BEGINNING = "\n/* From the definition: see scripts/document.mjs. */\n";

const probes = await load("index.js");
for (const name of readdirSync(dist).filter((name) => probes[name]?.definition)) {
  document(`${name}/probe.d.ts`, () => optionsOf(probes[name]));
  const schemas = await load(`${name}/schema.js`);
  document(`${name}/schema.d.ts`, (constant) => fieldsOf(schemas[constant]));
}

/** @param membersOf returns the members of a constant's type */
function document(file, membersOf) {
  const full = path.join(dist, file);
  const [text, map] = readFileSync(full, "utf8").split(/(?=\n\/\/# sourceMappingURL=)/);
  if (text.includes(BEGINNING)) return;
  const interfaces = [...text.matchAll(TAKEN_OVER)].map(([, name, type, constant]) => {
    const members = membersOf(constant).map(
      ({ name, optional, doc }) =>
        // `Required`, so that an option can be left out but is never undefined.
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
