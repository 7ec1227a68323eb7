// SPDX-License-Identifier: GPL-2.0
/*
 * Fault injection: make the trylock of the local PCP fail. See
 * Documentation/fault-injection/fault-injection.rst.
 */
#include <linux/debugfs.h>
#include <linux/hardirq.h>
#include <linux/init.h>
#include <linux/irqflags.h>

#include "fail.h"

struct pcp_fail fail_pcp_trylock = {
	.attr = FAULT_ATTR_INITIALIZER,
};

static int __init setup_fail_pcp_trylock(char *str)
{
	return setup_fault_attr(&fail_pcp_trylock.attr, str);
}
__setup("fail_pcp_trylock=", setup_fail_pcp_trylock);

/**
 * pcp_should_fail_trylock() - shall this trylock fail?
 * @side: who tries
 *
 * Context: Any. In NMI never: a failure is reported with a stack trace, and
 * counts down a number that the interrupted context may be looking at.
 * Return: true if the caller is to behave as if the lock was taken.
 */
bool pcp_should_fail_trylock(enum pcp_side side)
{
	bool alloc = side == PCP_SIDE_ALLOC;

	if (in_nmi())
		return false;
	if (READ_ONCE(*(alloc ? &fail_pcp_trylock.ignore_alloc :
				&fail_pcp_trylock.ignore_free)))
		return false;
	/* With interrupts off the caller may hold any lock, so nothing is printed. */
	if (!should_fail_ex(&fail_pcp_trylock.attr, 1,
			    irqs_disabled() ? FAULT_NOWARN : 0))
		return false;

	atomic_inc(alloc ? &fail_pcp_trylock.nr_alloc :
			   &fail_pcp_trylock.nr_free);
	return true;
}

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS

static int __init fail_pcp_trylock_debugfs(void)
{
	struct dentry *dir;

	dir = fault_create_debugfs_attr("fail_pcp_trylock", NULL,
					&fail_pcp_trylock.attr);

	debugfs_create_bool("ignore-free", 0600, dir,
			    &fail_pcp_trylock.ignore_free);
	debugfs_create_bool("ignore-alloc", 0600, dir,
			    &fail_pcp_trylock.ignore_alloc);
	debugfs_create_atomic_t("injected-free", 0400, dir,
				&fail_pcp_trylock.nr_free);
	debugfs_create_atomic_t("injected-alloc", 0400, dir,
				&fail_pcp_trylock.nr_alloc);
	return 0;
}
late_initcall(fail_pcp_trylock_debugfs);

#endif
