/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who owns a block, and whose page is it? The owner is a hint that each refill takes over
 * and that a trim, a drain, the shepherd and a death take away. The mark of a page says
 * on which PCP it is. It is set and cleared under the lock of that PCP.
 *
 * One block of two pages, which are buddies. CPUS processes allocate and free them, each
 * the other's, too. CPU 1 dies when its process has ended. Somebody drains CPU 0, and the
 * shepherd comes by.
 *
 * Checked: a page that a PCP takes off its list, to merge it with its buddy, is on that
 * list. When a drain has ended, no page waits any more that waited when it began.
 * At rest, the blocks of each CPU are counted right, a dead CPU owns none and
 * has no page, and a block that is whole in the zone has no owner.
 *
 * Each look at what no lock protects is a step, and so is each change. Memory is
 * sequentially consistent: the litmus tests say what has to be ordered for that.
 *
 * Left out are orders, migratetypes, pcp->taken, which pcp.pml has, and when the
 * CPUs do what: they choose as they like.
 *
 * Broken on purpose by -D:
 *
 *	MARK_ANY	the mark does not say which PCP has the page
 *	MARK_KEPT	a page that is allocated keeps its mark
 *	MARK_WAITS	a page that waits has the mark of the PCP that it waits for
 *	MERGE_UNLOCKED	a trim looks for buddies before it has the lock
 *	OWN_TORN	pageblock_own() reads the owner, then writes
 *	DISOWN_TORN	so does __pageblock_disown()
 *	ADOPT_LATE	a refill adopts the block when its pages are on the PCP
 *	FREED_KEEPS	pageblock_freed() leaves the owner
 *	DEAD_KEEPS	pcp_cpu_dead() leaves the blocks of the CPU alone
 *	DEAD_RUNS	it comes while the CPU still runs
 *	PUSH_NO_LOOK	a pusher that acts on an old answer does not look again
 *	DRAIN_NO_WAIT	a drain does not wait for carriers
 *	DRAIN_LATE	it looks whether a page waits when it has left the lock
 *	CARRY_LATE	a carrier is noted after it took the list
 */
#ifndef CPUS
#define CPUS	2
#endif
#ifndef OPS
#define OPS	3
#endif
#define PAGES	2
#define BUDDY(p)	(1 - (p))

/* Marks: of a page without a type, of one that waits, of one on the PCP of a CPU. */
#define NO_MARK		0
#define WAITS_MARK	1
#ifdef MARK_ANY
#define PCP_MARK(cpu)	2
#else
#define PCP_MARK(cpu)	((cpu) + 2)
#endif

#define NOBODY		0		/* owner: the CPU plus one */

mtype = { in_zone, in_use, cached, waits, carried };

mtype where[PAGES] = in_zone;
byte at[PAGES];				/* the CPU, of a page that is cached or waits */
byte mark[PAGES];
byte owner = NOBODY;
short owned[CPUS];
bool lock[CPUS];
bool dead[CPUS];
byte carriers[CPUS];
bool reading[CPUS + 1];			/* in an RCU read-side section */
bool halted[CPUS];
byte ended;

/* Waited when the drain began, and was not in the zone or in use since. */
bool early[PAGES];

#define WHOLE	(where[0] == in_zone && where[1] == in_zone)

inline count_less(was)
{
	if
	:: was != NOBODY -> owned[was - 1]--
	:: else
	fi
}

inline pageblock_own(cpu)
{
#ifdef OWN_TORN
	was = owner;
	owner = cpu + 1;
#else
	d_step { was = owner; owner = cpu + 1 };
#endif
	if
	:: was != cpu + 1 -> count_less(was); owned[cpu]++
	:: else
	fi;
	was = NOBODY
}

inline pageblock_disown()
{
#ifdef DISOWN_TORN
	was = owner;
	owner = NOBODY;
#else
	d_step { was = owner; owner = NOBODY };
#endif
	count_less(was);
	was = NOBODY
}

inline disown_if_owned_by(cpu)
{
	if
	:: owner == cpu + 1 -> pageblock_disown()
	:: owner != cpu + 1
	fi
}

/* One page to the zone, under zone->lock. A block that is whole has no owner. */
inline zone_free(p)
{
	atomic {
		assert(where[p] == carried);
		where[p] = in_zone;
		mark[p] = NO_MARK;
		early[p] = false;
#ifndef FREED_KEEPS
		if
		:: WHOLE && owner != NOBODY -> pageblock_disown()
		:: else
		fi
#endif
	}
}

/* Pages of a mask; those of a run go one by one. */
inline zone_free_all(mask)
{
	p = 0;
	do
	:: p < PAGES ->
		if
		:: mask & (1 << p) -> zone_free(p)
		:: else
		fi;
		p++
	:: else -> break
	od;
	p = 0;
	mask = 0
}

inline begin_carrying(cpu)	{ carriers[cpu]++ }

