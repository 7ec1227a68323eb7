// SPDX-License-Identifier: GPL-2.0
/*
 * pcp_absorb() of any list of up to 5 pages, with any flags, on a PCP that may be disabled or
 * full: no page is lost and none is twice.
 */
// pages: 16
// unwind: pcp_absorb.0:7 llist_reverse_order.0:7
#include "waiting.c"
#include "absorb.c"

int main(void)
{
	unsigned int flags = below(4), i;
	bool disabled = maybe();
	int count, absorbed;

	start_empty();
	for (i = 0; i < NR_BLOCKS; i++) {
		if (maybe())
			blocks[i].flags |= PAGEBLOCK_ISO_MASK;
	}
	start_waiting();
	pcp0.high_max = disabled ? 0 : 1;
	pcp0.high = below(12);
	count = pcp0.count = below(12);

	absorbed = pcp_absorb(the_zone, &pcp0, flags);

	look_at_lists();
	look_at_waiting();
	prove(pcp0.count == count + found_pages, "the count went up by what is on the lists");
	prove(atomic_read(&pcp0.nr_waiting) == sum_of(0, nr_all) - absorbed,
	      "nr_waiting went down by what was absorbed");
	prove(absorbed == found_pages + nr_zone_pages, "what was absorbed is on a list or in the zone");
	prove(!deferred || flags & PCP_ABSORB_NOLOCK, "a page is deferred only without lock");
	for (i = 0; i < NR_AT; i++) {
		bool listed = list_of[at[i]] != NO_LIST;
		struct pageblock_data *pbd = &blocks[at[i] >> PAGE_BLOCK_MAX_ORDER];

		if (i >= nr_all) {
			prove(!listed && !on_taken[i] && !on_list[i] && !seen[i], "no page comes from nowhere");
			continue;
		}
		prove(listed + on_taken[i] + on_list[i] + !!seen[i] == 1,
		      "each page is in one place");
		if (listed)
			prove(!disabled && !(pbd->flags & PAGEBLOCK_ISO_MASK) &&
			      after[at[i]].order == before[at[i]].order &&
			      after[at[i]].type == pcp_list_type(pageblock_migratetype(pbd)),
			      "a page is on the list of its order and type, and may be");
		if (disabled)
			prove(seen[i], "a disabled PCP gets rid of all");
	}
	return 0;
}
