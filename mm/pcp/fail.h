/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection: make the trylock of the local PCP fail.
 */
#ifndef __MM_PCP_FAIL_H
#define __MM_PCP_FAIL_H

#include <linux/fault-inject.h>

/**
 * enum pcp_side - who wants the lock of the local PCP
 * @PCP_SIDE_FREE: somebody who frees
 * @PCP_SIDE_ALLOC: somebody who allocates
 */
enum pcp_side {
	PCP_SIDE_FREE,
	PCP_SIDE_ALLOC,
};

#ifdef CONFIG_FAIL_PCP_TRYLOCK

/**
 * struct pcp_fail - when the trylock is made to fail
 * @attr: what all kinds of fault injection have
 * @ignore_free: never on the free side
 * @ignore_alloc: never on the allocation side
 * @nr_free: failures injected on the free side so far
 * @nr_alloc: failures injected on the allocation side so far
 */
struct pcp_fail {
	struct fault_attr attr;
	bool ignore_free;
	bool ignore_alloc;
	atomic_t nr_free;
	atomic_t nr_alloc;
};

extern struct pcp_fail fail_pcp_trylock;

bool pcp_should_fail_trylock(enum pcp_side side);

#else

static inline bool pcp_should_fail_trylock(enum pcp_side side)
{
	return false;
}

#endif

#endif /* __MM_PCP_FAIL_H */
