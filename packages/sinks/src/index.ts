import { originOf } from "@rxbpf/core";
import { map, type OperatorFunction } from "rxjs";
export interface Progress {
  rows: number;
  bytes: number;
  lost: number;
}
export function toStdout<E>(): OperatorFunction<E, Progress> {
  return (s) => {
    const c = originOf(s)!.info.columns();
    process.stdout.write(c.map((x) => x.head).join("") + "\n");
    return s.pipe(
      map((e) => {
        process.stdout.write(c.map((x) => x.cell(e)).join("") + "\n");
        return { rows: 0, bytes: 0, lost: 0 };
      }),
    );
  };
}
export function toJson<E>(_: string): OperatorFunction<E, Progress> {
  return (s) =>
    s.pipe(
      map((e) => {
        process.stdout.write(JSON.stringify(e) + "\n");
        return { rows: 0, bytes: 0, lost: 0 };
      }),
    );
}
