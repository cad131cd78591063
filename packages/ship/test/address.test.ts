import { writeFileSync } from "node:fs";

import { parseAddress, parseTarget } from "@rxbpf/ship";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../../testing/programs.js";
import { secretsFrom } from "../src/address.js";

const folder = temporaryFolder();

test.each([
  ["nats://example.org", { engine: "nats", host: "example.org:4222", tls: true, path: "" }],
  ["nats://example.org:5222/opensnoop?tls=off", { host: "example.org:5222", tls: false, path: "opensnoop" }],
  ["nats://127.0.0.1", { host: "127.0.0.1:4222", tls: false }],
  ["nats://[::1]:7", { host: "[::1]:7", tls: false }],
  ["tls://localhost", { engine: "nats", host: "localhost:4222", tls: true }],
  ["clickhouse://example.org/events", { engine: "clickhouse", host: "example.org:8443", tls: true, path: "events" }],
  ["clickhouse://localhost/events", { host: "localhost:8123", tls: false }],
  ["https://example.org/events", { engine: "clickhouse", host: "example.org:8443", tls: true }],
])("%s is understood", (url, wanted) => {
  expect(parseAddress(url)).toMatchObject({ shown: url, ...wanted });
});

test.each([
  ["", "it takes clickhouse://HOST/DATABASE, https://HOST/DATABASE or nats://HOST"],
  ["http://example.org/events", "it takes clickhouse://HOST/DATABASE"],
  ["nats:opensnoop", "it takes clickhouse://HOST/DATABASE"],
  ["nats://user:secret@example.org", "credentials in it would be seen by all users"],
  ["nats://secret@example.org", "credentials in it would be seen by all users"],
  ["https://example.org/events?tls=off", "https: always uses TLS"],
  ["nats://example.org?tls=maybe", "tls is on or off"],
  ["nats://example.org?Stream=x", "after ? it takes tls, stream, host"],
  ["nats://example.org/a/b", "its path has one part"],
])("%s is refused, without its secrets", (url, why) => {
  expect(() => parseAddress(url)).toThrow(why);
  expect(() => parseAddress(url)).not.toThrow(/secret/);
});

test("what is sent to a NATS server goes to subjects of its own", () => {
  expect(() => parseTarget("nats://example.org/opensnoop")).toThrow("to send, it takes no path");
});

test("credentials come from a file, then from the environment", () => {
  const file = `${folder}/credentials`;
  writeFileSync(file, "# ours\nNATS_USER=a\nNATS_PASSWORD=b=c\n\n");
  const secrets = secretsFrom(file);
  expect(["NATS_USER", "NATS_PASSWORD", "NATS_TOKEN"].map(secrets)).toEqual(["a", "b=c", undefined]);
  expect(secrets("PATH")).toBe(process.env["PATH"]);
  expect(() => secretsFrom(`${folder}/none`)).toThrow(/^Cannot read the credentials in .*\/none: no such file/);
});
