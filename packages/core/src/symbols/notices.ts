/** Told once, in a line, what keeps addresses from being named. */
export type Notify = (text: string) => void;

/** Tells each text once, and no more texts than a person reads. */
export function once(notify: Notify, most = 100): Notify {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text) || told.size === most) return;
    told.add(text);
    notify(text);
  };
}
