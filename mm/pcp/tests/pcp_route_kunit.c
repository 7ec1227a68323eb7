// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit suite for mm/pcp/route.h: where a freed page goes. The decision is
 * pure, so each combination of what it depends on is compared with the table
 * of Documentation/mm/pcp.rst; each row of the table has a case of its own.
 */
#include <kunit/test.h>

#include "../route.h"

/* The owner of the block, and whether another CPU's page is of use here. */
enum owner {
	NOBODY,
	THIS_CPU,
	OTHER,
	OTHER_KEEP,
	NR_OWNERS,
};

/* The locks that the caller and the context allow. */
enum locks {
	MAY_WAIT,
	MAY_TRY,
	NO_LOCK,
	NR_LOCKS,
};

/* A page that a PCP may have. */
static const enum pcp_route cached[NR_OWNERS][NR_LOCKS] = {
	[NOBODY] = {
		[MAY_WAIT] = PCP_ROUTE_LOCAL,
		[MAY_TRY]  = PCP_ROUTE_LOCAL,
		[NO_LOCK]  = PCP_ROUTE_DEFER,
	},
	[THIS_CPU] = {
		[MAY_WAIT] = PCP_ROUTE_LOCAL,
		[MAY_TRY]  = PCP_ROUTE_LOCAL,
		[NO_LOCK]  = PCP_ROUTE_DEFER,
	},
	[OTHER] = {
		[MAY_WAIT] = PCP_ROUTE_REMOTE,
		[MAY_TRY]  = PCP_ROUTE_REMOTE,
		[NO_LOCK]  = PCP_ROUTE_REMOTE,
	},
	/* Better there at once than here later. */
	[OTHER_KEEP] = {
		[MAY_WAIT] = PCP_ROUTE_LOCAL,
		[MAY_TRY]  = PCP_ROUTE_LOCAL,
		[NO_LOCK]  = PCP_ROUTE_REMOTE,
	},
};

/* A page of an order that no PCP may have, or of an isolated block. */
static const enum pcp_route not_cached[NR_LOCKS] = {
	[MAY_WAIT] = PCP_ROUTE_ZONE,
	[MAY_TRY]  = PCP_ROUTE_ZONE,
	[NO_LOCK]  = PCP_ROUTE_DEFER,
};

static enum pcp_route oracle(int migratetype, enum owner owner,
			     bool order_allowed, bool nolock, bool can_trylock)
{
	enum locks locks = MAY_WAIT;

	if (nolock)
		locks = can_trylock ? MAY_TRY : NO_LOCK;
	if (!order_allowed)
		return not_cached[locks];
#ifdef CONFIG_MEMORY_ISOLATION
	if (migratetype == MIGRATE_ISOLATE)
		return not_cached[locks];
#endif
	return cached[owner][locks];
}

/* An ordinary free of an ordinary page, on CPU 1. */
static struct pcp_route_in ordinary(enum owner owner)
{
	struct pcp_route_in in = {
		.migratetype = MIGRATE_MOVABLE,
		.owner = 2,
		.cpu = 1,
		.order_allowed = true,
		.can_trylock = true,
	};

	if (owner == NOBODY)
		in.owner = -1;
	else if (owner == THIS_CPU)
		in.owner = in.cpu;
	in.keep = owner == OTHER_KEEP;
	return in;
}

static struct pcp_route_in without_locks(enum owner owner)
{
	struct pcp_route_in in = ordinary(owner);

	in.nolock = true;
	in.can_trylock = false;
	return in;
}

/* === All combinations === */

/* CPU 0 is one more than no owner: try it on both sides. */
static const int cpus[][2] = { { 0, 1 }, { 1, 0 }, { 4095, 0 } };

/* One bit each of @bits: order_allowed, nolock, can_trylock, keep. */
#define ROUTE_BITS	4

