/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads on several CPUs that add to one llist and take from it.
 */
#ifndef __LIB_TESTS_LLIST_RACE_H
#define __LIB_TESTS_LLIST_RACE_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/spinlock.h>

struct item {
	unsigned int producer;
	unsigned int seq;
	/* How many entries of the same batch are behind this one. */
	unsigned int more;
	atomic_t state;
	struct llist_node node;
};

/* One thread per CPU: a thread that spins would only keep out another. */
#define MAX_THREADS	4
/* As many items a producer adds once, or as many turns it adds its few items... */
#define ITEMS		20000
#define TURNS		20000
#define RING		8
#define MAX_BATCH	7
/* ... or less, as a host with fewer cores than there are CPUs is slow. */
#define ENOUGH_TIME	(HZ / 4)
/*
 * After so many a producer lets the consumers catch up, or waits for the other
 * producers: they may all share a core of the host, where each would otherwise
 * be done before the next one begins.
 */
#define BURST		64
#define BURST_ALONE	256
/* Only a broken list takes so long for one entry, or for a whole run. */
#define TURN_TIMEOUT	(30 * HZ)
#define RUN_TIMEOUT	(90 * HZ)

enum state {
	OFF,
	ON,
};

struct race;

/* Written by its own thread only, and read when that has ended. */
struct racer {
	struct race *race;
	unsigned int index;
	void (*fn)(struct racer *r);
	struct task_struct *task;
	struct completion *exited;
	bool returned;
	unsigned int meetings;
	/* Of a producer: */
	struct item *items;
	unsigned int added;
	unsigned int was_empty;
	/* Of a consumer: what it took, as chains, in the order of taking. */
	struct llist_node **took;
	unsigned int nr_took;
	unsigned int emptied;
	/* Entries that came back twice, or with a wrong mark. */
	unsigned int bad;
	/* Waited too long for an entry to come back. */
	unsigned int lost;
};

struct race {
	struct llist_head head;
	/* Keeps consumers apart where the table says so, never producers. */
	spinlock_t consumers;
	atomic_t arrived;
	atomic_t producing;
	/* One thread is done or gave up, and comes to no later meeting. */
	bool over;
	unsigned int nr;
	unsigned int nr_producers;
	struct racer racer[MAX_THREADS];
};

bool llist_race_meet(struct racer *r);
void *llist_race_alloc(struct kunit *test, size_t nr, size_t size);
struct race *llist_race_new(struct kunit *test, unsigned int consumers,
			    void (*produce)(struct racer *r),
			    void (*consume)(struct racer *r));
void llist_race_run(struct kunit *test, struct race *race);

#endif /* __LIB_TESTS_LLIST_RACE_H */
