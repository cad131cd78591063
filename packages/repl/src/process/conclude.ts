import { lost } from "./standard.js";

/**
 * Runs the main task of the process. It is a failure, too, if nothing is left to wait for and the task has not ended: Node's own
 * status can then be 0.
 * @param tell says why it failed; gives the status to exit with
 */
export async function conclude(
  run: () => Promise<void>,
  tell: (error: unknown) => number | Promise<number>,
): Promise<void> {
  const failed = async (error: unknown): Promise<void> => {
    process.exitCode = 1;
    process.exitCode = await tell(error);
  };
  const unsettled = (): void => {
    void failed(
      new Error("Cannot go on: the run has not ended, but nothing is left to wait for; its output may be incomplete"),
    );
  };
  process.once("beforeExit", unsettled);
  await run().catch(failed);
  process.off("beforeExit", unsettled);
  // Output that nobody will read would keep the process alive.
  if (lost.aborted) process.exit();
}
