// KafkaJS brings gzip only; the other codecs from packages that need no compiler.
const lz4 = require("lz4-napi");
const snappy = require("snappyjs");
const zstd = require("@bokuweb/zstd-wasm");

// the framing that the Java client writes around snappy blocks
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const BLOCK = 32 * 1024;

function snappyCompress(data) {
  const parts = [XERIAL];
  for (let at = 0; at < data.length; at += BLOCK) {
    const block = Buffer.from(snappy.compress(data.subarray(at, at + BLOCK)));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function snappyDecompress(data) {
  if (!data.subarray(0, 8).equals(XERIAL.subarray(0, 8))) return Buffer.from(snappy.uncompress(data));
  const parts = [];
  for (let at = 16; at < data.length;) {
    const length = data.readInt32BE(at);
    parts.push(Buffer.from(snappy.uncompress(data.subarray(at + 4, at + 4 + length))));
    at += 4 + length;
  }
  return Buffer.concat(parts);
}

exports.install = async (table, types) => {
  await zstd.init();
  table[types.Snappy] = () => ({
    compress: async (encoder) => snappyCompress(encoder.buffer),
    decompress: async (data) => snappyDecompress(data),
  });
  table[types.LZ4] = () => ({
    compress: async (encoder) => lz4.compressFrame(encoder.buffer),
    decompress: async (data) => lz4.decompressFrame(data),
  });
  table[types.ZSTD] = () => ({
    compress: async (encoder) => Buffer.from(zstd.compress(encoder.buffer, 3)),
    decompress: async (data) => Buffer.from(zstd.decompress(data)),
  });
};
