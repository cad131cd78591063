import zlib from "node:zlib";

import { hasNative } from "./koffi.js";
import { lazily, loadLibrary } from "./library.js";

/** What makes and reads Zstandard frames. */
interface Zstd {
  readonly compress: (bytes: Uint8Array) => Uint8Array;
  readonly decompress: (frames: Uint8Array, bytes: Uint8Array) => void;
}

/**
 * Compresses bytes into a Zstandard frame.
 * @throws Error where neither libzstd nor this Node can
 */
export function zstdCompress(bytes: Uint8Array): Uint8Array {
  return zstd().compress(bytes);
}

/**
 * What is in Zstandard frames, which may come from anybody: nothing is written, nor much memory taken, but what
 * is to hold it.
 * @param bytes filled with what is in the frames
 * @throws RangeError where that is damaged, or of another length; Error where neither libzstd nor this Node can
 */
export function zstdDecompress(frames: Uint8Array, bytes: Uint8Array): void {
  zstd().decompress(frames, bytes);
}

/** Whether Zstandard is at hand: libzstd, or Node 22.15 or later. */
export function hasZstd(): boolean {
  try {
    return Boolean(zstd());
  } catch {
    return false;
  }
}

/** The library, whose one call is the fastest. Recordings are also read where it cannot be called: then by Node. */
const zstd = lazily((): Zstd => {
  try {
    return ofLibrary();
  } catch (error) {
    const own = ofNode();
    if (own) return own;
    if (hasNative()) throw error;
    const advice = "use Node 22.15 or later, or run: npm install koffi";
    throw new Error(`Cannot use Zstandard: koffi is not installed, and this Node has none of its own; ${advice}`, {
      cause: error,
    });
  }
});

/** The library's own default: on columns of events a higher one gains little, a lower one saves little. */
const LEVEL = 3;

/** By libzstd; zstd.h says what each of its functions does. */
function ofLibrary(): Zstd {
  const lib = loadLibrary("libzstd.so.1", "libzstd1");
  const ZSTD_compressBound = lib.func("size_t ZSTD_compressBound(size_t srcSize)");
  const ZSTD_compress = lib.func(
    "size_t ZSTD_compress(void *dst, size_t dstCapacity, const void *src, size_t srcSize, int compressionLevel)",
  );
  const ZSTD_decompress = lib.func(
    "size_t ZSTD_decompress(void *dst, size_t dstCapacity, const void *src, size_t compressedSize)",
  );
  /** Where frames are made, as large as the largest needed: one for each buffer would be much to collect. */
  let scratch = new Uint8Array(0);
  return {
    compress: (bytes) => {
      const most = Number(ZSTD_compressBound(bytes.length));
      if (scratch.length < most) scratch = new Uint8Array(most);
      const length = Number(ZSTD_compress(scratch, scratch.length, bytes, bytes.length, LEVEL));
      // A number that is no length is an error's.
      if (length > most) throw new Error(`Cannot compress ${bytes.length} bytes: libzstd refuses them`);
      return scratch.slice(0, length);
    },
    decompress: (frames, bytes) => {
      const length = Number(ZSTD_decompress(bytes, bytes.length, frames, frames.length));
      if (length !== bytes.length) throw new RangeError(DAMAGED);
    },
  };
}

const DAMAGED = "A Zstandard frame is damaged";

/** What `node:zlib` has from 22.15 on, and the types of Node 20 do not. */
interface NodeZstd {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync?: (frames: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
}

function ofNode(): Zstd | undefined {
  const { zstdCompressSync, zstdDecompressSync } = zlib as NodeZstd;
  if (!zstdCompressSync || !zstdDecompressSync) return undefined;
  return {
    compress: zstdCompressSync,
    decompress: (frames, bytes) => {
      let found: Uint8Array;
      try {
        found = zstdDecompressSync(frames, { maxOutputLength: Math.max(bytes.length, 1) });
      } catch (cause) {
        throw new RangeError(DAMAGED, { cause });
      }
      if (found.length !== bytes.length) throw new RangeError(DAMAGED);
      bytes.set(found);
    },
  };
}
