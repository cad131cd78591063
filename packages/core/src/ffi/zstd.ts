import zlib from "node:zlib";

import { hasNative } from "./koffi.js";
import { lazily, loadLibrary } from "./library.js";

/** An implementation of Zstandard. */
interface Zstd {
  readonly compress: (bytes: Uint8Array) => Uint8Array;
  readonly decompress: (frames: Uint8Array, bytes: Uint8Array) => void;
}

/**
 * Compresses bytes into a Zstandard frame.
 * @throws Error if neither libzstd nor this Node supports it
 */
export function zstdCompress(bytes: Uint8Array): Uint8Array {
  return zstd().compress(bytes);
}

/**
 * Decompresses untrusted Zstandard frames. It writes only to `bytes`, and takes little memory besides.
 * @param bytes filled with the content of the frames
 * @throws RangeError if the frames are damaged or their content has another length; Error if neither libzstd nor this
 * Node supports it
 */
export function zstdDecompress(frames: Uint8Array, bytes: Uint8Array): void {
  zstd().decompress(frames, bytes);
}

/** Whether Zstandard is available: libzstd, or Node 22.15 or later. */
export function hasZstd(): boolean {
  try {
    return Boolean(zstd());
  } catch {
    return false;
  }
}

/** libzstd, as its single call is fastest; else Node's own, so that recordings can be read without koffi. */
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

/** The library's default. On columns of events a higher level gains little, and a lower one saves little time. */
const LEVEL = 3;

/** Zstandard by libzstd. zstd.h documents its functions. */
function ofLibrary(): Zstd {
  const lib = loadLibrary("libzstd.so.1", "libzstd1");
  const ZSTD_compressBound = lib.func("size_t ZSTD_compressBound(size_t srcSize)");
  const ZSTD_compress = lib.func(
    "size_t ZSTD_compress(void *dst, size_t dstCapacity, const void *src, size_t srcSize, int compressionLevel)",
  );
  const ZSTD_decompress = lib.func(
    "size_t ZSTD_decompress(void *dst, size_t dstCapacity, const void *src, size_t compressedSize)",
  );
  /**
   * Reused memory for making frames, as large as the largest needed, to spare the garbage collector a buffer per frame.
   */
  let scratch = new Uint8Array(0);
  return {
    compress: (bytes) => {
      const most = Number(ZSTD_compressBound(bytes.length));
      if (scratch.length < most) scratch = new Uint8Array(most);
      const length = Number(ZSTD_compress(scratch, scratch.length, bytes, bytes.length, LEVEL));
      // A larger number is an error code.
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

/** Functions of `node:zlib` since Node 22.15, which the types of Node 20 lack. */
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
