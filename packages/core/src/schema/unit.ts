/** Units of numbers, as written after them. */
export type Unit = "ns" | "us" | "ms" | "s" | "bytes" | "kB";
