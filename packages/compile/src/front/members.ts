import type { Span } from "../ir/types.js";
import { nearest } from "./nearest.js";
import { Misnamed, obstacle } from "./obstacles.js";
import { either, type InputType, knownValue, undecidedValue, type Value } from "./values.js";

/** A member of a value. @throws Misnamed for a member that the input does not have */
export function memberOf(of: Value, name: string, at: Span): Value {
  switch (of.kind) {
    case "undecided":
      return of;
    case "either":
      return either(of.test, memberOf(of.yes, name, at), memberOf(of.no, name, at));
    case "known":
      return propertyOf(of.value, name, at);
    case "input":
      return fieldOf(of.input, name, at);
    case "text":
    case "choice":
      return name === "length" ? undecidedValue(obstacle("textLength", at)) : { kind: "method", of, name };
    default:
      return { kind: "method", of, name };
  }
}

function fieldOf(input: InputType, name: string, at: Span): Value {
  const member = input.member(name);
  if (typeof member === "string") return undecidedValue({ message: member, at });
  if (member) return member;
  if (name in Object.prototype) return undecidedValue(obstacle("wholeEvent", at));
  const near = nearest(name, input.members);
  throw new Misnamed(`${input.name} has no ${name}${near === undefined ? "" : `; did you mean ${near}?`}`, at);
}

/** A property of a value that is known before the function runs. */
function propertyOf(value: unknown, name: string, at: Span): Value {
  try {
    return knownValue((value as Record<string, unknown>)[name]);
  } catch (error) {
    return undecidedValue({ message: `JavaScript refuses it: ${(error as Error).message}`, at });
  }
}
