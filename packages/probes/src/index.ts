// Probes
export { execsnoop, type ExecsnoopOptions } from "./execsnoop/probe.js";
export { type ExecEvent, execEvent } from "./execsnoop/schema.js";
export { opensnoop, type OpensnoopOptions } from "./opensnoop/probe.js";
export { type OpenEvent, openEvent } from "./opensnoop/schema.js";
export { tcpaccept, type TcpacceptOptions } from "./tcpaccept/probe.js";
export { type AcceptEvent, acceptEvent } from "./tcpaccept/schema.js";
export { tcpconnect, type TcpconnectOptions } from "./tcpconnect/probe.js";
export { type ConnectCount, type ConnectEvent, connectEvent } from "./tcpconnect/schema.js";
export { tcptracer, type TcptracerOptions } from "./tcptracer/probe.js";
export { type SessionEvent, sessionEvent } from "./tcptracer/schema.js";

// What probes are made of
export { type Aggregation, aggregation, interval } from "./define/aggregation.js";
export {
  aggregationOf,
  type AnyProbe,
  define,
  type Definition,
  type GivenTo,
  isProbe,
  type Probe,
  probe,
  type ProbeOf,
  type ProbeOptions,
} from "./define/probe.js";
export * from "./define/options.js";
export { recordedBy } from "./define/recorded.js";
export { user } from "./define/user.js";
