// SPDX-License-Identifier: GPL-2.0
/*
 * One CPU allocates, another frees.
 */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/vmalloc.h>

#include "pcp_frag.h"

/* Of the phases remote_*: pages in a chunk, chunks on their way. */
#define CHUNK		256
#define DEPTH		16
#define WARM_CHUNKS	128
#define CHUNKS		4096

static struct {
	struct page *page[DEPTH][CHUNK];
	struct semaphore space, data;
	unsigned int chunks;
	gfp_t gfp;
} *ring;

static void allocating_worker(struct worker *w)
{
	unsigned int i, k;

	for (i = 0; i < ring->chunks; i++) {
		down(&ring->space);
		for (k = 0; k < CHUNK; k++) {
			struct page *page = alloc_page(ring->gfp | __GFP_NOWARN | __GFP_NORETRY);

			if (!page)
				frag_fail("out of memory");
			ring->page[i % DEPTH][k] = page;
		}
		up(&ring->data);
		cond_resched();
	}
}

static void freeing_worker(struct worker *w)
{
	unsigned int i, k;

	for (i = 0; i < ring->chunks; i++) {
		down(&ring->data);
		for (k = 0; k < CHUNK; k++)
			if (ring->page[i % DEPTH][k])
				__free_page(ring->page[i % DEPTH][k]);
		up(&ring->space);
		cond_resched();
	}
}

static void pass_chunks(unsigned int nr)
{
	ring->chunks = nr;
	sema_init(&ring->space, DEPTH);
	sema_init(&ring->data, 0);
	frag_add_worker(0, 0, allocating_worker);
	frag_add_worker(1, 1, freeing_worker);
	frag_run_workers(2);
}

void frag_run_remote(gfp_t gfp)
{
	if (num_online_cpus() < 2) {
		frag_fail("needs two CPUs");
		return;
	}
	ring = vzalloc(sizeof(*ring));
	if (!ring) {
		frag_fail("no memory for the ring");
		return;
	}
	ring->gfp = gfp;
	pass_chunks(WARM_CHUNKS);
	frag_start_phase();
	pass_chunks(CHUNKS);
	frag_end_phase();
	say("pages", "%u", CHUNKS * CHUNK);
	vfree(ring);
}
