import { unixOffsetNs } from "./clock.js";
import type { BpfMap } from "./ffi/map.js";
import { type Image, load, type Loaded } from "./load.js";
import { losses } from "./losses.js";
import { bindLayout, type Layout } from "./schema/layout.js";
import { memory, type RowDecoder, rowDecoder } from "./schema/rows.js";
import type { Fields, Schema } from "./schema/schema.js";
import type { Source } from "./stream.js";
import { announce, type Setting } from "./trace.js";

/** A hash map of a program in which it counts: what its keys and its values say. */
export interface Counter {
  /** The map's name in the program. */
  readonly map: string;
  readonly key: Schema<Fields>;
  readonly value: Schema<Fields>;
}

/**
 * A source of tables: what a program counted in a map, one row for each key with the fields
 * of key and value. Every `intervalMs`, and when it is stopped, it takes all entries out of the map
 * and delivers them as one array, in no order; nothing is counted twice or left out. Kernel 5.6.
 * @param intervalMs undefined: only when it is stopped
 */
export function aggregate<R>(
  image: Image,
  counter: Counter,
  intervalMs: number | undefined,
  prepare: () => Setting,
): Source<readonly R[]> {
  return (receiver) => {
    const setting = prepare();
    let loaded: Loaded | undefined;
    try {
      let key: Layout | undefined;
      let value: Layout | undefined;
      loaded = load(image, setting, (btf) => {
        key = bindLayout(counter.key, btf);
        value = bindLayout(counter.value, btf);
      });
      const { object, btf } = loaded;
      const reportLosses = losses(object, btf, receiver);
      const read = tableReader<R>(object.map(counter.map), key!, value!);
      const deliver = (): void => {
        const table = read();
        receiver.batch({ length: 1, row: () => table });
        if (!closed) reportLosses();
      };
      let closed = false;
      let held = 0;
      const timer = setInterval(
        () => {
          if (intervalMs !== undefined && held === 0) deliver();
          else reportLosses();
        },
        intervalMs ?? 1000,
      );
      announce(loaded, setting, receiver);
      return {
        stop() {
          object.detach();
          clearInterval(timer);
          deliver();
          receiver.complete();
        },
        close() {
          if (closed) return;
          closed = true;
          clearInterval(timer);
          object.close();
          setting.close?.(true);
        },
        hold: () => void held++,
        release: () => void held--,
      };
    } catch (error) {
      loaded?.object.close();
      setting.close?.(false);
      throw error;
    }
  };
}

function tableReader<R>(map: BpfMap, keyLayout: Layout, valueLayout: Layout): () => R[] {
  const key = decoder(keyLayout);
  const value = decoder(valueLayout);
  return () => Array.from(map.entries(true), (entry) => ({ ...key(entry.key), ...value(entry.value) }) as R);
}

/** Decodes bytes that stand alone, by way of memory of their own. */
function decoder(layout: Layout): (bytes: Uint8Array) => object {
  const own = memory(new ArrayBuffer(Math.ceil(layout.size / 8) * 8));
  const decode: RowDecoder<object> = rowDecoder(layout, own, Number(unixOffsetNs()) / 1e6);
  return (bytes) => {
    own.u8.set(bytes);
    return decode(0);
  };
}
