/** A call to the kernel or libbpf failed. */
export class BpfError extends Error {
  override name = "BpfError";
  /** What was called, for example `bpf_object__load`. */
  readonly operation: string;
  /** The kernel's error number, positive. */
  readonly errno: number;
  /** The number's name, for example `EPERM`. */
  readonly code: string;

  constructor(message: string, operation: string, errno: number, code: string) {
    super(message);
    this.operation = operation;
    this.errno = errno;
    this.code = code;
  }
}

/** The kernel's verifier refused a program. The message quotes the line that says why; `log` has the whole log. */
export class VerifierError extends BpfError {
  override name = "VerifierError";
  declare readonly log: string;

  constructor(message: string, operation: string, errno: number, code: string, log: string) {
    super(message, operation, errno, code);
    // Not enumerable, so that its hundreds of lines are not printed with the error.
    Object.defineProperty(this, "log", { value: log, enumerable: false });
  }
}

/** This kernel lacks a feature, or this process lacks a privilege. */
export class NotSupportedError extends Error {
  override name = "NotSupportedError";
  /** What is missing, for example `CAP_BPF` or `tp_btf/sys_exit`. */
  readonly feature: string;

  constructor(message: string, feature: string, options?: ErrorOptions) {
    super(message, options);
    this.feature = feature;
  }
}

/** A compiled program and its schema do not describe the same record. */
export class LayoutError extends Error {
  override name = "LayoutError";
  /** Every difference, one sentence each. */
  readonly differences: readonly string[];

  constructor(subject: string, differences: readonly string[]) {
    super(`Cannot read ${subject}: the program and its schema differ: ${differences.join("; ")}`);
    this.differences = differences;
  }
}

/** A map exists but has another shape than expected. */
export class MapMismatchError extends Error {
  override name = "MapMismatchError";
}
