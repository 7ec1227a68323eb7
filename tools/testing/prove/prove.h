/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A start state that is any right one, and what has to be right in the end.
 *
 * There are two blocks of 8 pages. A page is in use, or it is the first one of a free
 * piece, which a PCP has on one of its lists, or that waits, or that is in the zone. Arrays
 * have what is known about each page, when the state is made and as it is found
 * afterwards. The proof compares the two.
 */
#ifndef __PCP_PROVE_H
#define __PCP_PROVE_H

#include <linux/mm.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "pcp.h"
#include "zone.h"

#define NR_PAGES	PCP_USER_NR_PAGES
#define NR_BLOCKS	(NR_PAGES >> PAGE_BLOCK_MAX_ORDER)

/* Anything may come out of these. */
int nondet_int(void);
unsigned char nondet_uchar(void);
_Bool nondet_bool(void);

#define assume(cond)		__CPROVER_assume(cond)
#define prove(cond, what)	__CPROVER_assert(cond, what)

/* A number below @n. */
static inline unsigned int below(unsigned int n)
{
	unsigned char any = nondet_uchar();

	assume(any < n);
	return any;
}

static inline bool maybe(void)
{
	return nondet_bool();
}

extern struct pageblock_data blocks[NR_BLOCKS];

extern struct zone *const the_zone;

/* Where a page is. */
enum place {
	IN_USE,		/* or inside of a free piece */
	ON_PCP,		/* on a list of the PCP of CPU 0 */
	OTHER_PCP,	/* of another CPU */
	WAITS,
	IN_ZONE,
};

/* Known about the first page of a piece. */
struct piece {
	bool starts;
	unsigned char place;
	unsigned char order;
	unsigned char type;
};

extern struct piece before[NR_PAGES];

void start_empty(void);
void start_pages(unsigned int nr_pages, unsigned int max_order);

/* The lists of CPU 0, as they are found: fails if they are not right. */
extern struct piece after[NR_PAGES];
extern int found_pages;

void look_at_lists(void);

/* 1 << order, and so on, without a shift: those are many gates. */
static inline unsigned char pages_of(unsigned char order)
{
	return !order ? 1 : order == 1 ? 2 : order == 2 ? 4 : 8;
}

/* Bits of the base pages of a piece. */
static inline unsigned short bits_of(unsigned int index, unsigned char order)
{
	unsigned short bits = !order ? 1 : order == 1 ? 3 : order == 2 ? 15 : 255;

	return bits << index;
}

static inline unsigned char order_of(unsigned char pindex)
{
	return (pindex >= MIGRATE_PCPTYPES) + (pindex >= 2 * MIGRATE_PCPTYPES) +
	       (pindex >= 3 * MIGRATE_PCPTYPES);
}

unsigned short set_of(const struct piece *pieces, enum place place);

static inline unsigned int index_of(const struct page *page)
{
	return pcp_prove_index(page);
}

#endif
