/** Operations of requests, by number: include/linux/blk_types.h. Other operations have different numbers in different kernels. */
const OPERATIONS: Readonly<Record<number, string>> = {
  ...{ 0: "Read", 1: "Write", 2: "Flush", 3: "Discard", 5: "SecureErase", 9: "WriteZeros" },
};

/** Flags of requests, by bit, in the order in which BCC puts their names before the operation's name. */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [11, "Sync"],
  [12, "Metadata"],
  [17, "ForcedUnitAccess"],
  [13, "Priority"],
  [14, "NoMerge"],
  [15, "Idle"],
  [19, "ReadAhead"],
  [20, "Background"],
  [21, "NoWait"],
];

/** The bits that have a name. */
export const NAMED_FLAGS = FLAGS.reduce((bits, [bit]) => bits | (1 << bit), 0);

const OPERATION = 0xff;

/** The flags and the operation as a name, such as `Priority-Metadata-Read`. */
export function flagNames(flags: number): string {
  const names = FLAGS.filter(([bit]) => flags & (1 << bit)).map(([, name]) => name);
  return [...names.reverse(), OPERATIONS[flags & OPERATION] ?? "Unknown"].join("-");
}
