import type { Constant } from "@rxbpf/core/bpf";
import type { MachineIds } from "@rxbpf/filters";

import type { Option, Process, Selection } from "./options.js";

/** An option that selects events. */
export type Selecting<T> = Option<T> & { readonly selection: Selection<T> };

type Values = Readonly<Record<string, unknown>>;
type Options = Readonly<Record<string, Option<unknown>>>;

/** The constants of the program that the given options set. @param values with the machine's ids */
export function constantsOf(options: Options, values: Values, ids: MachineIds): Readonly<Record<string, Constant>> {
  const set = Object.entries(values).flatMap(([name, value]) => {
    const constants = value === undefined ? undefined : options[name]?.selection?.constants?.(value, ids);
    return Object.entries(constants ?? {});
  });
  return Object.fromEntries(set.filter(([, constant]) => constant !== undefined));
}

/** Tests whether all given options select an event; undefined if none of them selects. */
export function matcher(options: Options, values: Values): ((event: unknown) => boolean) | undefined {
  const tests = Object.entries(values).flatMap(([name, value]) => {
    const selection = options[name]?.selection;
    if (!selection?.matches || value === undefined) return [];
    return [(event: unknown) => selection.matches!(value, event as never, values as never)];
  });
  return tests.length > 0 ? (event) => tests.every((test) => test(event)) : undefined;
}

/** Whether events that all given options select can come from a process; undefined if only an event can tell. */
export function processMatcher(options: Options, values: Values): (process: Process) => boolean | undefined {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return (process) => {
    const answers = given.map(([name, value]) => {
      const selection = options[name]?.selection;
      return selection?.processes ? selection.processes(value, process) : true;
    });
    if (answers.includes(false)) return false;
    return answers.includes(undefined) ? undefined : true;
  };
}

/** The options that select here, because the kernel cannot. */
export function chosenHere(options: Options): Options {
  return Object.fromEntries(
    Object.entries(options).filter(([, { selection }]) => selection?.matches && !selection.constants),
  );
}

/** Makes an option select events: in the kernel, and among recorded ones. */
export function selecting<T>(option: Option<T>, selection: Selection<T>): Selecting<T> {
  return { ...option, selection };
}

/** Marks an option that changes only how events are shown, and so applies to recordings too. */
export function showing<T>(option: Option<T>): Option<T> {
  return { ...option, selection: {} };
}

/** The flags of options: a letter, or a letter and another long name or one more. */
export type Flags<O> = { readonly [K in keyof O]?: string | Pick<Option<unknown>, "short" | "long" | "alias"> };

/** The same options with letters. */
export function lettered<O extends Readonly<Record<string, Option<unknown>>>>(options: O, letters: Flags<O>): O {
  const given = Object.entries(options).map(([name, option]) => {
    const letter = letters[name];
    const flag = typeof letter === "string" ? { short: letter } : letter;
    const help = flag?.alias === undefined ? option.help : `${option.help}; also --${flag.alias}`;
    return [name, { ...option, ...flag, help }];
  });
  return Object.fromEntries(given) as O;
}
