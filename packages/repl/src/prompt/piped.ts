import { createInterface } from "node:readline";

import { writeError } from "@rxbpf/sinks";

import { endInOrder } from "../process/ending.js";
import { watchForOverruns } from "../overrun/watch.js";
import { signals } from "../process/signals.js";
import { watchStandardStreams } from "../process/standard.js";
import { faultText } from "../session/faults.js";
import { goesOn, parseInput, saysNothing } from "../session/input.js";
import { installScope } from "../session/scope.js";
import { Session } from "../session/session.js";
import { errorText } from "./error-text.js";
import { Evaluator } from "./evaluator.js";
import { onUncaught } from "./uncaught.js";

/**
 * Runs inputs from a pipe or a file: each when the one before has ended, showing only their values. A line that cannot begin an
 * input, because it starts with a dot, continues the one before. An input that cannot be run, or an uncaught error, is reported
 * on stderr and ends the run with status 1. A signal ends the stream that is shown, and then the run.
 */
export async function runPiped(): Promise<void> {
  let failed = false;
  watchStandardStreams((error) => {
    console.error(errorText(writeError("stdout", error)));
    failed = true;
  });
  const session = new Session(process.cwd());
  installScope();
  watchForOverruns();
  const lines = createInterface({ input: process.stdin });
  let ended = false;
  // A signal is not the input's failure.
  const complaints = { write: (text: string) => ended || process.stderr.write(text) };
  const evaluator = new Evaluator(session, { output: process.stdout, complaints });
  const end = (): void => {
    ended = true;
    evaluator.interrupt();
    lines.close();
  };
  signals().subscribe(end);
  onUncaught((error) => {
    console.error(evaluator.describe(error));
    failed = true;
    end();
  });
  for await (const input of inputs(lines)) {
    if (ended) break;
    if (await run(input, evaluator)) continue;
    failed ||= !ended;
    break;
  }
  await endInOrder();
  session.close();
  process.exitCode = failed ? 1 : 0;
}

async function run(code: string, evaluator: Evaluator): Promise<boolean> {
  const input = parseInput(code);
  if (input !== "incomplete" && !("faults" in input)) return evaluator.run(input);
  const text =
    input === "incomplete" ? ["Unexpected end of the input"] : input.faults.map((fault) => faultText(fault, code));
  console.error(text.join("\n"));
  return false;
}

/** Groups lines into inputs. An input is complete when the next line begins another. */
async function* inputs(lines: AsyncIterable<string>): AsyncIterable<string> {
  let code = "";
  for await (const line of lines) {
    if (isEnded(code, line)) {
      yield code;
      code = "";
    }
    code += `${line}\n`;
  }
  if (!saysNothing(code)) yield code;
}

/** Whether an input is complete, and the line after it begins another. */
function isEnded(code: string, line: string): boolean {
  return !saysNothing(code) && !goesOn(code, line) && parseInput(code) !== "incomplete";
}