/* llist_del_all() of the pages that wait for a CPU. */
inline take_waiting(cpu)
{
	d_step {
		p = 0;
		do
		:: p < PAGES ->
			if
			:: where[p] == waits && at[p] == cpu ->
				where[p] = carried;
				mask = mask | (1 << p)
			:: else
			fi;
			p++
		:: else -> break
		od;
		p = 0
	}
}

/* pcp_flush_waiting(), and pcp_return_waiting() if it @disowns. The caller is a reader. */
inline flush(cpu, disowns)
{
#ifndef CARRY_LATE
	begin_carrying(cpu);
#endif
	take_waiting(cpu);
#ifdef CARRY_LATE
	begin_carrying(cpu);
#endif
	if
	:: disowns && mask != 0 -> disown_if_owned_by(cpu)
	:: else
	fi;
	zone_free_all(mask);
	carriers[cpu]--
}

/*
 * pcp_collect() of one page and the buddy that it merges with, or of all, under the lock.
 * A page that a merge takes off the list has to be on it.
 */
inline collect(cpu)
{
	d_step {
		p = 0;
		do
		:: p < PAGES ->
			if
			:: where[p] == cached && at[p] == cpu && !(mask & (1 << p)) ->
				mask = mask | (1 << p);
				where[p] = carried;
				if
				:: mark[BUDDY(p)] == PCP_MARK(cpu) ->
					assert((where[BUDDY(p)] == cached && at[BUDDY(p)] == cpu) ||
					       (mask & (1 << BUDDY(p))));
					mask = mask | (1 << BUDDY(p));
					where[BUDDY(p)] = carried
				:: else
				fi
			:: else
			fi;
			p++
		:: else -> break
		od;
		p = 0;
		do
		:: p < PAGES ->
			if
			:: mask & (1 << p) -> mark[p] = NO_MARK
			:: else
			fi;
			p++
		:: else -> break
		od;
		p = 0
	};
	if
	:: mask != 0 -> disown_if_owned_by(cpu)
	:: else
	fi
}

/* pcp_free_bulk(), and all of the rest that the lock is held for */
inline trim(cpu)
{
	atomic { !lock[cpu] -> lock[cpu] = true };
	collect(cpu);
	zone_free_all(mask);
	lock[cpu] = false
}

#ifdef MERGE_UNLOCKED
/* The buddy was seen without the lock, and is taken off with it. */
inline trim_unlocked(cpu)
{
	if
	:: d_step { where[0] == cached && at[0] == cpu && mark[1] == PCP_MARK(cpu) -> mask = 1 };
		atomic { !lock[cpu] -> lock[cpu] = true };
		d_step {
			assert(where[1] == cached && at[1] == cpu);
			mask = 0
		};
		lock[cpu] = false
	:: else
	fi
}
#endif

inline put_on_pcp(cpu)
{
	d_step {
		assert(where[mine] == carried);
		where[mine] = cached;
		at[mine] = cpu;
		mark[mine] = PCP_MARK(cpu);
		mine = 0
	}
}

inline absorb(cpu)
{
	d_step {
		p = 0;
		do
		:: p < PAGES ->
			if
			:: where[p] == waits && at[p] == cpu ->
				where[p] = cached;
				mark[p] = PCP_MARK(cpu)
			:: else
			fi;
			p++
		:: else -> break
		od;
		p = 0
	}
}

/* A page of some state is this process's, with which it is @now. */
inline pick(cond0, cond1, now)
{
	if
	:: d_step { (cond0) -> mine = 0; where[0] = now; got = true }
	:: d_step { (cond1) -> mine = 1; where[1] = now; got = true }
	:: else -> got = false
	fi
}

inline refill(cpu)
{
	atomic { !lock[cpu] -> lock[cpu] = true };
	absorb(cpu);
	pick(where[0] == in_zone, where[1] == in_zone, carried);
	if
	:: got ->
#ifndef ADOPT_LATE
		pageblock_own(cpu);
#endif
		put_on_pcp(cpu);
		lock[cpu] = false;
#ifdef ADOPT_LATE
		pageblock_own(cpu);
#endif
	:: else -> lock[cpu] = false
	fi;
	got = false
}

inline allocate(cpu)
{
	atomic {
		if
		:: !lock[cpu] ->
			pick(where[0] == cached && at[0] == cpu,
			     where[1] == cached && at[1] == cpu, in_use);
			if
			:: got ->
#ifndef MARK_KEPT
				mark[mine] = NO_MARK;
#endif
				early[mine] = false
			:: else
			fi
		:: else
		fi;
		mine = 0;
		got = false
	}
}

