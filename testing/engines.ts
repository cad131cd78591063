import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { cgroupMounts } from "@rxbpf/filters";
import { onTestFinished, vi } from "vitest";

import { uniqueName } from "./kernel-objects.js";
import { start } from "./programs.js";

/** 64 hexadecimal digits that no other test has. */
export function containerId(): string {
  return createHash("sha256").update(uniqueName()).digest("hex");
}

/** Makes a cgroup and those that it lies in below a new one of the test's own, all removed with the test. */
export function makeCgroups(...names: readonly string[]): { readonly top: string; readonly paths: readonly string[] } {
  const top = `${cgroupMounts()[0]?.path ?? ""}/${uniqueName()}`;
  mkdirSync(top);
  onTestFinished(() => removeCgroups(top));
  const paths = names.map((name) => path.join(top, name));
  for (const one of paths) mkdirSync(one, { recursive: true });
  return { top, paths };
}

/** The path of a cgroup as /proc/PID/cgroup has it. */
export function inHierarchy(directory: string): string {
  const [{ path: mount, root } = { path: "", root: "/" }] = cgroupMounts();
  return (root === "/" ? "" : root) + directory.slice(mount.length);
}

/** Removes a cgroup and all below it, and ends what runs there. */
async function removeCgroups(top: string): Promise<void> {
  if (!existsSync(top)) return;
  writeFileSync(`${top}/cgroup.kill`, "1");
  while (readFileSync(`${top}/cgroup.events`, "utf8").includes("populated 1")) await sleep(10);
  execFileSync("find", [top, "-depth", "-type", "d", "-delete"]);
}

/** A folder for the files of engines, removed with the test, and what writes one: JSON at a path as it is on a machine. */
export function engineFiles(): { readonly root: string; write(file: string, content: unknown): void } {
  const root = mkdtempSync(path.join(tmpdir(), "rxbpf-engines-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return {
    root,
    write(file, content) {
      mkdirSync(path.dirname(root + file), { recursive: true });
      writeFileSync(root + file, typeof content === "string" ? content : JSON.stringify(content));
    },
  };
}

const SERVER = `
const containers = JSON.parse(require("node:fs").readFileSync(process.argv[2]));
const all = JSON.stringify(containers);
const running = JSON.stringify(containers.filter(({ State = "running" }) => State === "running"));
require("node:http")
  .createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://docker");
    if (pathname !== "/containers/json") response.statusCode = 404;
    response.end(searchParams.get("all") === "1" ? all : running);
  })
  .listen(process.argv[1], () => console.log("listening"));`;

/** A container as Docker lists it; one without a state runs. */
export interface DockerContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly State?: "created" | "running";
}

/** Answers as Docker does, at a socket whose path is given; ended with the test. */
export async function dockerServer(containers: readonly DockerContainer[]): Promise<string> {
  const { root, write } = engineFiles();
  const socket = `${root}/docker.sock`;
  write("/containers.json", containers);
  await start(process.execPath, ["-e", SERVER, socket, `${root}/containers.json`]).line();
  return socket;
}

/** The same for what this process asks. */
export async function askedDocker(containers: readonly DockerContainer[]): Promise<void> {
  vi.stubEnv("DOCKER_HOST", `unix://${await dockerServer(containers)}`);
  onTestFinished(() => void vi.unstubAllEnvs());
}
