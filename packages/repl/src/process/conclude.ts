import { lost } from "./standard.js";

/**
 * Runs what the process is for. That nothing is left to wait for while it has not ended is a failure too, for which Node's own
 * status can be 0.
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
    void failed(new Error("Cannot go on: nothing is left that could end this run, which may be incomplete"));
  };
  process.once("beforeExit", unsettled);
  await run().catch(failed);
  process.off("beforeExit", unsettled);
  // What nobody will read would keep the process alive.
  if (lost.aborted) process.exit();
}
