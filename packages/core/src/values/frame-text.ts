import type { Frame } from "./frame.js";

/**
 * A frame as text for people and programs, which `parseFrame` reads back: `work+0x1f app 0x55d0c1a0113f`, followed by
 * the source line if it is known. The address and the module contain no spaces.
 */
export function frameText({ name, offset, module, address, source }: Frame): string {
  const place = source === undefined ? "" : ` ${source}`;
  return `${name}+0x${offset.toString(16)} ${encodeURI(module)} ${address}${place}`;
}

/** Reads a frame from its text. @throws RangeError if the text is no frame */
export function parseFrame(text: string): Frame {
  const parts = /^(.*)\+0x([0-9a-f]{1,13}) (\S+) (0x[0-9a-f]{1,16})(?: (.*))?$/s.exec(text);
  if (!parts) throw new RangeError("Cannot read a stack: a frame is malformed");
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
