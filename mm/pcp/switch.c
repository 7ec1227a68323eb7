// SPDX-License-Identifier: GPL-2.0
/*
 * Turn owners off, to find the cause of a problem. No CPU gets a block, nothing is pushed,
 * and the zone is asked for pages as in a kernel without this. Blocks lose their owners as
 * they become whole, or as their pages are given back.
 */
#include <kunit/visibility.h>
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>

#include "pcp.h"

/**
 * pcp_set_owners() - turn owners on or off
 * @on: whether pages go back to the CPU that owns their block
 *
 * Pages that wait when they are turned off go to the zone. A push that is on its way may
 * come later. The look after an interval finds its pages.
 *
 * Context: Task context, may sleep.
 */
void pcp_set_owners(bool on)
{
	if (on) {
		static_branch_enable(&pcp_owners);
		return;
	}
	static_branch_disable(&pcp_owners);
	pcp_return_all();
}

static bool pcp_owners_at_boot __initdata = true;

/*
 * Only noted: some architectures look at early parameters before jump_label_init(), and a
 * static key that is changed by then stays as it was in the code.
 */
static int __init pcp_owners_setup(char *str)
{
	if (!str)
		return -EINVAL;
	return kstrtobool(str, &pcp_owners_at_boot);
}
early_param("pcp_owners", pcp_owners_setup);

/* Before there is a second CPU. Nothing waits yet. */
static int __init pcp_owners_init(void)
{
	pcp_set_owners(pcp_owners_at_boot);
	return 0;
}
early_initcall(pcp_owners_init);

#ifdef CONFIG_DEBUG_FS
/* A read of the file in debugfs: 1 if owners are on, else 0. */
VISIBLE_IF_KUNIT int pcp_owners_get(void *data, u64 *on)
{
	*on = pcp_owners_on();
	return 0;
}

/* A write to it: 1 turns owners on, 0 off, which may sleep. */
VISIBLE_IF_KUNIT int pcp_owners_set(void *data, u64 on)
{
	if (on > 1)
		return -EINVAL;
	pcp_set_owners(on);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(pcp_owners_fops, pcp_owners_get, pcp_owners_set, "%llu\n");

static int __init pcp_owners_debugfs(void)
{
	debugfs_create_file_unsafe("pcp_owners", 0644, NULL, NULL, &pcp_owners_fops);
	return 0;
}
late_initcall(pcp_owners_debugfs);
#endif
