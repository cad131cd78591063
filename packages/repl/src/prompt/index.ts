// `rxbpf/prompt`: the parts of the prompt, for use in other prompts.
export { printed } from "../live/printed.js";
export { type Output } from "../live/output.js";
export { show, type Showing } from "../live/show.js";
export { installScope, scope } from "../session/scope.js";
export { scopeTypes } from "../session/scope-types.js";
export { installPrinters } from "./printers.js";
