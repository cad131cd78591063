// npm runs this in a package's folder before it packs it: the build is made current, and the licence,
// of which the repository has one copy, is put in. `postpack` takes that out again.
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

execFileSync(process.execPath, [fileURLToPath(new URL("setup.mjs", import.meta.url))], { stdio: "inherit" });
copyFileSync(new URL("../LICENSE", import.meta.url), "LICENSE");
