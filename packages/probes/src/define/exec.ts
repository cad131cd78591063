import { Table } from "@rxbpf/core";
import { mapEvents, type Source, wrapped } from "@rxbpf/core/events";
import { MachineIds, startCommand } from "@rxbpf/filters";

/**
 * A source of the events of a command's own process, without its children. It starts the command once the programs are
 * attached, so that no event is missed, and ends when the command ends. If the source ends first, the command goes on, and
 * does not keep this process alive. In a table, other children that this process starts meanwhile are counted too.
 * @param children a source of the events of this process's children
 */
export function aroundCommand<E>(command: readonly string[], children: Source<E>): Source<E> {
  return wrapped(children, (plain) => (receiver) => {
    let pid: number | undefined;
    const isOfCommand = (event: E): boolean => event instanceof Table || (event as { pid?: number }).pid === pid;
    const ofCommand = mapEvents(plain, (event) => (isOfCommand(event) ? event : undefined));
    const run = ofCommand(receiver);
    try {
      const child = startCommand(command);
      if (child.pid !== undefined) pid = new MachineIds().process(child.pid);
      const ended = (status: number | null, signal: NodeJS.Signals | null): void => {
        const how = signal ? `was ended by ${signal}` : `ended with status ${status}`;
        if (status !== 0) receiver.status({ type: "notice", message: `${command[0]} ${how}` });
        run.stop();
      };
      child.once("exit", ended).once("error", (error) => receiver.error(error));
      return {
        ...run,
        close() {
          child.off("exit", ended).unref();
          run.close();
        },
      };
    } catch (error) {
      run.close();
      throw error;
    }
  });
}
