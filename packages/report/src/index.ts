// `@rxbpf/report`: recordings as a page for browsers. Loads no BPF.
export { type Reported, type ReportedSeries, type ReportOptions, writeReport } from "./report.js";
