// The part of d3-flame-graph that is used here; it brings no types.
declare module "d3-flame-graph" {
  import type { Selection } from "d3-selection";

  export interface Node {
    readonly name: string;
    readonly value: number;
    readonly children: readonly Node[];
  }
  /** A node as it is drawn. */
  export interface Drawn<N extends Node> {
    readonly data: N;
    readonly parent: Drawn<N> | null;
    readonly children?: readonly Drawn<N>[];
    readonly x0: number;
    readonly x1: number;
    readonly depth: number;
  }
  interface FlameGraph<N extends Node> {
    (selection: Selection<HTMLElement, N, null, undefined>): void;
    width(pixels: number): this;
    cellHeight(pixels: number): this;
    minFrameSize(pixels: number): this;
    transitionDuration(ms: number): this;
    resetHeightOnZoom(does: boolean): this;
    sort(order: (a: Drawn<N>, b: Drawn<N>) => number): this;
    setColorMapper(color: (node: Drawn<N>) => string): this;
    setLabelHandler(label: (node: Drawn<N>) => string): this;
    onClick(listener: (node: Drawn<N>) => void): this;
  }
  export default function flamegraph<N extends Node>(): FlameGraph<N>;
}
