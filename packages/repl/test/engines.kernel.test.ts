import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

import { dockerServer } from "../../../testing/engines.js";
import { uniqueName } from "../../../testing/kernel-objects.js";
import { type LaidOut, layouts } from "../../../testing/layouts.js";
import { compile, run, start, temporaryFolder } from "../../../testing/programs.js";
import { containerHost } from "../../../testing/runtimes.js";
import { commandLine } from "./cli.js";

const program = compile(new URL("../../../testing/first-exec.c", import.meta.url), temporaryFolder());

/** Lets the engines say what containers there are. Podman has those of a storage in one list. */
async function tell(root: string, containers: readonly LaidOut[]): Promise<string> {
  const files = new Map<string, unknown>();
  for (const { file } of containers) {
    if (!file) continue;
    const before = files.get(file.path);
    files.set(file.path, Array.isArray(before) ? [...before, ...(file.content as unknown[])] : file.content);
  }
  for (const [file, content] of files) {
    mkdirSync(path.dirname(root + file), { recursive: true });
    writeFileSync(root + file, JSON.stringify(content));
  }
  return dockerServer(containers.flatMap(({ docker }) => docker ?? []));
}

test.each(["plain", "hybrid"] as const)(
  "on a %s machine the containers of all engines are listed by their names, and later ones are traced from their first exec",
  async (mounts) => {
    const host = await containerHost(mounts);
    const [there, later, others] = [layouts(uniqueName()), layouts(uniqueName()), layouts(uniqueName())];
    const socket = await tell(host.root, [...there, ...later, ...others]);
    const through = [...host.through.slice(1), "env", `DOCKER_HOST=unix://${socket}`];
    for (const { cgroup } of there) mkdirSync(`${host.top}/${cgroup}`, { recursive: true });
    for (const { cgroup } of [...later, ...others])
      mkdirSync(path.dirname(`${host.top}/${cgroup}`), { recursive: true });

    const { stdout } = await run(host.through[0], [...through, ...commandLine("containers", "--json")]);
    const listed = JSON.parse(stdout) as (Partial<LaidOut> & { readonly containerId: string })[];
    const found = new Map(listed.map((one) => [one.containerId, one]));
    const told = (one: Partial<LaidOut> | undefined) => ({ name: one?.name, pod: one?.pod, podUid: one?.podUid });
    expect(there.map(({ how, id }) => ({ how, ...told(found.get(id)) }))).toEqual(
      there.map((one) => ({ how: one.how, ...told(one) })),
    );

    const name = later[0]!.name.slice(0, -"-0".length);
    const trace = async (...selector: readonly string[]) => {
      const child = start(host.through[0], [...through, ...commandLine("execsnoop", ...selector)]);
      const words: string[] = [];
      await child.line();
      void (async () => {
        for await (const line of child.lines()) words.push(...(/ \/bin\/true (\S+)$/.exec(line)?.slice(1) ?? []));
      })();
      return words;
    };
    const [byName, byPod] = await Promise.all([trace("--container", `${name}-*`), trace("--pod", `shop/${name}-*`)]);
    const runner = start(program, ["/bin/true"]);
    for (const [i, one] of later.entries())
      for (const { cgroup, how } of [others[i]!, one])
        runner.write(
          `${host.top}/${cgroup} ${how.replaceAll(/\W+/g, "-")}${one.cgroup === cgroup ? "" : "-of-others"}`,
        );
    await runner.ended();
    const words = (containers: readonly LaidOut[]) => containers.map(({ how }) => how.replaceAll(/\W+/g, "-"));
    await expect
      .poll(() => ({ byName, byPod }))
      .toEqual({
        byName: words(later),
        byPod: words(later.filter(({ pod }) => pod !== undefined)),
      });
  },
);
