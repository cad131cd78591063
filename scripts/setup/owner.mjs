import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

/**
 * Gives files that root has made in the clone to the clone's owner, so that `npm start` works after `sudo npm start`.
 */
export function giveToOwner() {
  const { uid, gid } = statSync(".");
  if (process.getuid() !== 0 || uid === 0) return;
  spawnSync("chown", ["--recursive", "--no-dereference", "--from=0", `${uid}:${gid}`, "."], { stdio: "inherit" });
}
