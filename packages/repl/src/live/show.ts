import type { Observable } from "rxjs";
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}
export interface Showing {
  readonly done: Promise<void>;
  stop(): void;
}
export function show(stream: Observable<unknown>, output: Output): Showing {
  let stop!: () => void;
  const done = new Promise<void>((resolve, reject) => {
    const s = stream.subscribe({
      next: (e) => output.write(JSON.stringify(e) + "\n"),
      complete: resolve,
      error: reject,
    });
    stop = () => {
      s.unsubscribe();
      resolve();
    };
  });
  return { done, stop };
}
