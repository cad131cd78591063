import { readFileSync } from "node:fs";

import { type Field, type Fields, LayoutError } from "@rxbpf/core";
import { bindLayout, bindMap, BpfObject, Btf, type Layout } from "@rxbpf/core/bpf";
import { schema } from "@rxbpf/core/events";
import * as probes from "@rxbpf/probes";
import { isProbe } from "@rxbpf/probes/define";
import { expect, test } from "vitest";

const all = Object.values<unknown>(probes).filter(isProbe);

function typesOf(name: string): Btf {
  const object = BpfObject.open(name, readFileSync(new URL(`../bpf/${name}.bpf.o`, import.meta.url)));
  try {
    return new Btf(object.btf);
  } finally {
    object.close();
  }
}

const outputs = all.flatMap((probe) =>
  Object.entries(probe.outputs).map(([name, output]) => [probe, name, output] as const),
);

test.each(outputs.map(([probe, name, output]) => [`${probe.definition.name}.${name}`, probe, output] as const))(
  "%s: its schema and its compiled program describe one struct",
  (_, { definition: { name } }, output) => {
    const types = typesOf(name);
    const check = (fields: Fields, { places }: Layout): void => {
      const written = Object.entries<Field<unknown>>(fields).filter(([, { optional }]) => !optional);
      expect(places.map((place) => place.name)).toEqual(written.map(([field]) => field));
    };
    if (output.kind === "ring") return check(output.schema.fields, bindLayout(output.schema, types));
    const { key, value, keep } = output.shape;
    for (const map of keep ? [output.map] : [`${output.map}_0`, `${output.map}_1`]) {
      check(key, bindMap(map, "key", key, types));
      check(value, bindMap(map, "value", value, types));
    }
  },
);

test("a schema of another probe does not fit", () => {
  const { fields } = probes.opensnoop.outputs.events.schema;
  expect(() => bindLayout(schema("exec_event", fields), typesOf("execsnoop"))).toThrow(LayoutError);
});
