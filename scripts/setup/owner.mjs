import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

/**
 * Gives what root made in the clone to whoever it belongs to, so that `npm start` is no obstacle after `sudo npm start`.
 */
export function giveToOwner() {
  const { uid, gid } = statSync(".");
  if (process.getuid() !== 0 || uid === 0) return;
  spawnSync("chown", ["--recursive", "--no-dereference", "--from=0", `${uid}:${gid}`, "."], { stdio: "inherit" });
}
