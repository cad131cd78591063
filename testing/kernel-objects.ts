import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, rmSync } from "node:fs";

import { cgroupMounts } from "@rxbpf/filters";
import { onTestFinished } from "vitest";

import { holdings } from "./holdings.js";

let made = 0;

/** A name that no other test run uses. */
export function uniqueName(): string {
  return `rxbpf-test-${process.pid}-${++made}`;
}

/**
 * Makes a cgroup, which is removed with the test, and returns its directory. Start shells that enter it afterwards, so
 * that they end first.
 */
export function makeCgroup(parent: string = cgroupMounts()[0]?.path ?? "", name: string = uniqueName()): string {
  const path = `${parent}/${name}`;
  mkdirSync(path);
  onTestFinished(() => {
    if (existsSync(path)) rmdirSync(path);
  });
  return path;
}

/** A free path on bpffs. What is pinned there is removed with the test. */
export function pinPath(): string {
  const path = `/sys/fs/bpf/${uniqueName()}`;
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs bpftool, an independent witness, and returns its JSON output, if any. */
export function bpftool(...args: readonly string[]): unknown {
  const output = execFileSync("bpftool", ["-j", ...args], { encoding: "utf8" });
  return output === "" ? undefined : JSON.parse(output);
}

/** A key of 8 bytes as bpftool expects it on a little-endian machine. */
export function keyWords(id: number): string[] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(id));
  return ["key", "hex", ...[...bytes].map((byte) => byte.toString(16).padStart(2, "0"))];
}

/** The ids in a pinned set, as bpftool sees them, in ascending order. */
export function dumpIds(path: string): number[] {
  const entries = bpftool("map", "dump", "pinned", path) as { key: string[] }[];
  return entries.map(({ key }) => Number(Buffer.from(key.map(Number)).readBigUInt64LE())).sort((a, b) => a - b);
}

/** How many descriptors of BPF maps this process has open. */
export function openMaps(): number {
  return holdings().descriptors.filter((name) => name === "anon_inode:bpf-map").length;
}
