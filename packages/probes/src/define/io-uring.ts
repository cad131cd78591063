import type { Variant } from "@rxbpf/core/bpf";

/** The programs of bpf/include/io_uring.bpf.h, for the newest kernels first. */
const PROGRAMS = [
  ["io_uring_submit_req", "io_uring_complete_entry"],
  ["io_uring_submit_req", "io_uring_complete_result"],
  ["io_uring_submit_sqe", "io_uring_complete_result"],
] as const;

/**
 * The variants of a probe that also sees what io_uring does; the last variant does not.
 * @param lacks what the last variant does not see
 * @param more programs that the other variants need besides those of io_uring.bpf.h
 */
export function withIoUring(without: Variant, lacks: string, more: readonly string[] = []): readonly Variant[] {
  const { programs } = without;
  return [
    ...PROGRAMS.map((those) => ({ ...without, programs: [...programs, ...those, "io_uring_cqe_overflow", ...more] })),
    { ...without, lacks },
  ];
}
