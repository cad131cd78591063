import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

import { explanation, narrow } from "@rxbpf/compile";
import { opensnoop } from "@rxbpf/probes";
import { describe, expect, test } from "vitest";

describe("an object", () => {
  const name = "opensnoop";
  const object = readFileSync(new URL("../bpf/opensnoop.bpf.o", import.meta.url));
  const { schema } = opensnoop().info;

  test("gets the condition in the place of its function, and is otherwise the same", () => {
    const narrowed = narrow({ name, schema, object }, [{ predicate: (e: { ret: number }) => e.ret < 0 }]);
    expect(narrowed).toMatchObject({ constants: { by_condition: true }, left: [], notices: [] });
    const changed = [...object].flatMap((byte, at) => (byte === narrowed.object[at] ? [] : [at]));
    expect(changed.at(-1)! - changed[0]!).toBeLessThan(8 * 520);
  });

  test("stays as it is if the kernel can decide nothing", () => {
    const predicate = (e: { path: string }): boolean => /x/.test(e.path);
    const narrowed = narrow({ name, schema, object }, [{ predicate }]);
    expect(narrowed).toMatchObject({ object, constants: {}, left: [predicate] });
  });

  test("has an explanation for its own events", () => {
    expect(explanation((e: { ret: number }) => e.ret < 0, { name, schema, object })).toMatch(
      /^in the kernel, \d+ instructions:\n {2}ret:s32 < 0$/,
    );
  });
});

test("where Node hides what a function captures, it can be given", async () => {
  const script = `
    import { explanation, narrow } from ${JSON.stringify(new URL("../../compile/dist/index.js", import.meta.url).href)};
    import { readFileSync } from "node:fs";
    const object = readFileSync(${JSON.stringify(new URL("../bpf/opensnoop.bpf.o", import.meta.url).pathname)});
    const schema = JSON.parse(${JSON.stringify(JSON.stringify(opensnoop().info.schema))});
    const limit = 7;
    const predicate = (e) => e.ret > limit;
    for (const captured of [undefined, { limit }])
      console.log(narrow({ name: "opensnoop", schema, object }, [{ predicate, captured }]).notices);`;
  const { allowedNodeEnvironmentFlags: flags } = process;
  const permission = flags.has("--permission") ? "--permission" : "--experimental-permission";
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[permission, "--allow-addons", "--allow-fs-read=*", "--no-warnings", "--input-type=module", "-e", script],
  ]);
  expect(stdout).toBe(`[
  "where: JavaScript decides limit: Node's --permission hides what a function captures; give it too: where(fn, { limit })"
]
[]
`);
});
