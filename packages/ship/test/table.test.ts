import { bool, chars, choice, f64, histogramOf, optional, schema, text, texts, time, u32 } from "@rxbpf/core/events";
import { createTable } from "@rxbpf/ship";
import { expect, test } from "vitest";

import { addColumns, columnsOf, isSameType } from "../src/clickhouse/table.js";

test("a schema becomes a table, whatever its fields are called", () => {
  const fields = schema("all", {
    time: time("when, in Unix milliseconds"),
    comm: chars("name of the thread"),
    host: text("whose name it is"),
    "a`b\\": u32("it's `odd`"),
    type: choice("one of few", ["in", "out"]),
    args: texts("arguments"),
    failed: bool("whether it failed"),
    waits: histogramOf("how long", "log2", "us"),
    ageMs: optional(f64("age")),
    query: optional(text("name")),
  });
  expect(createTable("all", fields).split("\n").slice(5)).toEqual([
    "  time DateTime64(9, 'UTC') COMMENT 'when',",
    "  comm LowCardinality(String) COMMENT 'name of the thread',",
    "  event_host String COMMENT 'whose name it is',",
    "  `a\\`b\\\\` UInt32 COMMENT 'it\\'s `odd`',",
    "  type LowCardinality(String) COMMENT 'one of few',",
    "  args Array(String) COMMENT 'arguments',",
    "  failed Bool COMMENT 'whether it failed',",
    "  waits Array(UInt64) COMMENT 'how long, in us',",
    "  ageMs Nullable(Float64) COMMENT 'age',",
    "  query Nullable(String) COMMENT 'name'",
    ")",
    "ENGINE = MergeTree",
    "PARTITION BY toDate(time)",
    "ORDER BY (host, comm, time)",
    "SETTINGS non_replicated_deduplication_window = 10000",
  ]);
  expect(addColumns("db.t", columnsOf(schema("one", { failed: bool("") })))).toBe(
    "ALTER TABLE db.t ADD COLUMN failed Bool",
  );
});

test("how a table stores repeated texts does not matter", () => {
  expect(isSameType("LowCardinality(String)", "String")).toBe(true);
  expect(isSameType("LowCardinality(Nullable(String))", "Nullable(String)")).toBe(true);
  expect(isSameType("Int64", "Int32")).toBe(false);
});
