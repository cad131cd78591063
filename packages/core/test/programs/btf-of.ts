import { BpfObject, Btf } from "@rxbpf/core/bpf";

import { compileProgram } from "../../../../testing/programs.js";

/** The types of a piece of C, as clang describes them. */
export function btfOf(source: string, folder: string): Btf {
  const object = BpfObject.open("sample", compileProgram(source, folder));
  try {
    return new Btf(object.btf);
  } finally {
    object.close();
  }
}
