// SPDX-License-Identifier: GPL-2.0
/*
 * pcp_collect() of any number of pages: each page is given once, merged or not, or stays. With
 * more than PAGES=2 it takes cbmc too long.
 */
// unwind: pcp_choose.0:3 pcp_choose.1:13 pcp_collect.0:3 pcp_collect.1:4 pcp_merge.0:2
#include "prove.c"
#include "buddy.c"
#include "owner.c"
#include "bulk.c"

unsigned long pcp_zone_end(struct zone *zone) { return 0; }
struct pageblock_data *pcp_zone_block(struct zone *zone, unsigned long pfn) { return NULL; }
void pcp_zone_free_list(struct zone *zone, struct list_head *pages) {}

int main(void)
{
	LIST_HEAD(victims);
	unsigned short had, gone = 0;
	unsigned char i, nr_gone = 0, count = below(PAGES + 1), wanted;
	int before_count;

	start_empty();
	start_pages(PAGES, ilog2(PAGES));
	had = set_of(before, ON_PCP);
	before_count = pcp0.count;

	pcp_collect(the_zone, &pcp0, count, PINDEX, &victims);

	look_at_lists();
	prove(pcp0.count == found_pages, "the count is that of the lists");
	for (i = 0; i < PAGES; i++) {
		unsigned char order = pcp_prove_orders[i];

		prove(list_of[i] != LOCAL(1), "nothing is left in between");
		if (list_of[i] != LOCAL(0))
			continue;
		prove(order <= PAGE_BLOCK_MAX_ORDER && !(i & (pages_of(order) - 1)),
		      "what is given has a right order");
		prove(!(gone & bits_of(i, order)), "no page is given twice");
		prove(pcp_prove_types[i] == UINT_MAX, "what is given has no mark");
		gone |= bits_of(i, order);
		nr_gone += pages_of(order);
	}
	prove(!(gone & set_of(after, ON_PCP)), "no page is given and stays");
	prove((gone | set_of(after, ON_PCP)) == had, "no page is lost, none comes from elsewhere");
	wanted = count < before_count ? count : before_count;
	prove(nr_gone >= wanted, "as many are given as were wanted");
	prove(nr_gone + pcp0.count == before_count, "the count went down by what was given");
	prove(!gone || blocks[0].owner != 1, "the CPU does not own a block that it gives pages of");
	prove(atomic_read(&pcp0.owned_blocks) == (blocks[0].owner == 1),
	      "its blocks are counted");
	return 0;
}
