/** How the end of a stream is told. */
export interface End {
  complete(): void;
  error(error: unknown): void;
}
