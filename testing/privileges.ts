// Options of setpriv. All keep the capability to reach this clone, which may be in a folder that only its owner may
// enter.
const REACH = "dac_read_search";

/** Root without capabilities, except the given ones. */
export function powerless(...kept: readonly string[]): string[] {
  const set = ["-all", ...[REACH, ...kept].map((name) => `+${name}`)].join(",");
  return [`--bounding-set=${set}`, "--inh-caps=-all"];
}

/** A user who is not root. access(2) honours such a user's capabilities only without that fix-up. */
export const NOBODY = [
  ...["--reuid=65534", "--regid=65534", "--clear-groups"],
  ...[`--inh-caps=-all,+${REACH}`, `--ambient-caps=+${REACH}`, "--securebits=+no_setuid_fixup"],
];
