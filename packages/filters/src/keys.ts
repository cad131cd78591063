/** An id as a key of a set: 8 bytes in the machine's byte order. */
export function keyOf(id: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(id)).buffer);
}

/** The id that a key of 8 bytes stands for. */
export function idOf(key: Uint8Array): bigint {
  const [id = 0n] = new BigUint64Array(new Uint8Array(key).buffer);
  return id;
}
