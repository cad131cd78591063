/** A node of a syntax tree. */
export interface Node {
  readonly type: string;
}

/** Calls back for every node of a tree; those under one for which `enter` gives false are left out. */
export function visit(tree: unknown, enter: (node: Node) => boolean | void): void {
  if (Array.isArray(tree)) for (const one of tree) visit(one, enter);
  else if (tree !== null && typeof tree === "object") {
    if ("type" in tree && typeof tree.type === "string" && enter(tree as Node) === false) return;
    for (const value of Object.values(tree)) visit(value, enter);
  }
}
