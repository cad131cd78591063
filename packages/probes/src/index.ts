export { opensnoop } from "./opensnoop/probe.js";
export { type OpenEvent, openEvent } from "./opensnoop/schema.js";
