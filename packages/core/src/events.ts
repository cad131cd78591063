// `@rxbpf/core/events`: schemas, sources and consumers of events. For authors of probes, sinks and views.

// Sources and their consumers
export { type Batch, changed, type Condition, type Receiver, type Run, type Source, wrapped } from "./stream/source.js";
export { mapEvents, originOf } from "./stream/stream.js";
export { collectRuns, runs, type StreamRun } from "./stream/runs.js";
export { Consumer, type ConsumerEvents, consumers } from "./stream/consumer.js";
export { feed, type Feeder } from "./stream/feed.js";
export { blame, blamed } from "./stream/blame.js";
export { Flow } from "./stream/flow.js";
export { type Guard, guardDelivery } from "./stream/delivery.js";

// Schemas
export { greatest, least, measured, optional, schema, who } from "./schema/schema.js";
export { address, addressBytes } from "./schema/kinds/address.js";
export { bool } from "./schema/kinds/bool.js";
export { bytes } from "./schema/kinds/bytes.js";
export { chars } from "./schema/kinds/chars.js";
export { choice } from "./schema/kinds/choice.js";
export { f64 } from "./schema/kinds/f64.js";
export { histogramOf } from "./schema/kinds/histogram.js";
export { i32, i64, u16, u32, u64, u8 } from "./schema/kinds/integers.js";
export { kernelStack, userStack } from "./schema/kinds/stack.js";
export { text } from "./schema/kinds/text.js";
export { texts } from "./schema/kinds/texts.js";
export { time } from "./schema/kinds/time.js";
export {
  cgroupNames,
  type CgroupView,
  type FindCgroup,
  lackingNames,
  type LackingName,
  type NamedCgroup,
  type NamedRow,
  nameIn,
  SHOWN_NAMES,
  showingNames,
  type ShownName,
} from "./schema/cgroup-names.js";
export { KINDS } from "./schema/kinds.js";
export type { FieldKind, Stored } from "./schema/kinds/kind.js";
export type { Unit } from "./schema/unit.js";
export { CUT, foldedLine } from "./values/folded.js";
export { looksCut } from "./values/looks-cut.js";

// Columns and lines
export { ColumnBuilder } from "./schema/columns.js";
export type { Column as ColumnValues, Columns, NumberArray, Presence, Records, Strings } from "./schema/column-data.js";
export { jsonEncoder, type LineEncoder } from "./schema/json.js";
export { type RowDecoder, rowView } from "./schema/rows.js";
export { column, type Column, Printed } from "./text/column.js";

// Times
export { milliseconds } from "./schema/moment.js";
export { eventClock, eventTime } from "./clock.js";

// Messages
export { messageOf, stateOf } from "./system-errors.js";
