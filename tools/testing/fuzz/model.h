/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model of the userland zone that is slow and obvious: a page is in one place, and it is in
 * use just if it was handed out. fuzz.c says what was handed out and freed; model_look()
 * compares that with the zone.
 */
#ifndef PCP_FUZZ_MODEL_H
#define PCP_FUZZ_MODEL_H

#include <linux/mm.h>

#include "pcp.h"

#define NR_PAGES	PCP_USER_NR_PAGES
#define NR_BLOCKS	(NR_PAGES >> PAGE_BLOCK_MAX_ORDER)
#define the_zone	pcp_user_zone

/* Marks of a PCP that is enabled, in base pages. */
#define HIGH_MIN	4
#define HIGH_MAX	16
#define BATCH		4

/**
 * struct model - what the zone must agree with
 * @held: pieces that were handed out and not freed
 * @nr_held: how many there are
 * @disabled: the PCPs are disabled
 * @dead: for each CPU, whether it is away
 * @freed: base pages that were freed so far
 */
struct model {
	struct {
		unsigned int index;
		unsigned int order;
	} held[NR_PAGES];
	unsigned int nr_held;
	bool disabled;
	bool dead[NR_CPUS];
	long freed;
};

extern struct model model;

/* Ends the program: libFuzzer keeps the input. */
#define must(cond, fmt, ...)						\
do {									\
	if (!(cond)) {							\
		fprintf(stderr, "fuzz: " fmt "\n", ##__VA_ARGS__);	\
		abort();						\
	}								\
} while (0)

static inline struct page *page_at(unsigned int index)
{
	return &pcp_user_pages[index];
}

static inline struct pageblock_data *block_at(unsigned int index)
{
	return &the_zone->pageblock_data[index >> PAGE_BLOCK_MAX_ORDER];
}

static inline bool isolated(unsigned int index)
{
	return pageblock_migratetype(block_at(index)) == MIGRATE_ISOLATE;
}

void model_reset(void);
void model_look(void);

#endif /* PCP_FUZZ_MODEL_H */
