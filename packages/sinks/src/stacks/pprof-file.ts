import { gzipSync } from "node:zlib";

import { type Frame, harmless } from "@rxbpf/core";
import {
  Function as PprofFunction,
  type LabelInput,
  Line,
  Location,
  Mapping,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";

import { UNITS } from "./format.js";
import type { StackSums } from "./sums.js";

/** A profile, compressed. */
export function pprof(stacks: StackSums): Uint8Array {
  const strings = new StringTable();
  const text = (value: string): number => strings.dedup(harmless(value));
  const mappings = new Numbered<Mapping>();
  const functions = new Numbered<PprofFunction>();
  const locations = new Numbered<Location>();

  const mappingOf = (module: string): number =>
    mappings.of(module, (id) => new Mapping({ id, filename: text(module), hasFunctions: true }));
  const locationOf = ({ name, module, source }: Frame): number =>
    locations.of(JSON.stringify([name, module, source]), (id) => {
      const [, file = "", line = "0"] = /^(.*):(\d+)$/s.exec(source ?? "") ?? [];
      const functionId = functions.of(JSON.stringify([name, module, file]), (id) => {
        return new PprofFunction({ id, name: text(name), systemName: text(name), filename: text(file) });
      });
      const at = new Line({ functionId, line: Number(line) });
      return new Location({ id, mappingId: module === "" ? 0 : mappingOf(module), line: [at] });
    });

  const sample = stacks.all.map(({ pid, comm, frames, sums }) => {
    const label: LabelInput[] = [{ key: text("comm"), str: text(comm) }];
    if (pid !== undefined) label.push({ key: text("pid"), num: pid });
    // pprof begins with the innermost.
    return new Sample({ locationId: frames.toReversed().map(locationOf), value: sums, label });
  });
  const sampleType = stacks.amounts.map(
    ({ name, unit }) => new ValueType({ type: text(name), unit: text(unit ? UNITS[unit] : "count") }),
  );
  const [from, to] = stacks.span ?? [0, 0];
  const profile = new Profile({
    sampleType,
    sample,
    mapping: mappings.all,
    location: locations.all,
    function: functions.all,
    stringTable: strings,
    timeNanos: BigInt(Math.round(from * 1e6)),
    durationNanos: BigInt(Math.round((to - from) * 1e6)),
    defaultSampleType: sampleType[0]?.type ?? 0,
  });
  return gzipSync(profile.encode());
}

/** Things that are made once for each key, and numbered from 1. */
class Numbered<T> {
  readonly all: T[] = [];
  readonly #ids = new Map<string, number>();

  of(key: string, make: (id: number) => T): number {
    let id = this.#ids.get(key);
    if (id !== undefined) return id;
    id = this.#ids.size + 1;
    this.#ids.set(key, id);
    this.all.push(make(id));
    return id;
  }
}
