/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accesses that are one piece, and that ThreadSanitizer takes for such: it
 * does not know what volatile means to the kernel.
 */
#ifndef __PCP_USER_RWONCE_H
#define __PCP_USER_RWONCE_H

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)

#define WRITE_ONCE(x, val)						\
do {									\
	typeof(x) __once = (val);					\
									\
	__atomic_store(&(x), &__once, __ATOMIC_RELAXED);		\
} while (0)

#endif
