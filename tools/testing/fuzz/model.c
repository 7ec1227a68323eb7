// SPDX-License-Identifier: GPL-2.0
/*
 * Looks at each page of the userland zone and compares with the model, see model.h. A page that
 * is in two places, in none or in the wrong one ends the program.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "model.h"
#include "zone.h"

struct model model;

enum place { NOWHERE, IN_USE, ON_PCP, WAITS, IN_ZONE, DEFERRED };

static const char *const place_names[] = {
	"nowhere", "in use", "on a PCP", "waiting", "in the zone", "deferred",
};

/* Of each base page: where it is, and the CPU, before the operation and after. */
static u8 place[NR_PAGES], old_place[NR_PAGES];
static u8 place_cpu[NR_PAGES], old_place_cpu[NR_PAGES];

static void be_at(struct page *page, unsigned long order, enum place where, int cpu)
{
	unsigned long index = page - pcp_user_pages, i;

	must(index < NR_PAGES && order <= MAX_PAGE_ORDER && index + (1UL << order) <= NR_PAGES &&
	     !(index & ((1UL << order) - 1)),
	     "page %lu of order %lu is no piece, %s", index, order, place_names[where]);
	for (i = index; i < index + (1UL << order); i++) {
		must(place[i] == NOWHERE, "page %lu is %s and %s", i, place_names[place[i]],
		     place_names[where]);
		place[i] = where;
		place_cpu[i] = cpu;
	}
}

static void look_at_zone(void)
{
	unsigned int order, type;

	for (order = 0; order < NR_PAGE_ORDERS; order++) {
		unsigned long nr = 0;

		for (type = 0; type < MIGRATE_TYPES; type++) {
			struct page *page;

			list_for_each_entry(page, &the_zone->free_area[order].free_list[type],
					    buddy_list) {
				be_at(page, order, IN_ZONE, 0);
				must(PageBuddy(page) && page_private(page) == order,
				     "page %ld of the zone is not marked so",
				     (long)(page - pcp_user_pages));
				nr++;
			}
		}
		must(nr == the_zone->free_area[order].nr_free, "the zone has lost count");
	}
}

static int look_at_llist(struct llist_node *node, enum place where, int cpu)
{
	int sum = 0;

	for (; node; node = node->next) {
		struct page *page = llist_entry(node, struct page, pcp_llist);

		be_at(page, page_private(page), where, cpu);
		if (where == WAITS)
			must(page->page_type == PCP_MARK_WAITS, "a page that waits has type %x",
			     page->page_type);
		else
			must(page->page_type == UINT_MAX, "a deferred page has type %x",
			     page->page_type);
		sum += 1 << page_private(page);
	}
	return sum;
}

static void look_at_pcp(int cpu)
{
	struct per_cpu_pages *pcp = zone_pcp(the_zone, cpu);
	int count = 0, waiting;
	unsigned int i;

	for (i = 0; i < NR_PCP_LISTS; i++) {
		struct page *page;

		list_for_each_entry(page, &pcp->lists[i], pcp_list) {
			be_at(page, i / MIGRATE_PCPTYPES, ON_PCP, cpu);
			must(page->page_type == (0xf9000000U | (cpu + 1)),
			     "a page of cpu %d has type %x", cpu, page->page_type);
			count += 1 << (i / MIGRATE_PCPTYPES);
		}
	}
	must(count == pcp->count, "cpu %d counts %d and has %d", cpu, pcp->count, count);

	waiting = look_at_llist(pcp->free_llist.first, WAITS, cpu);
	must(waiting <= HIGH_MAX + (1 << PAGE_BLOCK_MAX_ORDER), "%d pages wait for cpu %d",
	     waiting, cpu);
	waiting += look_at_llist(pcp->taken, WAITS, cpu);
	must(waiting == atomic_read(&pcp->nr_waiting), "cpu %d: nr_waiting %d, but %d wait", cpu,
	     atomic_read(&pcp->nr_waiting), waiting);

	if (model.disabled || model.dead[cpu])
		must(!count && !waiting, "cpu %d is closed and has %d pages, and %d wait", cpu,
		     count, waiting);
	must(!atomic_read(&pcp->carriers), "somebody carries pages of cpu %d", cpu);
	must(!spin_is_locked(&pcp->lock), "cpu %d is locked", cpu);
	must(pcp->cpu == cpu, "cpu %d thinks it is %d", cpu, pcp->cpu);
}

static void look_at_owners(void)
{
	int owned[NR_CPUS] = {}, cpu;
	unsigned int i, j;

	for (i = 0; i < NR_PAGES; i += 1 << PAGE_BLOCK_MAX_ORDER) {
		int owner = block_at(i)->owner - 1;

		if (owner < 0)
			continue;
		must(owner < NR_CPUS && !model.dead[owner], "block %u has owner %d", i, owner);
		owned[owner]++;
		for (j = i; j < i + (1 << PAGE_BLOCK_MAX_ORDER); j++) {
			if (place[j] != IN_ZONE)
				break;
		}
		must(j < i + (1 << PAGE_BLOCK_MAX_ORDER), "block %u is whole and owned by %d", i,
		     owner);
	}
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		must(owned[cpu] == atomic_read(&zone_pcp(the_zone, cpu)->owned_blocks),
		     "cpu %d owns %d blocks, not %d", cpu, owned[cpu],
		     atomic_read(&zone_pcp(the_zone, cpu)->owned_blocks));
}

static long events(enum vm_event_item item)
{
	long sum = 0;
	int cpu;

	for (cpu = 0; cpu < NR_CPUS; cpu++)
		sum += per_cpu_ptr(&vm_event_states, cpu)->event[item];
	return sum;
}

void model_look(void)
{
	unsigned int i;
	int cpu;

	memcpy(old_place, place, sizeof(place));
	memcpy(old_place_cpu, place_cpu, sizeof(place));
	memset(place, NOWHERE, sizeof(place));

	for (i = 0; i < model.nr_held; i++) {
		struct page *page = page_at(model.held[i].index);

		be_at(page, model.held[i].order, IN_USE, 0);
		must(page->page_type == UINT_MAX, "a page in use has type %x", page->page_type);
	}
	look_at_zone();
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		look_at_pcp(cpu);
	look_at_llist(the_zone->trylock_free_pages.first, DEFERRED, 0);
	for (i = 0; i < NR_PAGES; i++) {
		must(place[i] != NOWHERE, "page %u is lost", i);
		if (place[i] == ON_PCP && isolated(i))
			must(old_place[i] == ON_PCP && old_place_cpu[i] == place_cpu[i],
			     "page %u of an isolated block comes to a PCP", i);
	}
	look_at_owners();

	must(events(PGFREE) == model.freed, "PGFREE is %ld, but %ld were freed", events(PGFREE),
	     model.freed);

	must(!current->preempt && !current->irqs_off && !current->rcu_depth,
	     "pinned, with interrupts off or an RCU reader");
	must(!spin_is_locked(&the_zone->lock), "the zone is locked");

	for (cpu = 0; cpu < NR_CPUS; cpu++) {
		struct per_cpu_pages *pcp = zone_pcp(the_zone, cpu);

		spin_lock(&pcp->lock);
		must(!pcp_validate(the_zone, pcp), "pcp_validate() of cpu %d", cpu);
		spin_unlock(&pcp->lock);
	}
	must(!pcp_validate_blocks(the_zone), "pcp_validate_blocks()");
}

void model_reset(void)
{
	memset(&model, 0, sizeof(model));
	memset(place, 0, sizeof(place));
}
