import { catalogue } from "../catalogue.js";

/** The operators that `pipe` takes besides RxJS's. */
export const OPERATORS = ["countBy", "top", "rate", "histogram", "heatMap", "orderByTime", "joinBy"];
export const SINKS = ["toStdout", "toText", "toJson", "toCsv", "toArrow"];
/** The functions that make the sets that `cgroupmap` and `mntnsmap` take. */
export const SETS = ["PinnedSet", "cgroupId", "mountNamespaceId"];

/** The words that complete an empty input: a few of the thousands in scope. */
export const firstWords: readonly string[] = [...catalogue.keys(), ...SETS, "replay", "merge", "await", "const"];
