import { originOf } from "@rxbpf/core";
import { map, type OperatorFunction } from "rxjs";
export interface Progress { rows: number; bytes: number; lost: number }
export function toStdout<E>(): OperatorFunction<E, Progress> {
  return (s) => { const i = originOf(s)!.info; const c = i.columns(); const h = c.map((x) => x.head).join("") + "\n"; process.stdout.write((i.banner ? i.banner + "\n" : "") + h); return s.pipe(map((e) => { for (const r of [e].flat() as never[]) process.stdout.write(c.map((x) => x.cell(r)).join("") + "\n"); return { rows: 0, bytes: 0, lost: 0 }; })); };
}
export function toJson<E>(_: string): OperatorFunction<E, Progress> {
  return (s) => s.pipe(map((e) => { process.stdout.write(JSON.stringify(e) + "\n"); return { rows: 0, bytes: 0, lost: 0 }; }));
}
