// SPDX-License-Identifier: GPL-2.0
/*
 * pcp_merge() of any page with whatever is beside it: it takes the buddies that are on this
 * PCP, and no others.
 */
// unwind: pcp_merge.0:4
#include "prove.c"
#include "buddy.c"

int main(void)
{
	unsigned char first, want, i;
	unsigned int order;
	unsigned short had, merged;
	struct page *page;
	int count;

	start_empty();
	start_pages(8, PAGE_BLOCK_MAX_ORDER);
	had = set_of(before, ON_PCP);
	count = pcp0.count;
	/* It has no mark: it comes from whoever used it, or from a list. */
	first = below(8);
	assume(before[first].starts && before[first].place == IN_USE);
	order = before[first].order;

	page = pcp_merge(&pcp0, &pcp_user_pages[first], &order);

	/* The same, in few words. */
	want = before[first].order;
	merged = 0;
	for (i = 0; i < PAGE_BLOCK_MAX_ORDER; i++) {
		unsigned char buddy = first ^ pages_of(want);

		if (want != i || !before[buddy].starts || before[buddy].place != ON_PCP ||
		    before[buddy].order != want)
			continue;
		merged |= bits_of(buddy, want);
		first &= buddy;
		want++;
	}
	prove(index_of(page) == first, "the merged page begins with the first buddy");
	prove(order == want, "it merges as far as it can, and no further");
	look_at_lists();
	prove(set_of(after, ON_PCP) == (had & ~merged), "just the buddies leave the lists");
	prove(pcp0.count == found_pages, "the count is that of the lists");
	prove(list_of[first] == NO_LIST, "the merged page is on no list");
	return 0;
}
