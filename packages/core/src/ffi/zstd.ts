import { lazily, loadLibrary } from "./library.js";

/** libzstd's functions under their own names; zstd.h says what each does. */
const zstd = lazily(() => {
  const lib = loadLibrary("libzstd.so.1", "libzstd1");
  return {
    ZSTD_compressBound: lib.func("size_t ZSTD_compressBound(size_t srcSize)"),
    ZSTD_compress: lib.func(
      "size_t ZSTD_compress(void *dst, size_t dstCapacity, const void *src, size_t srcSize, int compressionLevel)",
    ),
    ZSTD_decompress: lib.func(
      "size_t ZSTD_decompress(void *dst, size_t dstCapacity, const void *src, size_t compressedSize)",
    ),
  };
});

/** The library's own default: on columns of events a higher one gains little, a lower one saves little. */
const LEVEL = 3;

/** Where frames are made, as large as the largest needed: one for each buffer would be much to collect. */
let scratch = new Uint8Array(0);

/**
 * Compresses bytes into a Zstandard frame.
 * @throws Error where libzstd is missing
 */
export function zstdCompress(bytes: Uint8Array): Uint8Array {
  const { ZSTD_compressBound, ZSTD_compress } = zstd();
  const most = Number(ZSTD_compressBound(bytes.length));
  if (scratch.length < most) scratch = new Uint8Array(most);
  const length = Number(ZSTD_compress(scratch, scratch.length, bytes, bytes.length, LEVEL));
  // A number that is no length is an error's.
  if (length > most) throw new Error(`Cannot compress ${bytes.length} bytes: libzstd refuses them`);
  return scratch.slice(0, length);
}

/**
 * What is in Zstandard frames, which may come from anybody: nothing is written, nor much memory taken, but what
 * is to hold it.
 * @param bytes filled with what is in the frames
 * @throws RangeError where that is damaged, or of another length; Error where libzstd is missing
 */
export function zstdDecompress(frames: Uint8Array, bytes: Uint8Array): void {
  const length = Number(zstd().ZSTD_decompress(bytes, bytes.length, frames, frames.length));
  if (length !== bytes.length) throw new RangeError("A Zstandard frame is damaged");
}
