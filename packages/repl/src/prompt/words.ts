import { catalogue } from "../catalogue.js";

/** What `pipe` takes besides RxJS's operators. */
export const OPERATORS = ["countBy", "top", "rate", "histogram", "orderByTime", "joinBy"];
export const SINKS = ["toStdout", "toText", "toJson", "toCsv", "toArrow"];
/** What makes the sets that `cgroupmap` and `mntnsmap` take. */
export const SETS = ["PinnedSet", "cgroupId", "mountNamespaceId"];

/** What an input begins with, where nothing says more: there are thousands of words besides. */
export const firstWords: readonly string[] = [...catalogue.keys(), ...SETS, "replay", "merge", "await", "const"];
