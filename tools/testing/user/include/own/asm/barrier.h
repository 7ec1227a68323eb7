/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ThreadSanitizer does not see fences, so it does not take what they order
 * for synchronised: that is right here, as all that is read and written on
 * both sides of one is atomic. The instruction is there, though.
 */
#ifndef __PCP_USER_BARRIER_H
#define __PCP_USER_BARRIER_H

#define mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_mb()	mb()
#define smp_rmb()	rmb()
#define smp_wmb()	wmb()
#define smp_mb__after_atomic()	smp_mb()

#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_store_mb(var, value)					\
	((void)__atomic_exchange_n(&(var), value, __ATOMIC_SEQ_CST))

#endif
