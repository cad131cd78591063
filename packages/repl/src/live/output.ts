/** What a view needs of a terminal, or of a pipe: a part of `tty.WriteStream`. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Writes a text as it is. */
  write(text: string): unknown;
}
