import { type CgroupView, lackingNames, type LackingName, type NamedCgroup } from "@rxbpf/core/events";

import type { Reader } from "./decode.js";
import type { RecordedBatch, Recording } from "./recording.js";
import type { Series } from "./series.js";

/** The cgroups that a series names, for each of its recordings. Ids mean something within one boot of a machine. */
export function cgroupsIn(series: readonly Recording[]): (recording: Recording) => ReadonlyMap<number, NamedCgroup> {
  const boots = new Map<string, Map<number, NamedCgroup>>();
  const bootOf = ({ info, path }: Recording): string => info.boot || path;
  for (const recording of series) {
    const named = boots.get(bootOf(recording)) ?? new Map<number, NamedCgroup>();
    boots.set(bootOf(recording), named);
    for (const { note } of recording.notes())
      if (note.type === "snapshot") for (const cgroup of note.cgroups) named.set(cgroup.id, cgroup);
  }
  return (recording) => boots.get(bootOf(recording))!;
}

/**
 * A series as it is with the names of cgroups as fields, or with the events of some cgroups alone. A field that the recording has stays as
 * it was recorded.
 */
export function viewed(series: Series, { show = [], inside }: CgroupView): Series {
  const lacking = lackingNames(series[0].info.schema.fields, show);
  if (lacking.length === 0 && !inside) return series;
  const cgroups = cgroupsIn(series);
  const choices = new Map<ReadonlyMap<number, NamedCgroup>, (id: number) => boolean>();
  const [first, ...others] = series.map((recording): Recording => {
    const named = cgroups(recording);
    const chosen = inside && (choices.get(named) ?? inside(named));
    if (chosen) choices.set(named, chosen);
    const { info, batches } = recording;
    const added = Object.fromEntries(lacking.map(({ field, described }) => [field, described]));
    return {
      ...recording,
      info: { ...info, schema: { ...info.schema, fields: { ...info.schema.fields, ...added } } },
      *batches() {
        const reading = batches();
        let next = reading.next();
        try {
          for (; !next.done; next = reading.next()) {
            const part = chosen ? chosenOf(next.value, chosen) : next.value;
            yield lacking.length > 0 ? namedOf(part, named, lacking) : part;
          }
          return next.value;
        } finally {
          if (!next.done) reading.return({ whole: 0, dropped: 0, finished: false });
        }
      },
    };
  });
  return [first!, ...others];
}

/** The id of the cgroup of a row. */
function idReader({ columns }: RecordedBatch): (row: number) => number {
  const read = columns.get("cgroupId");
  return (row) => Number(read?.(row));
}

/** The events of a batch in chosen cgroups. */
function chosenOf(batch: RecordedBatch, chosen: (id: number) => boolean): RecordedBatch {
  const idOf = idReader(batch);
  const rows: number[] = [];
  for (let row = 0; row < batch.length; row++) if (chosen(idOf(row))) rows.push(row);
  let before = 0;
  const notes = batch.notes.map(({ at, note }) => {
    while (before < rows.length && rows[before]! < at) before++;
    return { at: before, note };
  });
  const chosenRows = (readers: RecordedBatch["columns"]): RecordedBatch["columns"] =>
    new Map([...readers].map(([name, read]): [string, Reader] => [name, (row) => read(rows[row]!)]));
  return {
    length: rows.length,
    notes,
    columns: chosenRows(batch.columns),
    values: chosenRows(batch.values),
    row: (index) => batch.row(rows[index]!),
    exactRow: (index) => batch.exactRow(rows[index]!),
    time: (index) => batch.time(rows[index]!),
  };
}

/** A batch with names of its events' cgroups. */
function namedOf(
  batch: RecordedBatch,
  named: ReadonlyMap<number, NamedCgroup>,
  lacking: readonly LackingName[],
): RecordedBatch {
  const idOf = idReader(batch);
  const added = lacking.map(({ field, of }): [string, Reader] => [
    field,
    (row) => {
      const cgroup = named.get(idOf(row));
      return cgroup && of(cgroup);
    },
  ]);
  const withNames = (row: Record<string, unknown>, index: number): Record<string, unknown> => {
    for (const [field, read] of added) {
      const value = read(index);
      if (value !== undefined) row[field] = value;
    }
    return row;
  };
  return {
    ...batch,
    columns: new Map([...batch.columns, ...added]),
    values: new Map([...batch.values, ...added]),
    row: (index) => withNames(batch.row(index), index),
    exactRow: (index) => withNames(batch.exactRow(index), index),
  };
}
