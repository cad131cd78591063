import { inspect } from "node:util";
export function printed(value: unknown, _output: unknown): string {
  return inspect(value);
}
