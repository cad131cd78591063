import { config } from "rxjs";

/** Calls back for every uncaught error, instead of ending the process. */
export function onUncaught(say: (error: unknown) => void): void {
  config.onUnhandledError = say;
  process.on("uncaughtException", say);
  process.on("unhandledRejection", say);
}
