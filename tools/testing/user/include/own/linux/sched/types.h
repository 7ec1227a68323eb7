/* SPDX-License-Identifier: GPL-2.0 */
/*
 * glibc 2.41 and later take struct sched_attr from the kernel, if this header can
 * be found. They only need its name, and the real one wants the kernel's types
 * before the C library has made its own.
 */
#ifndef __PCP_USER_SCHED_TYPES_H
#define __PCP_USER_SCHED_TYPES_H

struct sched_attr;
/* Without it they define the structure, with the kernel's types, too. */
#define SCHED_ATTR_SIZE_VER0	48

#endif
