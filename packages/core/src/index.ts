// Streams
export * from "./stream/source.js";
export { EventStream, originOf, mapEvents } from "./stream/stream.js";
export { type Attachment, attachments, statuses } from "./stream/runs.js";
export { Consumer, type ConsumerEvents, consumers } from "./stream/consumer.js";
export { feed, type Feeder } from "./stream/feed.js";
export { blame, blamed } from "./stream/blame.js";
export { Flow } from "./stream/flow.js";
export { type Guard, guardDelivery } from "./stream/delivery.js";
export { iterate, type IterateOptions } from "./stream/iterate.js";
export { Table } from "./values/table.js";
export { type Output, type RunOptions, sourceOf } from "./bpf/output/run.js";
export { ring, type SideRecords } from "./bpf/output/ring.js";
export { table, type TableOptions, type TableShape } from "./bpf/output/table.js";

// Operators
export { countBy, type CountOptions } from "./operators/count-by.js";
export { type Count, type Key, OTHER_KEYS } from "./operators/counts.js";
export type { GatherOptions } from "./operators/gather.js";
export { histogram } from "./operators/histogram.js";
export { type Bucket, Histogram, type Scale } from "./values/histogram.js";
export { joinBy, type Joined, type JoinOptions, type Others } from "./operators/join-by.js";
export { orderByTime, type OrderOptions } from "./operators/order-by-time.js";
export { rate, type RateOptions } from "./operators/rate.js";
export { top } from "./operators/top.js";

// Schemas
export * from "./schema/schema.js";
export type { Unit } from "./schema/unit.js";
export { bindLayout, bindMap, type Layout, type Place } from "./schema/layout.js";
export { Btf } from "./bpf/btf.js";

export { ColumnBuilder } from "./schema/columns.js";
export type { Column as ColumnValues, Columns, NumberArray, Presence, Records, Strings } from "./schema/column-data.js";
export { jsonEncoder, type LineEncoder } from "./schema/json.js";
export { milliseconds } from "./schema/moment.js";
export { eventClock, eventTime } from "./clock.js";

// Objects and maps
export { type ObjectSpec, type Constant, load, type Loaded, type LoadOptions, type Variant } from "./bpf/load.js";
export { KernelIterator } from "./bpf/iterator.js";
export { BpfObject } from "./ffi/object.js";
export type { Clock, Hook, Uprobe, Usdt } from "./ffi/attach.js";
export { BpfMap, type MapInfo, MapType } from "./ffi/map.js";
export { capabilityAdvice, missingCapabilities, requireCapabilities } from "./bpf/capabilities.js";

// Text
export { bytesOf, textOf } from "./text/bytes.js";
export { column, type Column, Printed } from "./text/column.js";
export { harmless, printable, printableJson } from "./text/printable.js";

// Compression
export { hasZstd, zstdCompress, zstdDecompress } from "./ffi/zstd.js";

// Symbols
export type { Frame } from "./values/frame.js";
export { frameText, parseFrame } from "./values/frame-text.js";
export { looksCut } from "./values/looks-cut.js";
export { type CodeMapping, type NameOptions, Symbolizer, type SymbolizerOptions } from "./symbols/symbolizer.js";

// Files
export { lockFile, reserveRoom } from "./ffi/file.js";

// Kernel facts
export { pathHandle } from "./ffi/handle.js";
export { endAtSecond } from "./ffi/signals.js";
export { inFirstNamespace, timeNamespaceOffsetNs } from "./namespaces.js";

// Errors
export * from "./errors.js";
export { messageOf, stateOf } from "./system-errors.js";
