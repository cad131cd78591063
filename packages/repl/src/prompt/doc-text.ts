import { printable } from "@rxbpf/core";
import { type AnyProbe, isProbe } from "@rxbpf/probes/define";

/** What a word means: for a probe, from its definition; else from its documentation. */
export function docText(name: string, documentation: string | undefined): string {
  const value = (globalThis as Record<string, unknown>)[name];
  if (isProbe(value)) return probeText(value);
  return documentation ?? `Nothing is known of ${printable(name)}`;
}

function probeText(probe: AnyProbe): string {
  const { name, summary, main } = probe.definition;
  const { schema } = probe.outputs[main]!;
  const fields = Object.entries(schema.fields).map(([field, { doc }]) => [field, doc] as const);
  const others = Object.entries(probe.outputs).filter(([word]) => word !== main);
  return [
    `${name}(options?): a stream of ${summary}`,
    "Options:",
    ...rows(Object.entries(probe.optionsOf(main)).map(([option, { help }]) => [option, help] as const)),
    "Events:",
    ...rows(fields),
    ...others.map(([word, { help = "" }]) => `${name}.${word}(options?): ${help}`),
  ].join("\n");
}

function rows(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}
