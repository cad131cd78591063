import { Session } from "node:inspector";

/**
 * The variables that a function captures, as V8's debugger shows them: the function's own scopes, with their values of
 * now. No source is changed, and nothing is paused.
 */

/** Where the debugger's code puts values for us. It can only hand over objects through the global object. */
const HANDOVER = Symbol.for("rxbpf.captured");

interface Handover {
  fn?: Function;
  value?: unknown;
}

interface RemoteObject {
  readonly type: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
  readonly objectId?: string;
  readonly description?: string;
}

interface Property {
  readonly name: string;
  readonly value?: RemoteObject;
}

interface Properties {
  readonly result: readonly Property[];
  readonly internalProperties?: readonly Property[];
}

/** Looks up captured variables of a function, the innermost scope first. Close it when all are read. */
export class Captured {
  readonly #session = new Session();
  readonly #handover: Handover = {};
  readonly #scopes: readonly ReadonlyMap<string, RemoteObject>[];

  /** @throws Error if Node's permissions forbid its inspector */
  constructor(fn: Function) {
    this.#session.connect();
    try {
      (globalThis as Record<symbol, unknown>)[HANDOVER] = this.#handover;
      this.#handover.fn = fn;
      this.#scopes = this.#readScopes();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The value of a captured variable; undefined if the function captures none of that name. */
  find(name: string): { readonly value: unknown } | undefined {
    for (const scope of this.#scopes) {
      const found = scope.get(name);
      if (found) return { value: this.#valueOf(found) };
    }
    return name in globalThis ? { value: (globalThis as Record<string, unknown>)[name] } : undefined;
  }

  close(): void {
    delete (globalThis as Record<symbol, unknown>)[HANDOVER];
    this.#session.disconnect();
  }

  #readScopes(): ReadonlyMap<string, RemoteObject>[] {
    const handover = `globalThis[Symbol.for(${JSON.stringify(HANDOVER.description)})]`;
    const { result: fn } = this.#post<{ result: RemoteObject }>("Runtime.evaluate", { expression: `${handover}.fn` });
    const { internalProperties = [] } = this.#properties(fn);
    const scopes = internalProperties.find(({ name }) => name === "[[Scopes]]")?.value;
    const each = scopes ? this.#properties(scopes).result : [];
    return each
      .filter(({ name, value }) => /^\d+$/.test(name) && value && value.description !== "Global")
      .map(({ value }) => {
        const variables = this.#properties(value!).result.filter((one) => one.value);
        return new Map(variables.map((one) => [one.name, one.value!]));
      });
  }

  #properties({ objectId }: RemoteObject): Properties {
    return this.#post("Runtime.getProperties", { objectId, ownProperties: true });
  }

  #valueOf(remote: RemoteObject): unknown {
    const { objectId, unserializableValue, value } = remote;
    if (objectId !== undefined) {
      const functionDeclaration = `function (value) { ${handoverText}.value = value; }`;
      this.#post("Runtime.callFunctionOn", { objectId, functionDeclaration, arguments: [{ objectId }] });
      return this.#handover.value;
    }
    if (unserializableValue === undefined) return value;
    return unserializableValue.endsWith("n") ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue);
  }

  /** The inspector answers within the call. */
  #post<T>(method: string, parameters: object): T {
    let answer: T | undefined;
    this.#session.post(method as "Runtime.evaluate", parameters as never, (error, result) => {
      if (error) throw new Error(`Cannot read what a function captures: ${error.message}`);
      answer = result as T;
    });
    return answer!;
  }
}

const handoverText = `globalThis[Symbol.for(${JSON.stringify(HANDOVER.description)})]`;
