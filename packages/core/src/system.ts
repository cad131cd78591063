// `@rxbpf/core/system`: system calls and libraries that Node does not offer.
export { hasZstd, zstdCompress, zstdDecompress } from "./ffi/zstd.js";
export { lockFile, reserveRoom } from "./ffi/file.js";
export { openRegular } from "./ffi/open.js";
export { pathHandle } from "./ffi/handle.js";
export { namespaceKind } from "./ffi/namespace.js";
export { askSocket } from "./ffi/socket.js";
export { endAtSecond } from "./ffi/signals.js";
export { inFirstNamespace, timeNamespaceOffsetNs } from "./namespaces.js";
