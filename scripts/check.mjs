// `npm run check`: all checks of the code that need not run it. The scripts `check:*` of package.json are the checks;
// nx runs those whose files have changed. If one fails, the others still run.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { giveToOwner } from "./setup/owner.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { name, nx } = JSON.parse(readFileSync("package.json", "utf8"));
const run = (...command) => spawnSync(process.execPath, command, { stdio: "inherit" }).status === 0;

const built = run("scripts/setup.mjs");
const checked = run(
  "node_modules/nx/dist/bin/nx.js",
  "run-many",
  `--projects=${name}`,
  `--targets=${nx.includedScripts}`,
);
giveToOwner();
process.exitCode = built && checked ? 0 : 1;