static void check_one(struct kunit *test, int migratetype, enum owner owner,
		      unsigned int bits, const int *cpu)
{
	struct pcp_route_in in = ordinary(owner);
	enum pcp_route got, want;

	in.migratetype = migratetype;
	in.order_allowed = bits & 1;
	in.nolock = bits & 2;
	in.can_trylock = bits & 4;
	in.cpu = cpu[0];
	if (owner == THIS_CPU)
		in.owner = cpu[0];
	else if (owner != NOBODY)
		in.owner = cpu[1];
	/* It says nothing about a page that is not another CPU's. */
	if (owner == NOBODY || owner == THIS_CPU)
		in.keep = bits & 8;

	got = pcp_decide_route(in);
	want = oracle(migratetype, owner, in.order_allowed, in.nolock,
		      in.can_trylock);
	KUNIT_EXPECT_EQ_MSG(test, got, want,
			    "type %d owner %d bits %x cpu %d other %d",
			    migratetype, owner, bits, cpu[0], cpu[1]);
}

static void route_all_combinations(struct kunit *test)
{
	unsigned int nr = 0, owner, bits, i;
	int migratetype;

	for (migratetype = 0; migratetype < MIGRATE_TYPES; migratetype++) {
		for (owner = 0; owner < NR_OWNERS; owner++) {
			for (bits = 0; bits < 1 << ROUTE_BITS; bits++) {
				for (i = 0; i < ARRAY_SIZE(cpus); i++) {
					check_one(test, migratetype, owner,
						  bits, cpus[i]);
					nr++;
				}
			}
		}
	}
	KUNIT_EXPECT_EQ(test, nr, MIGRATE_TYPES * 4 * 16 * 3);
}

/* === The rows of the table === */

static void route_order_not_allowed_to_zone(struct kunit *test)
{
	struct pcp_route_in in = ordinary(THIS_CPU);

	in.order_allowed = false;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_ZONE);

	/* Not even to a CPU that would take it. */
	in = ordinary(OTHER);
	in.order_allowed = false;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_ZONE);
	in = ordinary(OTHER_KEEP);
	in.order_allowed = false;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_ZONE);
}

static void route_isolated_to_zone(struct kunit *test)
{
#ifdef CONFIG_MEMORY_ISOLATION
	static const enum owner owners[] = { THIS_CPU, OTHER, OTHER_KEEP };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(owners); i++) {
		struct pcp_route_in in = ordinary(owners[i]);

		in.migratetype = MIGRATE_ISOLATE;
		KUNIT_EXPECT_EQ_MSG(test, pcp_decide_route(in), PCP_ROUTE_ZONE,
				    "owner %d", owners[i]);
	}
#else
	kunit_skip(test, "needs CONFIG_MEMORY_ISOLATION");
#endif
}

static void route_other_cpus_page_remote(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_decide_route(ordinary(OTHER)), PCP_ROUTE_REMOTE);
}

static void route_other_cpus_page_remote_without_locks(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_decide_route(without_locks(OTHER)),
			PCP_ROUTE_REMOTE);
}

static void route_page_of_use_here_local(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_decide_route(ordinary(OTHER_KEEP)), PCP_ROUTE_LOCAL);
}

static void route_page_of_use_here_nolock_local_by_trylock(struct kunit *test)
{
	struct pcp_route_in in = ordinary(OTHER_KEEP);

	in.nolock = true;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_LOCAL);
}

/* It cannot be put on the PCP here, but the push takes no lock. */
static void route_page_of_use_here_remote_without_locks(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_decide_route(without_locks(OTHER_KEEP)),
			PCP_ROUTE_REMOTE);
}

static void route_own_block_local(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_decide_route(ordinary(THIS_CPU)), PCP_ROUTE_LOCAL);
}

static void route_unowned_local(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_decide_route(ordinary(NOBODY)), PCP_ROUTE_LOCAL);
}

static void route_local_busy_to_zone(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_route_busy(false), PCP_ROUTE_ZONE);
}

