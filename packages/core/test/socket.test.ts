import { once } from "node:events";
import path from "node:path";

import { askSocket } from "@rxbpf/core/system";
import { expect, onTestFinished, test } from "vitest";

import { start, temporaryFolder } from "../../../testing/programs.js";

const folder = temporaryFolder();
const SERVER = `
require("node:net")
  .createServer({ allowHalfOpen: true }, (socket) => socket.once("data", (request) => {
    let left = 10;
    const timer = setInterval(() => {
      socket.write(request);
      if (--left > 0) return;
      clearInterval(timer);
      socket.end();
    }, 50);
  }))
  .listen(process.argv[1], () => console.log("listening"));`;

test("an answer is whole, whatever signals come while it is waited for", async () => {
  const socket = path.join(folder, "socket");
  await start(process.execPath, ["-e", SERVER, socket]).line();
  const handle = (): void => {};
  process.on("SIGUSR2", handle);
  onTestFinished(() => void process.off("SIGUSR2", handle));
  const signals = start("sh", ["-c", "echo goes; while kill -USR2 $0; do sleep 0.01; done", String(process.pid)]);
  await signals.line();
  await once(process, "SIGUSR2");
  expect(askSocket(socket, "word", 1000, 10).toString()).toBe("word".repeat(10));
  signals.kill("SIGKILL");
  await signals.ended().catch(() => {});
});
