/** A node of a syntax tree. */
export interface Node {
  readonly type: string;
}

/** Calls `enter` for every node of a tree; where it returns false, the nodes below are skipped. */
export function visit(tree: unknown, enter: (node: Node) => boolean | void): void {
  if (Array.isArray(tree)) for (const one of tree) visit(one, enter);
  else if (tree !== null && typeof tree === "object") {
    if ("type" in tree && typeof tree.type === "string" && enter(tree as Node) === false) return;
    for (const value of Object.values(tree)) visit(value, enter);
  }
}
