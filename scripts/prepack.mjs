// npm runs this in a package's folder before it packs the package. It brings the build up to date and copies the
// repository's licence in; `postpack` removes that copy.
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

execFileSync(process.execPath, [fileURLToPath(new URL("setup.mjs", import.meta.url))], { stdio: "inherit" });
copyFileSync(new URL("../LICENSE", import.meta.url), "LICENSE");
