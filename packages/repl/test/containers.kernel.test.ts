import { cgroupId } from "@rxbpf/filters";
import { expect, test } from "vitest";

import { containerId, dockerServer, makeCgroups } from "../../../testing/engines.js";
import { runThrough, rxbpf } from "./cli.js";

test("containers are listed for people and for programs, hostile names harmless", async () => {
  const id = containerId();
  const { top, paths } = makeCgroups(`docker/${id}`, "hostile\u001b[2J.service");
  const socket = await dockerServer([{ Id: id, Names: ["/web"] }]);
  const env = ["env", `DOCKER_HOST=unix://${socket}`];
  const { stdout, stderr, status } = await runThrough(env, "containers");
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  const lines = stdout.split("\n").filter((line) => line.startsWith("KIND") || line.includes(top));
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["KIND", "NAME", "ID", "POD", "ENGINE", "CGROUPID", "PROCS", "CGROUP"],
    ["container", "web", id.slice(0, 12), "-", "docker", String(cgroupId(paths[0]!)), "0", paths[0]],
    ["unit", "hostile\\x1b[2J.service", "-", "-", "-", expect.any(String), "0", `${top}/hostile\\x1b[2J.service`],
  ]);
  const json = JSON.parse((await runThrough(env, "containers", "--json")).stdout) as { path: string; name: string }[];
  expect(json.filter(({ path }) => path.startsWith(top)).map(({ name }) => name)).toEqual([
    "web",
    "hostile\u001b[2J.service",
  ]);
  expect(await rxbpf("containers", "extra")).toMatchObject({ status: 2 });
});
