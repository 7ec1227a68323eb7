/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PCP that is closed while others push to it: the races of pcp_push() with
 * pcp_cpu_dead() (-DRACE=DEAD) and with zone_pcp_disable() (-DRACE=DISABLE).
 *
 * Each of PUSHERS frees one page of a block that the CPU of this PCP owns.
 * However they interleave, at rest each page has to be in the zone, and nobody
 * may ever take one that somebody else took. Names are those of mm/pcp/.
 *
 * Memory is weaker than TSO: a plain store becomes visible at some later time,
 * and two of them in any order, but before a release that follows. A load may
 * be satisfied early, where nothing forbids it. Only where it can matter: what
 * is read and written under the lock is as the lock has it, and a racy look at
 * pcp->taken, or at the bound, may say anything.
 *
 * Left out are orders, migratetypes, buddies, and the numbers behind the
 * bound. One page of a run stands for all, they travel together. A page that
 * an NMI deferred counts as in the zone.
 *
 * Broken on purpose, or said in another way, by -D:
 *
 *	PUSH_RELEASE	llist_add_batch() orders what is before it, not after
 *	PUSH_NO_LOOK	a pusher does not look again
 *	DRAIN_NO_MB	no smp_mb() in pcp_drain()
 *	DRAIN_PLAIN	pcp_absorb() asks llist_empty() before it takes the list
 *	DRAIN_NO_LOOK	pcp_drain() looks at count alone
 *	ABSORB_NO_LOOK	pcp_absorb() caches for a PCP that is disabled
 *	TAKE_TORN	llist_del_all() reads and clears in two steps
 *	NO_RCU		zone_pcp_disable() waits for no reader
 *	RCU_FIRST	it does so before the drain, not after
 *	PROMISE		what was freed before zone_pcp_disable() was called has to
 *			be in the zone when it returns, not only at rest
 *	SHEPHERD	vmstat's worker comes by: pcp_return_waiting()
 *	SHEPHERD_LEAVES	only its first half is an RCU reader
 *	NO_OWNER	the CPU itself does not refill meanwhile
 */
#define DEAD	1
#define DISABLE	2

#ifndef RACE
#define RACE	DEAD
#endif
#ifndef PUSHERS
#define PUSHERS	3
#endif

/* PCP_ABSORB_NODES and PCP_DRAIN_ABSORBS, so small that they are met. */
#define NODES		1
#define ABSORBS		2

#define PAGES		(PUSHERS + 1)	/* 0 is NULL */

/* Where a page is; carried: off the waiting lists, in somebody's hands. */
mtype = { busy, waits, unsorted, carried, cached, in_zone };

mtype where[PAGES] = busy;
byte next[PAGES];
byte free_llist;
byte taken;
byte count;
byte nr_waiting;
bool dead = false;
bool bound = true;
bool high_max = true;
bool lock = false;

bool reading[PAGES + 1];		/* in an RCU read-side section */
#ifdef PROMISE
bool freed[PAGES];			/* the free has returned */
bool early[PAGES];			/* it had when the PCP was closed */
#endif
byte ended;
byte turn = 1;

/* Stores of the side that closes which nobody else sees yet. */
bool sb_dead, sb_bound, sb_high, sb_unlock;

#define sb_empty	(!sb_dead && !sb_bound && !sb_high)
#define open_seen	(bound && !dead)

#if RACE == DISABLE && !defined(NO_OWNER)
#define OWNER		1
#else
#define OWNER		0
#endif
#ifdef SHEPHERD
#define WORKERS		1
#else
#define WORKERS		0
#endif
#define ALL		(PUSHERS + 1 + OWNER + WORKERS)

/* Everything on a list changes state; it was where it should be. */
inline mark(list, old, new)
{
	walk = list;
	do
	:: walk != 0 ->
		assert(where[walk] == old);
		where[walk] = new;
		walk = next[walk]
	:: else -> break
	od;
	walk = 0
}

/* llist_del_all(), a fully ordered xchg(). */
inline llist_del_all(to)
{
#ifdef TAKE_TORN
	to = free_llist;
	d_step { mark(to, waits, carried); free_llist = 0 }
#else
	d_step {
		to = free_llist;
		free_llist = 0;
		mark(to, waits, carried)
	}
#endif
}

