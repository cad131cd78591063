/** What the predicates import: captured from another module, as scripts do. */
export const names: readonly string[] = ["nginx", "curl"];
export const limits = { bytes: 1_000_000, ports: new Set([80, 443]) };
export const Access = { Write: 1 } as const;
export function isLarge(bytes: number): boolean {
  if (bytes > limits.bytes) return true;
  return bytes === 7;
}
export default (path: string): boolean => path.startsWith("/etc/") && !path.endsWith(".d");
