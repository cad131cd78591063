// Streams
export * from "./source.js";
export { EventStream, originOf, refine } from "./stream.js";
export { type Attachment, attachments, statuses } from "./attachments.js";
export { Consumer, type ConsumerEvents, consumers } from "./consumer.js";
export { feed, type Feeder } from "./feed.js";
export { iterate, type IterateOptions } from "./iterate.js";
export { type Aside, trace, type Setting } from "./trace.js";
export { aggregate, type Counter } from "./aggregate.js";

// Operators
export { countBy, type CountOptions } from "./operators/count-by.js";
export { type Count, type Key, OTHER_KEYS } from "./operators/counts.js";
export type { GatherOptions } from "./operators/gather.js";
export { histogram } from "./operators/histogram.js";
export { type Bucket, Histogram } from "./histogram.js";
export { joinBy, type Joined, type JoinOptions, type Others } from "./operators/join-by.js";
export { orderByTime, type OrderOptions } from "./operators/order-by-time.js";
export { rate, type RateOptions } from "./operators/rate.js";
export { top } from "./operators/top.js";

// Schemas
export * from "./schema/schema.js";
export { bindLayout, type Layout, type Place } from "./schema/layout.js";
export { Btf } from "./btf/btf.js";

export { ColumnBuilder } from "./schema/columns.js";
export type { Column as ColumnValues, Columns, NumberArray, Presence, Records, Strings } from "./schema/column-data.js";
export { jsonEncoder, type LineEncoder } from "./schema/json.js";
export { milliseconds } from "./schema/moment.js";
export { eventClock, eventTime } from "./clock.js";

// Objects and maps
export { type Image, type Knob, load, type Loaded, type Patch, type Variant } from "./load.js";
export { KernelIterator } from "./iterator.js";
export { BpfObject } from "./ffi/object.js";
export { BpfMap, type MapInfo, MapType } from "./ffi/map.js";
export { capabilityAdvice, missingCapabilities, requireCapabilities } from "./capabilities.js";

// Text
export { column, type Column } from "./text/column.js";
export { printable, printableJson } from "./text/printable.js";

// Compression
export { zstdCompress, zstdDecompress } from "./ffi/zstd.js";

// Kernel facts
export { pathHandle } from "./ffi/handle.js";
export { inFirstNamespace, timeNamespaceOffsetNs } from "./namespaces.js";

// Errors
export * from "./errors.js";
