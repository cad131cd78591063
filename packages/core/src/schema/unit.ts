/** In what numbers are measured, as it is written after them. */
export type Unit = "ns" | "us" | "ms" | "s" | "bytes" | "kB";
