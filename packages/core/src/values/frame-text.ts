import type { Frame } from "./frame.js";

/**
 * A frame as a text that people and other programs read, and that `parseFrame` reads back:
 * `work+0x1f app 0x55d0c1a0113f`, and after that the source where it is known. The address and the module have no spaces.
 */
export function frameText({ name, offset, module, address, source }: Frame): string {
  const place = source === undefined ? "" : ` ${source}`;
  return `${name}+0x${offset.toString(16)} ${encodeURI(module)} ${address}${place}`;
}

/** @throws RangeError for a text that is none */
export function parseFrame(text: string): Frame {
  const parts = /^(.*)\+0x([0-9a-f]{1,13}) (\S+) (0x[0-9a-f]{1,16})(?: (.*))?$/s.exec(text);
  if (!parts) throw new RangeError("A frame of a stack is none");
  const [, name = "", offset = "", module = "", address = "", source] = parts;
  return {
    name,
    offset: Number.parseInt(offset, 16),
    module: decoded(module),
    address,
    ...(source !== undefined && { source }),
  };
}

function decoded(module: string): string {
  try {
    return decodeURI(module);
  } catch {
    return module;
  }
}
