import { parseEncoding } from "./names.js";
import { NotMangled, State } from "./state.js";

/** A copy of a function, or a part of it, that the compiler made: `.part.0`, `.cold`. */
const CLONE = /^\.[A-Za-z_]+(?:\.\d+)*|^\.\d+/;

/**
 * What a name of the Itanium C++ ABI says, written as c++filt writes it; undefined for what is none, what is made of
 * rare expressions, and what would be longer than 8,192 characters.
 */
export function demangleItanium(name: string): string | undefined {
  const state = new State(name);
  try {
    state.expect("_Z");
    let text = parseEncoding(state);
    for (let clone; (clone = CLONE.exec(name.slice(state.at))); state.at += clone[0].length)
      text += ` [clone ${clone[0]}]`;
    return state.at === name.length ? text : undefined;
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}
