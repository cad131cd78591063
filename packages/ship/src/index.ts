export { ship, type Shipping, type ShipOptions } from "./ship.js";
export type { Shipped } from "./shipper.js";
export { Refused } from "./target.js";
export { parseAddress, type Address } from "./address.js";
export { recordedName } from "./origin.js";
export { createLosses, createTable } from "./clickhouse/table.js";
