import { createInterface } from "node:readline";

import { writeError } from "@rxbpf/sinks";

import { endInOrder } from "../ending.js";
import { signals } from "../signals.js";
import { watchStandardStreams } from "../standard.js";
import { faultText } from "../session/faults.js";
import { installScope } from "../session/scope.js";
import { Session } from "../session/session.js";
import { errorText } from "./error-text.js";
import { Evaluator } from "./evaluator.js";

/**
 * Inputs from a pipe or a file: each is run when the one before has ended, and nothing is shown but what they give. A line that
 * starts with a dot goes on with the one before. What cannot be run ends it, said on stderr, with status 1; a signal ends the stream
 * that is shown, and then all.
 */
export async function runPiped(): Promise<void> {
  watchStandardStreams((error) => console.error(errorText(writeError("stdout", error))));
  const session = new Session(process.cwd());
  installScope();
  const evaluator = new Evaluator(session, { output: process.stdout, complaints: process.stderr });
  const lines = createInterface({ input: process.stdin });
  let ended = false;
  signals().subscribe(() => {
    ended = true;
    evaluator.interrupt();
    lines.close();
  });
  const run = async (code: string): Promise<boolean> => {
    const input = session.parse(code);
    if (input !== "incomplete" && !("faults" in input)) return evaluator.run(input);
    const text =
      input === "incomplete" ? ["Unexpected end of the input"] : input.faults.map((fault) => faultText(fault, code));
    console.error(text.join("\n"));
    return false;
  };
  let code = "";
  for await (const line of lines) {
    const goesOn = /^\s*\.\s*[\w$]/.test(line) || code.trim() === "" || session.parse(code) === "incomplete";
    if (!goesOn) {
      if (ended || !(await run(code))) return finish(session, ended ? 0 : 1);
      code = "";
    }
    code += `${line}\n`;
  }
  const well = ended || code.trim() === "" || (await run(code));
  return finish(session, well ? 0 : 1);
}

async function finish(session: Session, status: number): Promise<void> {
  process.exitCode = status;
  await endInOrder();
  session.close();
}
