import { zstdCompress, zstdDecompress } from "@rxbpf/core/system";
import { CompressionType, setCompressionCodec } from "@uwdata/flechette";

export { tableFromIPC } from "@uwdata/flechette";

// flechette is an independent reader; only the codec is given to it.
setCompressionCodec(CompressionType.ZSTD, {
  encode: zstdCompress,
  decode(frame, length) {
    const bytes = new Uint8Array(length!);
    zstdDecompress(frame, bytes);
    return bytes;
  },
});
