/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read before each source: the C library first, then the compiler as the
 * kernel knows it, then what replaces the kernel's headers.
 */
#ifndef __PCP_USER_SHIM_H
#define __PCP_USER_SHIM_H

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Both define these. */
#undef __always_inline
#undef __attribute_const__
#undef __attribute_pure__
#undef LIST_HEAD
#undef __nonnull
#undef noinline

#define __KERNEL__
#include <linux/kconfig.h>
#include <linux/compiler_types.h>
#include <linux/types.h>
#include <linux/compiler.h>

/* ThreadSanitizer looks at all accesses. */
#ifdef __SANITIZE_THREAD__
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#define __kcsan_disable_current()	AnnotateIgnoreReadsBegin(__FILE__, __LINE__)
#define __kcsan_enable_current()	AnnotateIgnoreReadsEnd(__FILE__, __LINE__)
#else
#define __kcsan_disable_current()	do { } while (0)
#define __kcsan_enable_current()	do { } while (0)
#endif

/* Says where, and fails the test that runs; ends the program if none does. */
void pcp_user_complain(const char *file, int line, const char *what);

#define pcp_user_check(cond, what)					\
do {									\
	if (!(cond))							\
		pcp_user_complain(__FILE__, __LINE__, what);		\
} while (0)

#include <linux/kernel.h>
#include <user/fields.h>

#endif
