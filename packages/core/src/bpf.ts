// `@rxbpf/core/bpf`: BPF objects, and sources that read events from them. For authors of probes and of tools that use
// maps.

// Outputs of BPF objects, as sources of events
export { type Output, type OutputRun, type RunOptions, sourceOf } from "./bpf/output/run.js";
export { ring, type SideRecords } from "./bpf/output/ring.js";
export { table, type TableOptions, type TableShape } from "./bpf/output/table.js";

// Objects, programs and maps
export { type Constant, load, type Loaded, type LoadOptions, type ObjectSpec } from "./bpf/load.js";
export type { Variant } from "./bpf/variant.js";
export { losses } from "./bpf/losses.js";
export { KernelIterator } from "./bpf/iterator.js";
export { BpfObject } from "./ffi/object.js";
export { BpfProgram } from "./ffi/program.js";
export type { Clock, Hook, Uprobe, Usdt } from "./ffi/attach.js";
export { BpfMap, type MapInfo, MapType } from "./ffi/map.js";
export { capabilityAdvice, missingCapabilities, requireCapabilities } from "./bpf/capabilities.js";

// Layouts
export { Btf } from "./bpf/btf.js";
export { bindLayout, bindMap } from "./schema/layout.js";
export type { Layout, Place } from "./schema/record.js";

// Symbols
export { type CodeMapping, type NameOptions, Symbolizer, type SymbolizerOptions } from "./symbols/symbolizer.js";
