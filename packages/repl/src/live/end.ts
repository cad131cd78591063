/** The callbacks for the end of a stream. */
export interface End {
  complete(): void;
  error(error: unknown): void;
}
