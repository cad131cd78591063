export { toJson } from "./json.js";
export type { Progress, SinkOptions } from "./sink.js";
export { type TextOptions, toStdout, toText } from "./text.js";
export type { Target } from "./output.js";
