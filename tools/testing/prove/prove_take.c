// SPDX-License-Identifier: GPL-2.0
/*
 * pcp_take() of any order and type: it gives the smallest page that will do, and the rest
 * stays on the lists.
 */
// unwind: pcp_take.0:4 pcp_take.1:5
#include "prove.c"
#include "buddy.c"

int main(void)
{
	unsigned int order = ORDER, i;
	unsigned short had, took = 0;
	int type = below(MIGRATE_PCPTYPES), count;
	unsigned int least = PAGE_BLOCK_MAX_ORDER + 1;
	struct page *page;

	start_empty();
	start_pages(8, PAGE_BLOCK_MAX_ORDER);
	had = set_of(before, ON_PCP);
	count = pcp0.count;
	for (i = 0; i < 8; i++) {
		if (before[i].place == ON_PCP && before[i].type == type &&
		    before[i].order >= order && before[i].order < least)
			least = before[i].order;
	}

	page = pcp_take(&pcp0, order, type);

	prove(!page == (least > PAGE_BLOCK_MAX_ORDER), "there is a page if one is large enough");
	if (page) {
		i = index_of(page);
		prove(i < 8 && before[i].place == ON_PCP && before[i].type == type &&
		      before[i].order == least, "it is the smallest of its type that will do");
		prove(pcp_prove_types[i] == UINT_MAX, "it has no mark");
		prove(!pcp_prove_orders[i], "it has no order");
		took = bits_of(i, order);
	}
	look_at_lists();
	prove(pcp0.count == found_pages, "the count is that of the lists");
	prove(pcp0.count == count - (page ? 1 << order : 0), "the count went down by the page");
	prove(set_of(after, ON_PCP) == (had & ~took), "all other pages are on the lists still");
	return 0;
}
