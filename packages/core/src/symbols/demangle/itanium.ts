import { Names } from "./names.js";
import { NotMangled } from "./state.js";

/** A copy of a function, or a part of it, that the compiler made: `.part.0`, `.cold`. */
const CLONE = /^\.[A-Za-z_]+(?:\.\d+)*|^\.\d+/;

/**
 * Demangles a name of the Itanium C++ ABI as c++filt does. Undefined if it is no such name, has a rare expression, or
 * would be longer than 8,192 characters.
 */
export function demangleItanium(name: string): string | undefined {
  const reader = new Names(name);
  try {
    reader.expect("_Z");
    let text = reader.encoding();
    for (let clone; (clone = CLONE.exec(name.slice(reader.at))); reader.at += clone[0].length)
      text += ` [clone ${clone[0]}]`;
    return reader.at === name.length ? text : undefined;
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}
