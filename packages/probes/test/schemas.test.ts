import { readFileSync } from "node:fs";

import { bindLayout, BpfObject, Btf, LayoutError, schema } from "@rxbpf/core";
import * as probes from "@rxbpf/probes";
import { expect, test } from "vitest";

const all = Object.values<unknown>(probes).filter(probes.isProbe);

function typesOf(name: string): Btf {
  const object = BpfObject.open(name, readFileSync(new URL(`../bpf/${name}.bpf.o`, import.meta.url)));
  try {
    return new Btf(object.btf);
  } finally {
    object.close();
  }
}

test.each(all.map((probe) => [probe.definition.name, probe] as const))(
  "%s: its schemas and its compiled program describe one record, and one key and value of each count",
  (name, probe) => {
    const counters = Object.values(probe.definition.aggregations ?? {}).map(({ counter }) => counter);
    for (const schema of [probe().info.schema, ...counters.flatMap(({ key, value }) => [key, value])]) {
      const { places } = bindLayout(schema, typesOf(name));
      expect(places.map((place) => place.name)).toEqual(Object.keys(schema.fields));
    }
  },
);

test("a schema of another probe does not fit", () => {
  const { event } = probes.opensnoop.definition;
  expect(() => bindLayout(schema("exec_event", event.fields), typesOf("execsnoop"))).toThrow(LayoutError);
});
