/** A key of a set as the kernel reads it: the id in the machine's byte order. */
export function keyOf(id: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(id)).buffer);
}

/** The id that a key of 8 bytes is. */
export function idOf(key: Uint8Array): bigint {
  const [id = 0n] = new BigUint64Array(new Uint8Array(key).buffer);
  return id;
}
