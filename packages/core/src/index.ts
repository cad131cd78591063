// `@rxbpf/core`: everything a script needs to work with events.

// Streams
export type { Attached, Lost, Notice, Status, StreamInfo, TablePart } from "./stream/source.js";
export { EventStream } from "./stream/stream.js";
export { statuses } from "./stream/runs.js";
export { iterate, type IterateOptions } from "./stream/iterate.js";

// Operators
export { countBy, type CountOptions } from "./operators/count-by.js";
export { type Count, type Key, OTHER_KEYS } from "./operators/counts.js";
export type { GatherOptions } from "./operators/gather.js";
export { heatMap, type HeatMapOptions } from "./operators/heat-map.js";
export { histogram } from "./operators/histogram.js";
export { joinBy, type Joined, type JoinOptions, type Others } from "./operators/join-by.js";
export { orderByTime, type OrderOptions } from "./operators/order-by-time.js";
export { rate, type RateOptions } from "./operators/rate.js";
export { top } from "./operators/top.js";

// Values
export type { Field, Fields, Kind } from "./schema/field.js";
export type { EventOf, RowOf, Schema } from "./schema/schema.js";
export { sampleEvent } from "./schema/schema.js";
export { HeatMap, type HeatMapColumn, type PictureOptions } from "./values/heat-map.js";
export { type Bucket, Histogram, type Scale } from "./values/histogram.js";
export type { Frame } from "./values/frame.js";
export { frameText } from "./values/frame-text.js";
export { Table } from "./values/table.js";

// Text
export { bytesOf, textOf } from "./text/bytes.js";
export { harmless, printable, printableJson } from "./text/printable.js";

// Errors
export * from "./errors.js";
