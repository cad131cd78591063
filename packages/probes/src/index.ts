// Probes
export { execsnoop } from "./execsnoop/probe.js";
export { type ExecEvent, execEvent } from "./execsnoop/schema.js";
export { opensnoop } from "./opensnoop/probe.js";
export { type OpenEvent, openEvent } from "./opensnoop/schema.js";

// What probes are made of
export { type AnyProbe, type Definition, isProbe, type Probe, probe, type ProbeOptions } from "./define/probe.js";
export * from "./define/options.js";
export { user } from "./define/user.js";
