export { printed } from "./live/printed.js";
export { type Output } from "./live/output.js";
export { show, type Showing } from "./live/show.js";
export { installPrinters } from "./prompt/printers.js";
export { installScope, scope } from "./session/scope.js";
export { scopeTypes } from "./session/scope-types.js";
