/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where suites get in: does one run, and places at which it can act.
 */
#ifndef __MM_PCP_POINT_H
#define __MM_PCP_POINT_H

#include <kunit/test-bug.h>
#include <linux/mmzone.h>

/*
 * Functions that each free or allocation passes ask this. Without our suites it costs nothing,
 * also where KUnit is shipped. With the suites it is a branch that is patched in while one
 * runs.
 */
#if IS_ENABLED(CONFIG_PCP_KUNIT_TEST)
#define pcp_tested()	static_branch_unlikely(&kunit_running)
#else
#define pcp_tested()	false
#endif

/*
 * A place between two looks at a state that others change. A suite that sets
 * the hook changes the state there, so the race happens each time and not by
 * luck. It is no static stub: a stub is looked up in memory that is gone when the
 * thread of a test ends and frees its pages. At PCP_POINT_LOOKED and
 * PCP_POINT_FOUND it may be called by an RCU reader, so it must not sleep.
 */
enum pcp_point {
	PCP_POINT_LOOKED,
	PCP_POINT_PUSHED,
	PCP_POINT_TAKEN,
	PCP_POINT_DRAINED,	/* a drain was at all CPUs, and holds its mutex; no PCP */
	PCP_POINT_CARRIED,	/* a drain looks again whether somebody carries pages */
	PCP_POINT_GRACE,	/* it waits for a grace period; no PCP */
	PCP_POINT_FOUND,	/* a PCP was found, and not yet looked at, to flush it */
	PCP_POINT_LET_GO,	/* a flush let go of zone->lock, and may take it again; no PCP */
	NR_PCP_POINTS,
};

extern void (*pcp_point_hook)(struct per_cpu_pages *pcp, enum pcp_point point);
void __pcp_point(struct per_cpu_pages *pcp, enum pcp_point point);

/**
 * pcp_point() - does nothing, unless a suite set the hook
 * @pcp: the PCP that somebody looked at, or NULL
 * @point: where
 *
 * Context: Any.
 */
static __always_inline void pcp_point(struct per_cpu_pages *pcp, enum pcp_point point)
{
	if (pcp_tested())
		__pcp_point(pcp, point);
}

#endif /* __MM_PCP_POINT_H */
