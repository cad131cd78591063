import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { run } from "../../../testing/programs.js";

const module = fileURLToPath(new URL("../dist/process/conclude.js", import.meta.url));

/** Runs code with `conclude`, and `tell`, which says why on stderr and gives 3. */
function concluding(code: string) {
  const tell = "const tell = ({ message }) => (console.error(message), 3);";
  return run(process.execPath, ["--input-type=module", "-e", `import { conclude } from "${module}"; ${tell} ${code}`]);
}

test.each(["", "await "])("a run of which nothing is left to wait for has failed, and says so: %s", async (wait) => {
  const { status, stderr } = await concluding(`${wait}conclude(() => new Promise(() => {}), tell);`);
  expect({ status, stderr }).toEqual({
    status: 3,
    stderr: "Cannot go on: the run has not ended, but nothing is left to wait for; its output may be incomplete\n",
  });
});

test("what a run ends with is its status", async () => {
  expect(await concluding("conclude(async () => {}, tell);")).toMatchObject({ status: 0, stderr: "" });
  const failing = await concluding('conclude(() => Promise.reject(new Error("No")), tell);');
  expect(failing).toMatchObject({ status: 3, stderr: "No\n" });
});
