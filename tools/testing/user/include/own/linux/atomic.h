/* SPDX-License-Identifier: GPL-2.0 */
/* Atomic operations as the compiler has them. Without a suffix: full order. */
#ifndef __PCP_USER_ATOMIC_H
#define __PCP_USER_ATOMIC_H

#include <asm/barrier.h>
#include <linux/types.h>

#define PCP_USER_ATOMIC(type, name, base)				\
static inline base name##_read(const type *v)				\
{									\
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);		\
}									\
static inline base name##_read_acquire(const type *v)			\
{									\
	return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);		\
}									\
static inline void name##_set(type *v, base i)				\
{									\
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);		\
}									\
static inline void name##_add(base i, type *v)				\
{									\
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);		\
}									\
static inline void name##_sub(base i, type *v)				\
{									\
	__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);		\
}									\
static inline base name##_add_return(base i, type *v)			\
{									\
	return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);	\
}									\
static inline base name##_sub_return_release(base i, type *v)		\
{									\
	return __atomic_sub_fetch(&v->counter, i, __ATOMIC_RELEASE);	\
}									\
static inline void name##_dec(type *v)					\
{									\
	name##_add(-1, v);						\
}									\
static inline void name##_inc(type *v)					\
{									\
	name##_add(1, v);						\
}									\
static inline base name##_inc_return(type *v)				\
{									\
	return name##_add_return(1, v);					\
}

PCP_USER_ATOMIC(atomic_t, atomic, int)
PCP_USER_ATOMIC(atomic_long_t, atomic_long, long)

#define xchg(ptr, v)							\
({									\
	typeof(*(ptr)) __new = (v);					\
									\
	__atomic_exchange_n(ptr, __new, __ATOMIC_SEQ_CST);		\
})

#define try_cmpxchg(ptr, oldp, new)					\
	__atomic_compare_exchange_n(ptr, oldp, new, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

#define cmpxchg(ptr, old, new)						\
({									\
	typeof(*(ptr)) __old = (old);					\
									\
	try_cmpxchg(ptr, &__old, new);					\
	__old;								\
})

#endif
