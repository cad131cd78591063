import { readFileSync } from "node:fs";

import { bindLayout, BpfObject, Btf, type Field, LayoutError, schema } from "@rxbpf/core";
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
  "%s: its schema and its compiled program describe one record",
  (name, { definition }) => {
    const { places } = bindLayout(definition.event, typesOf(name));
    const written = Object.entries<Field<unknown>>(definition.event.fields).filter(([, { optional }]) => !optional);
    expect(places.map((place) => place.name)).toEqual(written.map(([name]) => name));
  },
);

test("a schema of another probe does not fit", () => {
  const { event } = probes.opensnoop.definition;
  expect(() => bindLayout(schema("exec_event", event.fields), typesOf("execsnoop"))).toThrow(LayoutError);
});