inline pcp_waiting_to_zone(list)
{
	d_step {
		mark(list, carried, in_zone);
		do
		:: list != 0 -> nr_waiting--; list = next[list]
		:: else -> break
		od;
		walk = 0
	}
}

/* All of it under the lock, which is free before and after. */
inline take_unsorted(to)
{
	to = taken;
	taken = 0;
	mark(to, unsorted, carried)
}

/* The lock is only tried. */
inline pcp_flush_waiting()
{
	llist_del_all(mine);
	if
	:: mine != 0 -> pcp_waiting_to_zone(mine)
	:: else
	fi;
	if
	:: d_step { !lock && taken != 0 -> take_unsorted(mine) };
		pcp_waiting_to_zone(mine)
	:: true	/* pcp->taken looked empty, or somebody has the lock */
	fi
}

/*
 * pcp_absorb(), under the lock. @max: 0 for all. @off: pcp_disabled() as this
 * CPU sees it. @order: what makes its own stores visible before an xchg().
 */
inline pcp_absorb(max, off, order)
{
	d_step {
		node = taken;
		leftover = (node != 0);
		mark(node, unsorted, carried);
		disabled = off;
		looked = 0
	};
	if
	:: !leftover ->
#ifdef DRAIN_PLAIN
		if
		:: free_llist == 0	/* not ordered after its own stores */
		:: free_llist != 0 -> order; llist_del_all(node)
		fi
#else
		order;
		llist_del_all(node)
#endif
	:: else
	fi;
	/* A process that looks at the pages meanwhile has to hold the lock. */
	atomic {
		do
		:: node == 0 -> break
		:: node != 0 && !disabled && max != 0 && looked == max -> break
		:: node != 0 && (disabled || max == 0 || looked != max) ->
			page = node;
			node = next[node];
			looked++;
			assert(where[page] == carried);
			if
			:: disabled -> where[page] = in_zone
			:: else -> where[page] = cached; count++
			fi;
			page = 0;
			if
			:: node == 0 && leftover ->
				leftover = false;
				order;
				llist_del_all(node)
			:: else
			fi
		od
	};
	d_step {
		taken = node;
		mark(taken, carried, unsorted);
		nr_waiting = nr_waiting - looked;
		node = 0;
		looked = 0;
		leftover = false;
		disabled = false
	}
}

proctype pusher(byte me)
{
	byte mine, walk;
	bool open, hoisted;

	/*
	 * pcp_decide_route(); the answer may be old when the push comes. They are all
	 * alike, so it is enough that they come here in order.
	 */
	atomic {
		turn == me;
		turn++;
		if
		:: open_seen
		:: !open_seen -> where[me] = in_zone; goto out
		fi
	};

	reading[me] = true;
#ifdef PUSH_RELEASE
	/* The look below, satisfied before the add is seen. */
	if
	:: hoisted = true; open = open_seen
	:: true
	fi;
#endif
	/* llist_add_batch(); a cmpxchg() that fails changes nothing. */
	d_step {
		nr_waiting++;
		where[me] = waits;
		next[me] = free_llist;
		free_llist = me
	};

#ifndef PUSH_NO_LOOK
	if
	:: !hoisted -> open = open_seen
	:: else
	fi;
	if
	:: !open -> pcp_flush_waiting()
	:: open -> pcp_flush_waiting()	/* over the bound */
	:: open
	fi;
#endif
	atomic {
		open = false;
		hoisted = false;
		reading[me] = false;
out:
#ifdef PROMISE
		freed[me] = true;
#endif
		ended++
	}
}

#if OWNER
/* The CPU itself refills: bounded work under the lock, which it tries. */
proctype owner()
{
	byte node, page, looked, walk;
	bool leftover, disabled;

	if
	:: atomic { !lock -> lock = true };
#ifdef ABSORB_NO_LOOK
		pcp_absorb(NODES, false, skip);
#else
		pcp_absorb(NODES, !high_max, skip);
#endif
		lock = false
	:: lock
	fi;
	ended++
}
#endif

