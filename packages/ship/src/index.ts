export { parseTarget, shipRecordings, type Shipping, type ShipOptions } from "./ship.js";
export type { Shipped } from "./shipper.js";
export { Refused } from "./target.js";
export { type Address, parseAddress } from "./address.js";
export { recordedName } from "./origin.js";
export { createLosses, createTable } from "./clickhouse/table.js";
export { isNats, replay, replayNats } from "./replay.js";
export type { ReplayNatsOptions } from "./nats/replay.js";
