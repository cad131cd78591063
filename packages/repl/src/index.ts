// `rxbpf`, for programs: what is in scope at the prompt. That is every export of RxJS and of rxbpf's packages, and those packages by name.
export * from "rxjs";
export * from "@rxbpf/core";
export * from "@rxbpf/filters";
export * from "@rxbpf/probes";
export * from "@rxbpf/sinks";

export * as rxjs from "rxjs";
export * as core from "@rxbpf/core";
export * as filters from "@rxbpf/filters";
export * as probes from "@rxbpf/probes";
export * as sinks from "@rxbpf/sinks";
