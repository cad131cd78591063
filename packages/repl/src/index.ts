// `rxbpf`, for programs: what is in scope at the prompt. That is every export of RxJS and of rxbpf's packages, and those packages by name.
export * from "rxjs";
export * from "@rxbpf/core";
export * from "@rxbpf/filters";
export * from "@rxbpf/probes";
export * from "@rxbpf/ship";
export * from "@rxbpf/sinks";
// Of files and of servers, where that of sinks is of files only.
export { replay } from "@rxbpf/ship";

export * as rxjs from "rxjs";
export * as core from "@rxbpf/core";
export * as filters from "@rxbpf/filters";
export * as probes from "@rxbpf/probes";
export * as ship from "@rxbpf/ship";
export * as sinks from "@rxbpf/sinks";
