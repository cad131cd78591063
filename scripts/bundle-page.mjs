// Bundles what runs in the page of a report: one script, one style and the licences of both, for packages/report to put
// into each page.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { rolldown } from "rolldown";

import { licencesInto } from "./bundled-licences.mjs";

const report = fileURLToPath(new URL("../packages/report", import.meta.url));
const to = path.join(report, "build/page");

/** The styles that scripts import. */
const styles = new Map();
const gatherStyles = {
  name: "styles",
  load(id) {
    if (!id.endsWith(".css")) return undefined;
    styles.set(id, readFileSync(id, "utf8").trim());
    return { code: "", moduleType: "js", moduleSideEffects: false };
  },
};

const bundle = await rolldown({
  input: path.join(report, "src/page/main.ts"),
  platform: "browser",
  plugins: [gatherStyles, licencesInto(to)],
});
const { output } = await bundle.write({ file: path.join(to, "main.js"), format: "iife", minify: true });
await bundle.close();
// These would end the element that the script stands in.
if (/<\/script|<!--/i.test(output[0].code)) throw new Error("The script of the page has a text that ends it");
// Ours last, as it changes those of libraries.
const ordered = [...styles].sort(([a], [b]) => Number(a.startsWith(report)) - Number(b.startsWith(report)));
writeFileSync(path.join(to, "style.css"), ordered.map(([, text]) => text).join("\n"));
