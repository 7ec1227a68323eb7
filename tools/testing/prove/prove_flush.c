// SPDX-License-Identifier: GPL-2.0
/*
 * pcp_flush_waiting() and pcp_return_waiting() of any list of up to 5 pages: each page goes to
 * the zone once, in the order of the pushes, and those that were joined are buddies.
 */
// pages: 16
// unwind: pcp_join.0:4 pcp_join.1:7 piece_to_zone.0:7 pcp_disown_waiting.0:7 to_zone.0:7 llist_reverse_order.0:7 spin_lock.0:1
#include "waiting.c"
#include "buddy.c"
#include "owner.c"
#include "flush.c"

int main(void)
{
	bool busy = maybe(), all = maybe();
	unsigned int i, last = 0;

	start_empty();
	start_waiting();
	/* Somebody has the lock. It is only tried. */
	if (busy && !all)
		pcp0.lock.next = 1;

	if (all)
		pcp_return_waiting(the_zone, &pcp0);
	else
		pcp_flush_waiting(the_zone, &pcp0, maybe());

	look_at_waiting();
	for (i = 0; i < NR_AT; i++) {
		bool stays = i < nr_taken && busy && !all;

		if (i >= nr_all) {
			prove(!seen[i], "no page comes from nowhere");
			continue;
		}
		prove(!seen[i] == stays, "each page goes to the zone, if the lock could be had");
		prove(on_taken[i] == stays, "or stays on taken");
		if (seen[i]) {
			prove(seen[i] == last + 1, "they go in the order of the pushes");
			last = seen[i];
			if (all)
				prove(blocks[at[i] >> PAGE_BLOCK_MAX_ORDER].owner != 1,
				      "the CPU does not own their blocks any more");
		}
	}
	prove(!pcp0.free_llist.first, "nothing is on the list any more");
	prove(atomic_read(&pcp0.nr_waiting) == (busy && !all ? sum_of(0, nr_taken) : 0),
	      "nr_waiting is what still waits");
	prove(!atomic_read(&pcp0.carriers), "nobody carries pages any more");
	return 0;
}
