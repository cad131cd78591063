/** Receives each reason why addresses cannot be named once, in one line. */
export type Notify = (text: string) => void;

/** Passes each text on once, and no more texts than a person reads. */
export function once(notify: Notify, most = 100): Notify {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text) || told.size === most) return;
    told.add(text);
    notify(text);
  };
}
