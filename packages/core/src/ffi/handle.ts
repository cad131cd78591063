import { check } from "./errno.js";
import { libc } from "./libc.js";

const AT_FDCWD = -100;
const HANDLE_BYTES = 8;

/**
 * The kernel's handle of a path. For a cgroup v2 directory it is the 8-byte id, in memory order. name_to_handle_at(2).
 * @throws BpfError; Error if the handle has another size
 */
export function pathHandle(path: string): Uint8Array {
  // struct file_handle { u32 handle_bytes; s32 handle_type; u8 handle[]; }
  const handle = Buffer.alloc(8 + HANDLE_BYTES);
  handle.writeUInt32LE(HANDLE_BYTES, 0);
  check("name_to_handle_at", libc().name_to_handle_at(AT_FDCWD, path, handle, [0], 0), `get the handle of ${path}`);
  const size = handle.readUInt32LE(0);
  if (size !== HANDLE_BYTES)
    throw new Error(`Cannot get the id of ${path}: its handle has ${size} bytes, not ${HANDLE_BYTES}`);
  return new Uint8Array(handle.subarray(8));
}
