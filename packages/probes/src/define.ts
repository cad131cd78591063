// `@rxbpf/probes/define`: the parts of a probe, for authors of probes and for code that handles every probe alike.
export {
  type AnyProbe,
  define,
  type GivenTo,
  isProbe,
  outputOf,
  type OutputOptions,
  probe,
  type ProbeOf,
} from "./define/probe.js";
export type { Definition, List } from "./define/definition.js";
export type { EventMapping, Output, OutputMakers, Outputs, RingOutput, TableOutput } from "./define/outputs.js";
export { histogramText, type TableText } from "./define/table-text.js";
export { lettered, processMatcher, selecting, showing } from "./define/selection.js";
export { checkCondition } from "./define/conditions.js";
export { namedCgroups, whoOptions } from "./define/common.js";
export * from "./define/options.js";
export { shownColumns } from "./define/show.js";
export {
  type AskedOfCgroups,
  askedOfCgroups,
  type AskedOfRecording,
  askedOfRecording,
  cgroupOptions,
  recordedBy,
  recordedOptions,
} from "./define/recorded.js";
export { user } from "./define/user.js";
