// `@rxbpf/core/events`: what events are made of, and what takes them. For who writes a probe, a sink or a view.

// Sources and who consumes them
export type { Batch, Connection, Receiver, Source } from "./stream/source.js";
export { mapEvents, originOf } from "./stream/stream.js";
export { type Attachment, attachments } from "./stream/runs.js";
export { Consumer, type ConsumerEvents, consumers } from "./stream/consumer.js";
export { feed, type Feeder } from "./stream/feed.js";
export { blame, blamed } from "./stream/blame.js";
export { Flow } from "./stream/flow.js";
export { type Guard, guardDelivery } from "./stream/delivery.js";

// Schemas
export type { RecordKind } from "./schema/schema.js";
export {
  address,
  bool,
  bytes,
  chars,
  choice,
  f64,
  greatest,
  histogramOf,
  i32,
  i64,
  kernelStack,
  least,
  measured,
  optional,
  schema,
  text,
  texts,
  time,
  u8,
  u16,
  u32,
  u64,
  userStack,
  who,
} from "./schema/schema.js";
export type { Unit } from "./schema/unit.js";
export { parseFrame } from "./values/frame-text.js";
export { looksCut } from "./values/looks-cut.js";

// Columns and lines
export { ColumnBuilder } from "./schema/columns.js";
export type { Column as ColumnValues, Columns, NumberArray, Presence, Records, Strings } from "./schema/column-data.js";
export { jsonEncoder, type LineEncoder } from "./schema/json.js";
export { column, type Column, Printed } from "./text/column.js";

// Times
export { milliseconds } from "./schema/moment.js";
export { eventClock, eventTime } from "./clock.js";

// Messages
export { messageOf, stateOf } from "./system-errors.js";
