// Runs every script next to this file, one after the other, and prints their figures.
// `npm run test:faults -- --document` also writes them into docs/security.md. Ends with 1 if one of them found a fault.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";

const PAGE = new URL("../../docs/security.md", import.meta.url);
const here = new URL(".", import.meta.url);

const runs = readdirSync(here).filter((name) => name.endsWith(".mjs") && name !== "main.mjs");
const figures = [];
for (const name of runs.toSorted()) {
  const script = new URL(name, here);
  const { stdout, stderr, code } = await promisify(execFile)(process.execPath, [script.pathname]).then(
    (result) => ({ ...result, code: 0 }),
    (error) => error,
  );
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (code !== 0) {
    console.error(`${name} found a fault`);
    process.exitCode = 1;
  }
  figures.push(...stdout.split("\n").filter((line) => line.includes(": ")));
}
if (process.argv.includes("--document")) document();

function document() {
  const rows = figures.map((line) => {
    const [name, ...rest] = line.split(": ");
    return `| ${name} | ${rest.join(": ")} |`;
  });
  const table = ["| run | figures |", "|---|---|", ...rows].join("\n");
  const page = readFileSync(PAGE, "utf8");
  const [before, after] = ["<!-- faults:begin -->", "<!-- faults:end -->"].map((mark) => page.indexOf(mark));
  writeFileSync(PAGE, `${page.slice(0, before)}<!-- faults:begin -->\n${table}\n${page.slice(after)}`);
}
