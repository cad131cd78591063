import { zstdCompress, zstdDecompress } from "@rxbpf/core/system";
import { CompressionType, setCompressionCodec } from "@uwdata/flechette";

export { tableFromIPC } from "@uwdata/flechette";

// A reader of its own, which leaves only the codec to others.
setCompressionCodec(CompressionType.ZSTD, {
  encode: zstdCompress,
  decode(frame, length) {
    const bytes = new Uint8Array(length!);
    zstdDecompress(frame, bytes);
    return bytes;
  },
});
