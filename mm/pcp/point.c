// SPDX-License-Identifier: GPL-2.0
/*
 * The hook that suites set, see point.h.
 */
#include <linux/compiler.h>

#include "point.h"

/* Called on all CPUs and in all contexts. */
void (*pcp_point_hook)(struct per_cpu_pages *pcp, enum pcp_point point);

/**
 * __pcp_point() - call the hook, if a suite set it
 * @pcp: the PCP that somebody looked at
 * @point: where
 *
 * Context: Any.
 */
void __pcp_point(struct per_cpu_pages *pcp, enum pcp_point point)
{
	void (*hook)(struct per_cpu_pages *pcp, enum pcp_point point);

	hook = READ_ONCE(pcp_point_hook);
	if (unlikely(hook))
		hook(pcp, point);
}
