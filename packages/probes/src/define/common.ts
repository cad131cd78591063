import { flag, integer, text } from "./options.js";

/** Options that every probe has. */
export const common = {
  cgroupmap: text("only processes in the cgroups of the set pinned at PATH", { value: "PATH" }),
  mntnsmap: text("only processes in the mount namespaces of the set pinned at PATH", { value: "PATH" }),
  // The most is what a timer of Node can wait for.
  duration: integer("end after SECONDS", { value: "SECONDS", min: 1, max: 2_147_483 }),
  includeSelf: flag("also show what this process itself does"),
  ringBytes: integer("size of the buffer between kernel and reader, a power of two of whole pages", {
    value: "BYTES",
    min: 4096,
    max: 2 ** 30,
  }),
} as const;