/* The answer of the route may be old when it is acted upon. */
inline free_page(cpu)
{
	pick(where[0] == in_use, where[1] == in_use, carried);
	if
	:: got ->
		to = owner;
		if
		:: to == NOBODY || to == cpu + 1 ->
			if
			:: atomic { !lock[cpu] -> put_on_pcp(cpu) }
			:: lock[cpu] -> mask = 1 << mine; mine = 0; zone_free_all(mask)
			fi
		:: else ->
			reading[cpu] = true;
			d_step {
				where[mine] = waits;
				at[mine] = to - 1;
#ifdef MARK_WAITS
				mark[mine] = PCP_MARK(to - 1);
#else
				mark[mine] = WAITS_MARK;
#endif
				mine = 0
			};
			if
#ifndef PUSH_NO_LOOK
			:: dead[to - 1] -> flush(to - 1, false)
			:: !dead[to - 1]
#endif
			:: flush(to - 1, false)		/* over the bound */
#ifdef PUSH_NO_LOOK
			:: true
#endif
			fi;
			reading[cpu] = false
		fi
	:: else
	fi;
	got = false;
	to = 0
}

proctype processor(byte me)
{
	byte ops, mask, mine, p, to, was;
	bool got;

	do
	:: ops < OPS ->
		ops++;
		if
		:: true -> refill(me)
		:: true -> allocate(me)
		:: true -> free_page(me)
#ifdef MERGE_UNLOCKED
		:: true -> trim_unlocked(me)
#endif
		:: true -> trim(me)
		fi
	:: true -> break
	od;
	ops = 0;
	d_step { halted[me] = true; ended++ }
}

inline return_waiting(cpu)
{
	if
	:: (where[0] == waits && at[0] == cpu) || (where[1] == waits && at[1] == cpu) ->
		reading[CPUS] = true;
		flush(cpu, true);
		reading[CPUS] = false
	:: else
	fi
}

#ifdef SHEPHERD
proctype shepherd()
{
	byte mask, p, was;

	return_waiting(0);
	ended++
}
#define WORKERS	1
#else
#define WORKERS	0
#endif

/* Nobody reads that read before. */
inline synchronize_rcu()
{
	p = 0;
	do
	:: p <= CPUS -> !reading[p]; p++
	:: else -> break
	od;
	p = 0
}

#ifdef DRAIN
/* drain_all_pages(), of a CPU that is open. */
proctype drainer()
{
	byte mask, p, was;
	bool some;

	d_step {
		early[0] = (where[0] == waits);
		early[1] = (where[1] == waits)
	};
	do
	:: true ->
		atomic { !lock[0] -> lock[0] = true };
		collect(0);
		zone_free_all(mask);
#ifdef DRAIN_LATE
		lock[0] = false;
#endif
		d_step {
			some = (where[0] == waits && at[0] == 0) || (where[1] == waits && at[1] == 0);
			lock[0] = false
		};
		if
		:: some -> flush(0, true)
		:: else -> break
		fi
	od;
#ifndef DRAIN_NO_WAIT
	if
	:: carriers[0] != 0 -> synchronize_rcu()
	:: else
	fi;
#endif
	some = false;
	d_step {
		/* Pages that wait for another CPU are not this drain's. */
		assert(!early[0] || at[0] != 0);
		assert(!early[1] || at[1] != 0);
		early[0] = false;
		early[1] = false
	};
	ended++
}
#define DRAINS	1
#else
#define DRAINS	0
#endif

#ifdef DEATH
/* pcp_cpu_dead() of CPU 1. */
proctype closer()
{
	byte mask, p, was;

#ifndef DEAD_RUNS
	halted[1];
#endif
	atomic { !lock[1] -> dead[1] = true };
#ifndef DEAD_KEEPS
	if
	:: owned[1] != 0 -> disown_if_owned_by(1)
	:: else
	fi;
#endif
	trim(1);
	do
	:: (where[0] == waits && at[0] == 1) || (where[1] == waits && at[1] == 1) -> flush(1, true)
	:: else -> break
	od;
	ended++
}
#define DEATHS	1
#else
#define DEATHS	0
#endif

init
{
	byte me;

	atomic {
		do
		:: me < CPUS -> run processor(me); me++
		:: else -> break
		od;
#ifdef SHEPHERD
		run shepherd();
#endif
#ifdef DRAIN
		run drainer();
#endif
#ifdef DEATH
		run closer();
#endif
		me = 0
	};
	/* At rest. */
	ended == CPUS + WORKERS + DRAINS + DEATHS;
	d_step {
		do
		:: me < CPUS ->
			assert(owned[me] == (owner == me + 1 -> 1 : 0));
			assert(!lock[me] && carriers[me] == 0);
			assert(!dead[me] || owner != me + 1);
			assert(!dead[me] || (where[0] != waits && where[0] != cached) || at[0] != me);
			assert(!dead[me] || (where[1] != waits && where[1] != cached) || at[1] != me);
			me++
		:: else -> break
		od;
		assert(where[0] != carried && where[1] != carried);
		assert(!WHOLE || owner == NOBODY)
	}
}
