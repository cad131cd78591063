// Probes
export { bashreadline, type BashreadlineOptions } from "./bashreadline/probe.js";
export { type LineEvent, lineEvent } from "./bashreadline/schema.js";
export { biolatency, type BiolatencyOptions } from "./biolatency/probe.js";
export type { Latency } from "./biolatency/schema.js";
export { biosnoop, type BiosnoopOptions } from "./biosnoop/probe.js";
export { type BlockEvent, blockEvent } from "./biosnoop/schema.js";
export { cpudist, type CpudistOptions } from "./cpudist/probe.js";
export type { Stretch } from "./cpudist/schema.js";
export { execsnoop, type ExecsnoopOptions } from "./execsnoop/probe.js";
export { type ExecEvent, execEvent } from "./execsnoop/schema.js";
export { exitsnoop, type ExitsnoopOptions } from "./exitsnoop/probe.js";
export { type ExitEvent, exitEvent } from "./exitsnoop/schema.js";
export { gethostlatency, type GethostlatencyOptions } from "./gethostlatency/probe.js";
export { type LookupEvent, lookupEvent } from "./gethostlatency/schema.js";
export { killsnoop, type KillsnoopOptions } from "./killsnoop/probe.js";
export { type KillEvent, killEvent } from "./killsnoop/schema.js";
export { offcputime, type OffcputimeOptions } from "./offcputime/probe.js";
export type { Blocked } from "./offcputime/schema.js";
export { opensnoop, type OpensnoopOptions } from "./opensnoop/probe.js";
export { type OpenEvent, openEvent } from "./opensnoop/schema.js";
export { profile, type ProfileOptions } from "./profile/probe.js";
export type { Sample } from "./profile/schema.js";
export { runqlat, type RunqlatOptions } from "./runqlat/probe.js";
export type { Wait } from "./runqlat/schema.js";
export { tcpaccept, type TcpacceptOptions } from "./tcpaccept/probe.js";
export { type AcceptEvent, acceptEvent } from "./tcpaccept/schema.js";
export { tcpconnect, type TcpconnectOptions } from "./tcpconnect/probe.js";
export { type ConnectCount, type ConnectEvent, connectEvent } from "./tcpconnect/schema.js";
export { tcptracer, type TcptracerOptions } from "./tcptracer/probe.js";
export { type SessionEvent, sessionEvent } from "./tcptracer/schema.js";

// What probes are made of
export {
  type AnyProbe,
  define,
  type Definition,
  type GivenTo,
  isProbe,
  outputOf,
  type OutputOptions,
  type Probe,
  probe,
  type ProbeOf,
} from "./define/probe.js";
export type { EventMapping, Output, OutputMakers, Outputs, RingOutput, TableOutput } from "./define/outputs.js";
export { histogramText, type TableText } from "./define/table-text.js";
export { lettered, processMatcher, selecting, showing } from "./define/selection.js";
export { whoOptions } from "./define/common.js";
export * from "./define/options.js";
export { recordedBy, recordedMatcher, recordedOptions } from "./define/recorded.js";
export { user } from "./define/user.js";
