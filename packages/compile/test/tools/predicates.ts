import type { Row } from "../sample.js";
import inEtc, { Access, isLarge, limits, names } from "./words.js";

let threshold = -2;
threshold = Math.min(threshold, -2);

class Wanted {
  readonly port = 443;
  static readonly prefix = "sd";
}
const wanted = new Wanted();

/** Predicates as people write them. */
export const predicates: readonly ((e: Row) => unknown)[] = [
  (e) => e.ret < threshold && names.includes(e.comm),
  ({ bytes, port }) => isLarge(bytes) || limits.ports.has(port),
  (e) => inEtc(e.path),
  function named(e: Row) {
    const { flags } = e;
    if ((flags & 3) === Access.Write) return e.disk.startsWith(Wanted.prefix);
    for (const name of names) {
      if (name === "curl") continue;
      if (e.comm === name) return true;
    }
    return false;
  },
  (e) => {
    switch (e.operation) {
      case "read":
        return e.port === wanted.port;
      case "write":
      case "flush":
        return e.cut;
      default:
        return e.small * 2 === 2 ? false : e.small > 3;
    }
  },
  (e) => (e as Row | undefined)?.ret === -13 || (e.delta ?? 1) > 5,
  (e) => Math.floor(e.bytes / 1024) >= 4 && !e.cut,
  (e) => `/etc/${"passwd"}` === e.path || [1, 2, 3].some((n) => n === e.small),
];
