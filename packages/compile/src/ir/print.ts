import type { BytesPlace, Int, Test } from "./types.js";

/** A test as text, one part a line, for people and tests. */
export function printTest(test: Test, indent: string = ""): string {
  const inner = `${indent}  `;
  switch (test.kind) {
    case "known":
      return `${indent}${test.value}`;
    case "compare":
      return `${indent}${printInt(test.a)} ${test.op} ${printInt(test.b)}`;
    case "match":
      return `${indent}${printPlace(test.place)} ${test.how} ${JSON.stringify(Buffer.from(test.bytes).toString("latin1"))}`;
    case "not":
      return `${indent}not\n${printTest(test.test, inner)}`;
    case "all":
    case "any":
      return [`${indent}${test.kind}`, ...test.tests.map((one) => printTest(one, inner))].join("\n");
    case "if":
      return [`${indent}if`, ...[test.test, test.yes, test.no].map((one) => printTest(one, inner))].join("\n");
    case "undecided":
      return `${indent}undecided: ${test.obstacle.message}`;
  }
}

/** A number as text, in Lisp's order. */
function printInt(int: Int): string {
  switch (int.kind) {
    case "constant":
      return String(int.value);
    case "load": {
      const { name, signed, size } = int.place;
      return `${name}:${signed ? "s" : "u"}${size * 8}`;
    }
    case "binary":
      return `(${int.op} ${printInt(int.a)} ${printInt(int.b)})`;
  }
}

function printPlace(place: BytesPlace): string {
  return `${place.name}:${place.kind}`;
}
