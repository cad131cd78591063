// Runs the flood of opens on the second processor.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

/** @param amount a number of opens, or seconds, such as `10s` */
export async function flood(folder, amount) {
  const { stdout } = await promisify(execFile)("taskset", ["-c", "1", path.join(folder, "flood"), String(amount)]);
  const [opens, nsPerOpen] = stdout.split(" ").map(Number);
  return { opens, nsPerOpen };
}
