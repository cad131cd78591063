// Probes
export { execsnoop } from "./execsnoop/probe.js";
export { type ExecEvent, execEvent } from "./execsnoop/schema.js";
export { opensnoop } from "./opensnoop/probe.js";
export { type OpenEvent, openEvent } from "./opensnoop/schema.js";
export { tcpaccept } from "./tcpaccept/probe.js";
export { type AcceptEvent, acceptEvent } from "./tcpaccept/schema.js";
export { tcpconnect } from "./tcpconnect/probe.js";
export { type ConnectCount, type ConnectEvent, connectEvent } from "./tcpconnect/schema.js";
export { tcptracer } from "./tcptracer/probe.js";
export { type SessionEvent, sessionEvent } from "./tcptracer/schema.js";

// What probes are made of
export { type Aggregation, aggregation, interval } from "./define/aggregation.js";
export {
  aggregationOf,
  type AnyProbe,
  type Definition,
  isProbe,
  type Probe,
  probe,
  type ProbeOptions,
} from "./define/probe.js";
export * from "./define/options.js";
export { recordedBy } from "./define/recorded.js";
export { user } from "./define/user.js";
