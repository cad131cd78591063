import type { Constant, Variant } from "@rxbpf/core/bpf";

import type { Options, ValuesOf } from "./options.js";
import type { OutputMakers, Outputs } from "./outputs.js";

/** The definition of a probe; everything else about it follows from this. */
export interface Definition<O extends Options, P extends Outputs, M extends keyof P & string> {
  /** The name of the command, and of the program in bpf/. */
  readonly name: string;
  /** What it shows, in one line. */
  readonly summary: string;
  readonly options: O;
  /** Flags of its command that print a list and exit, by name. */
  readonly lists?: Readonly<Record<string, List>>;
  /** The letter of the flag `--csv`, if BCC's tool has one. */
  readonly csvLetter?: string;
  /** Options that can be given by position on the command line, in this order, as in BCC. */
  readonly positional?: readonly string[];
  /** Checks options against each other. @throws UsageError */
  readonly check?: (options: ValuesOf<O>) => void;
  /** The programs to run, in order of preference. */
  readonly variants: (options: ValuesOf<O>) => readonly Variant[];
  /** The program's constants, besides those that options set themselves. */
  readonly constants?: (options: ValuesOf<O>) => Readonly<Record<string, Constant>>;
  /** What it gives, by name. */
  readonly outputs: (make: OutputMakers<ValuesOf<O>>) => P;
  /** The output that calling the probe gives; the others are its methods. */
  readonly main: M;
}

/** A list that a probe's command prints when a flag asks for it. */
export interface List {
  /** What it prints, in a few words, for `--help`. */
  readonly help: string;
  /** The letter of the flag that asks for it. */
  readonly short?: string;
  /** The lines to print, without newlines. */
  readonly lines: () => readonly string[];
}
