// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints of the split per-CPU free path.
 */
#include <linux/build_bug.h>

#include "route.h"

#define CREATE_TRACE_POINTS
#include <trace/events/pcp.h>

/* show_pcp_route() knows the numbers. */
static_assert(PCP_ROUTE_LOCAL == 0 && PCP_ROUTE_REMOTE == 1 &&
	      PCP_ROUTE_ZONE == 2 && PCP_ROUTE_DEFER == 3);
