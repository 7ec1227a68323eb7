// SPDX-License-Identifier: GPL-2.0
/*
 * pcp_decide_route() and pcp_route_busy() for all that they may be asked: the answer is that of the
 * table in Documentation/mm/pcp.rst, which table.h is made from.
 */
#include "prove.c"
#include "route.h"
#include "table.h"

int main(void)
{
	struct pcp_route_in in = {
		.migratetype = below(MIGRATE_TYPES),
		.owner = nondet_int(),
		.cpu = nondet_int(),
		.keep = maybe(),
		.order_allowed = maybe(),
		.nolock = maybe(),
		.can_trylock = maybe(),
	};
	unsigned int row, column;
	enum pcp_route route;

	assume(in.owner >= -1 && in.cpu >= 0);

	route = pcp_decide_route(in);

	column = !in.nolock ? 0 : in.can_trylock ? 1 : 2;
	if (!in.order_allowed)
		row = ROW_ORDER;
	else if (in.migratetype == MIGRATE_ISOLATE)
		row = ROW_ISOLATED;
	else if (in.owner == -1)
		row = ROW_NOBODY;
	else if (in.owner == in.cpu)
		row = ROW_OWN;
	else
		row = in.keep ? ROW_OF_USE : ROW_OTHER;
	prove(route == table[row][column], "the route is that of the table");
	prove(route <= PCP_ROUTE_DEFER, "there is a route");
	if (route == PCP_ROUTE_LOCAL)
		prove(pcp_route_busy(in.nolock) == table[ROW_BUSY][column],
		      "so it is if the trylock fails");
	return 0;
}
