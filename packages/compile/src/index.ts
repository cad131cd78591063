// `@rxbpf/compile`: functions in TypeScript compiled to BPF. Loaded when the first condition is used.
export { checkNames, ConditionError, explanation, narrow, type Narrowed, type Recorder } from "./where.js";
