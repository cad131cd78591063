import { Session } from "node:inspector";

/**
 * The variables that a function captures, as V8's debugger shows them: the function's own scopes, with their values of
 * now. No source is changed, and nothing is paused.
 */

/** Where the debugger's code puts values for us. It can only hand over objects through the global object. */
const HANDOVER = Symbol.for("rxbpf.captured");
const PLACE = 'globalThis[Symbol.for("rxbpf.captured")]';

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

type Scopes = readonly ReadonlyMap<string, RemoteObject>[];

/** Looks up captured variables of functions, the innermost scope first. Close it when all are read. */
export class Captured {
  #session: Session | undefined;
  readonly #handover: Handover = {};
  readonly #scopes = new Map<Function, Scopes>();

  /**
   * The value of a variable that a function captures; undefined if it captures none of that name.
   * @throws Error if Node's permissions forbid its inspector
   */
  find(fn: Function, name: string): { readonly value: unknown } | undefined {
    for (const scope of this.#scopesOf(fn)) {
      const found = scope.get(name);
      if (found) return { value: this.#valueOf(found) };
    }
    return name in globalThis ? { value: (globalThis as Record<string, unknown>)[name] } : undefined;
  }

  close(): void {
    if (!this.#session) return;
    delete (globalThis as Record<symbol, unknown>)[HANDOVER];
    this.#session.disconnect();
  }

  #scopesOf(fn: Function): Scopes {
    const known = this.#scopes.get(fn);
    if (known) return known;
    this.#open();
    this.#handover.fn = fn;
    const { result } = this.#post<{ result: RemoteObject }>("Runtime.evaluate", { expression: `${PLACE}.fn` });
    const { internalProperties = [] } = this.#properties(result);
    const list = internalProperties.find(({ name }) => name === "[[Scopes]]")?.value;
    const scopes = (list ? this.#properties(list).result : [])
      .filter(({ name, value }) => /^\d+$/.test(name) && value && value.description !== "Global")
      .map(({ value }) => {
        // A variable that is not set yet has no value.
        const variables = this.#properties(value!).result.filter((one) => one.value);
        return new Map(variables.map((one) => [one.name, one.value!]));
      });
    this.#scopes.set(fn, scopes);
    return scopes;
  }

  #open(): void {
    if (this.#session) return;
    const session = new Session();
    session.connect();
    this.#session = session;
    (globalThis as Record<symbol, unknown>)[HANDOVER] = this.#handover;
  }

  #properties({ objectId }: RemoteObject): Properties {
    return this.#post("Runtime.getProperties", { objectId, ownProperties: true });
  }

  #valueOf({ objectId, unserializableValue, value }: RemoteObject): unknown {
    if (objectId !== undefined) {
      const functionDeclaration = `function (value) { ${PLACE}.value = value; }`;
      this.#post("Runtime.callFunctionOn", { objectId, functionDeclaration, arguments: [{ objectId }] });
      return this.#handover.value;
    }
    if (unserializableValue === undefined) return value;
    return unserializableValue.endsWith("n") ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue);
  }

  /** The inspector answers within the call. */
  #post<T>(method: string, parameters: object): T {
    let answer: T | undefined;
    this.#session!.post(method as "Runtime.evaluate", parameters as never, (error, result) => {
      if (error) throw new Error(`Cannot read what a function captures: ${error.message}`);
      answer = result as T;
    });
    return answer!;
  }
}
