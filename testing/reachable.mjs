import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * A path by which every user can reach a folder, as tests start programs of the clone as other users and without
 * capabilities. If the folder is in one that only its owner may enter, as homes often are, it is a mount that is
 * removed when this process ends.
 * @param {string} folder
 * @returns {string}
 */
export function reachable(folder) {
  const full = realpathSync(folder);
  if (process.getuid?.() !== 0 || ancestors(full).every((one) => (statSync(one).mode & 0o001) !== 0)) return full;
  const place = mkdtempSync(path.join(tmpdir(), "rxbpf-clone-"));
  const { status, stderr } = spawnSync("mount", ["--bind", full, place], { encoding: "utf8" });
  if (status !== 0) {
    rmdirSync(place);
    console.error(`Other users cannot reach ${full}, so some tests will fail: ${stderr.trim()}`);
    return full;
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
  process.once("exit", () => {
    spawnSync("umount", ["--lazy", place]);
    rmdirSync(place);
  });
  return place;
}

/** @param {string} folder */
function ancestors(folder) {
  const parent = path.dirname(folder);
  return parent === folder ? [] : [parent, ...ancestors(parent)];
}
