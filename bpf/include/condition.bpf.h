// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Room for a condition on records that is written in TypeScript. User space compiles it, and
 * puts its instructions in place of those of condition() before it loads the object. They get
 * the record's address, return 0 if the record is not wanted, and else go on past their end.
 */
#pragma once

#include "kernel.bpf.h"

const volatile bool by_condition;

/* The instructions that do nothing lead to the last two, as the verifier refuses unreachable ones. */
static __attribute__((naked, noinline, unused)) __u64 condition(const void *record)
{
	asm volatile(".rept 512\n"
		     "goto +0\n"
		     ".endr\n"
		     "r0 = 1\n"
		     "exit\n");
}