#ifdef SHEPHERD
/* pcp_return_waiting(), for vmstat. */
proctype shepherd()
{
	byte mine, walk;

	if
	:: taken != 0 || free_llist != 0 ->
		reading[PAGES] = true;
		pcp_flush_waiting();
#ifdef SHEPHERD_LEAVES
		reading[PAGES] = false;
#endif
		if
		:: taken != 0 ->
			d_step { !lock -> take_unsorted(mine) };
			if
			:: mine != 0 -> pcp_waiting_to_zone(mine)
			:: else
			fi
		:: taken == 0
		fi;
		reading[PAGES] = false
	:: taken == 0 && free_llist == 0
	fi;
	ended++
}
#endif

/* spin_lock() orders nothing before it; a lock that was just left is had again. */
inline closer_lock()
{
	if
	:: atomic { sb_unlock -> sb_unlock = false }
	:: atomic { !sb_unlock && !lock -> lock = true }
	fi
}

inline synchronize_rcu()
{
	sb_empty && !sb_unlock;
	me = 1;
	do
	:: me <= PAGES -> !reading[me]; me++
	:: else -> break
	od;
	me = 0
}

inline pcp_drain()
{
#ifndef DRAIN_NO_MB
	sb_empty && !sb_unlock;
#endif
	absorbs = ABSORBS;
	again = true;
	do
	:: again ->
		closer_lock();
#ifndef DRAIN_NO_LOOK
		if
		:: count == 0 || absorbs == ABSORBS ->
			pcp_absorb(0, RACE == DISABLE, sb_empty);
			absorbs--
		:: else
		fi;
		/* pcp_free_bulk() */
		if
		:: taken != 0 || free_llist != 0 ->
			pcp_absorb(NODES, RACE == DISABLE, sb_empty)
		:: taken == 0 && free_llist == 0
		fi;
#endif
		d_step {
			page = 1;
			do
			:: page < PAGES ->
				if
				:: where[page] == cached ->
					where[page] = in_zone;
					count--
				:: else
				fi;
				page++
			:: else -> break
			od;
			page = 0;
			assert(count == 0)
		};
#ifdef DRAIN_NO_LOOK
		again = false;
#else
		/* This side closed it, so it is not open. */
		again = (taken != 0 || free_llist != 0);
#endif
		/* With no store left to wait for, late is like never mind. */
		d_step {
			if
			:: sb_empty -> lock = false
			:: else -> sb_unlock = true
			fi
		}
	:: else -> break
	od;
	absorbs = 0
}

proctype closer()
{
	byte node, page, looked, walk, me;
	short absorbs;
	bool leftover, disabled, again;

#ifdef PROMISE
	d_step {
		me = 1;
		do
		:: me < PAGES -> early[me] = freed[me]; me++
		:: else -> break
		od;
		me = 0
	};
#endif
#if RACE == DEAD
	closer_lock();
	sb_dead = true;
	sb_unlock = true;
	pcp_drain();
#else
	sb_high = true;
	sb_bound = true;
#if !defined(NO_RCU) && defined(RCU_FIRST)
	synchronize_rcu();
#endif
	pcp_drain();
#if !defined(NO_RCU) && !defined(RCU_FIRST)
	synchronize_rcu();
#endif
#endif
#ifdef PROMISE
	d_step {
		me = 1;
		do
		:: me < PAGES ->
			assert(!early[me] || where[me] == in_zone);
			early[me] = false;
			me++
		:: else -> break
		od;
		me = 0
	};
#endif
	ended++
}

/* Stores get out in any order, the release of the lock after those before it. */
proctype store_buffer()
{
end:	do
	:: d_step { sb_dead -> dead = true; sb_dead = false }
	:: d_step { sb_high -> high_max = false; sb_high = false }
	:: d_step { sb_bound -> bound = false; sb_bound = false }
	:: d_step { sb_unlock && sb_empty -> lock = false; sb_unlock = false }
	od
}

init
{
	byte me = 1;

	atomic {
		run store_buffer();
		do
		:: me < PAGES -> run pusher(me); me++
		:: else -> break
		od;
		run closer();
#if OWNER
		run owner();
#endif
#ifdef SHEPHERD
		run shepherd();
#endif
		me = 1
	};
	/* At rest. */
	ended == ALL && sb_empty && !sb_unlock;
	d_step {
		do
		:: me < PAGES -> assert(where[me] == in_zone); me++
		:: else -> break
		od;
		assert(free_llist == 0 && taken == 0 && count == 0 && nr_waiting == 0);
		assert(!lock)
	}
}