static void route_local_busy_nolock_deferred(struct kunit *test)
{
	/* Without SMP there is no lock to be busy, and each page comes here. */
	KUNIT_EXPECT_EQ(test, pcp_route_busy(true),
			IS_ENABLED(CONFIG_SMP) ? PCP_ROUTE_DEFER : PCP_ROUTE_ZONE);
}

static void route_nolock_local_by_trylock(struct kunit *test)
{
	struct pcp_route_in in = ordinary(THIS_CPU);

	in.nolock = true;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_LOCAL);
}

/* The zone tries its own lock. */
static void route_order_not_allowed_nolock_to_zone_by_trylock(struct kunit *test)
{
	struct pcp_route_in in = ordinary(NOBODY);

	in.order_allowed = false;
	in.nolock = true;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_ZONE);
}

static void route_without_locks_deferred(struct kunit *test)
{
	struct pcp_route_in in = without_locks(OTHER);

	KUNIT_EXPECT_EQ(test, pcp_decide_route(without_locks(NOBODY)),
			PCP_ROUTE_DEFER);
	KUNIT_EXPECT_EQ(test, pcp_decide_route(without_locks(THIS_CPU)),
			PCP_ROUTE_DEFER);

	in.order_allowed = false;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_DEFER);
}

/* A caller that may wait for a lock need not be able to try it. */
static void route_waiting_needs_no_trylock(struct kunit *test)
{
	struct pcp_route_in in = ordinary(THIS_CPU);

	in.can_trylock = false;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_LOCAL);
	in = ordinary(OTHER_KEEP);
	in.can_trylock = false;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_LOCAL);
	in.order_allowed = false;
	KUNIT_EXPECT_EQ(test, pcp_decide_route(in), PCP_ROUTE_ZONE);
}

/* === The list of a type === */

static void route_list_of_pcp_type_is_its_own(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_list_type(MIGRATE_UNMOVABLE),
			MIGRATE_UNMOVABLE);
	KUNIT_EXPECT_EQ(test, pcp_list_type(MIGRATE_MOVABLE), MIGRATE_MOVABLE);
	KUNIT_EXPECT_EQ(test, pcp_list_type(MIGRATE_RECLAIMABLE),
			MIGRATE_RECLAIMABLE);
}

static void route_list_of_other_types_is_movable(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pcp_list_type(MIGRATE_HIGHATOMIC),
			MIGRATE_MOVABLE);
#ifdef CONFIG_CMA
	KUNIT_EXPECT_EQ(test, pcp_list_type(MIGRATE_CMA), MIGRATE_MOVABLE);
#endif
}

static struct kunit_case route_cases[] = {
	KUNIT_CASE(route_all_combinations),
	KUNIT_CASE(route_order_not_allowed_to_zone),
	KUNIT_CASE(route_isolated_to_zone),
	KUNIT_CASE(route_other_cpus_page_remote),
	KUNIT_CASE(route_other_cpus_page_remote_without_locks),
	KUNIT_CASE(route_page_of_use_here_local),
	KUNIT_CASE(route_page_of_use_here_nolock_local_by_trylock),
	KUNIT_CASE(route_page_of_use_here_remote_without_locks),
	KUNIT_CASE(route_own_block_local),
	KUNIT_CASE(route_unowned_local),
	KUNIT_CASE(route_local_busy_to_zone),
	KUNIT_CASE(route_local_busy_nolock_deferred),
	KUNIT_CASE(route_nolock_local_by_trylock),
	KUNIT_CASE(route_order_not_allowed_nolock_to_zone_by_trylock),
	KUNIT_CASE(route_without_locks_deferred),
	KUNIT_CASE(route_waiting_needs_no_trylock),
	KUNIT_CASE(route_list_of_pcp_type_is_its_own),
	KUNIT_CASE(route_list_of_other_types_is_movable),
	{}
};

static struct kunit_suite route_suite = {
	.name = "pcp_route",
	.test_cases = route_cases,
};

kunit_test_suites(&route_suite);
