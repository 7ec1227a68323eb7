/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ticket locks, fair as the kernel's are. A thread that waits gives its
 * processor away: the one that it waits for may need it.
 */
#ifndef __PCP_USER_SPINLOCK_H
#define __PCP_USER_SPINLOCK_H

#include <linux/sched.h>

typedef struct {
	u32 next;
	u32 owner;
} raw_spinlock_t;

typedef raw_spinlock_t spinlock_t;

#define __RAW_SPIN_LOCK_UNLOCKED(name)	{ 0, 0 }
#define SINGLE_DEPTH_NESTING		1

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->next = 0;
	lock->owner = 0;
}

static inline bool spin_is_locked(spinlock_t *lock)
{
	return __atomic_load_n(&lock->next, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
}

static inline bool spin_is_contended(spinlock_t *lock)
{
	return __atomic_load_n(&lock->next, __ATOMIC_RELAXED) -
	       __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) > 1;
}

static inline void spin_lock(spinlock_t *lock)
{
	u32 ticket;

	preempt_disable();
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
		cpu_relax();
}

static inline bool spin_trylock(spinlock_t *lock)
{
	u32 owner = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);

	preempt_disable();
	if (__atomic_compare_exchange_n(&lock->next, &owner, owner + 1, false,
					__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return true;
	preempt_enable();
	return false;
}

static inline void spin_unlock(spinlock_t *lock)
{
	pcp_user_check(spin_is_locked(lock), "unlock of a lock that is not held");
	__atomic_fetch_add(&lock->owner, 1, __ATOMIC_RELEASE);
	preempt_enable();
}

#define spin_lock_nested(lock, depth)	spin_lock(lock)

#define spin_lock_irqsave(lock, flags)					\
do {									\
	local_irq_save(flags);						\
	spin_lock(lock);						\
} while (0)

#define spin_trylock_irqsave(lock, flags)				\
({									\
	bool __got;							\
									\
	local_irq_save(flags);						\
	__got = spin_trylock(lock);					\
	if (!__got)							\
		local_irq_restore(flags);				\
	__got;								\
})

#define spin_unlock_irqrestore(lock, flags)				\
do {									\
	spin_unlock(lock);						\
	local_irq_restore(flags);					\
} while (0)

#define lockdep_assert_held(lock)					\
	pcp_user_check(spin_is_locked(lock), "lock is not held")

#endif
