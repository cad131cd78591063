// `node scripts/check/main.mjs CHECK`: prints what one of our own checks finds, and fails if it finds anything.
import { checkImports } from "./imports.mjs";
import { checkLicences } from "./licences.mjs";
import { checkPackages } from "./packages.mjs";
import { checkProbes } from "./probes.mjs";

const checks = { imports: checkImports, licences: checkLicences, packages: checkPackages, probes: checkProbes };
const problems = await checks[process.argv[2]](".");
for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
