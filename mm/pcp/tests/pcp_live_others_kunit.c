// SPDX-License-Identifier: GPL-2.0
/*
 * Others that keep something about pages, with the page allocator in use: readers of memory
 * dumps, allocation tags, guard pages.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/pgalloc_tag.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmcore_info.h>

#include "../../internal.h"
#include "../../page_alloc.h"
#include "../pcp.h"
#include "../zone.h"
#include "lib/live.h"

#define LIVE_OTHERS_PAGES	64

/* On CPU a: pages of order 0, from one line of this file. */
static long __maybe_unused live_others_fn(struct pcp_worker *w)
{
	struct live *lv = w->arg;

	for (lv->nr = 0; lv->nr < LIVE_OTHERS_PAGES; lv->nr++) {
		lv->pages[lv->nr] = alloc_page(lv->gfp);
		if (!lv->pages[lv->nr])
			break;
	}
	return lv->nr;
}

/* === Dumps === */

#ifdef CONFIG_VMCORE_INFO
/* A number of the text that a dump has, as a reader takes it. */
static bool live_vmcoreinfo_number(const char *name, long *value)
{
	char line[32];
	char *at;

	if (!vmcoreinfo_data)
		return false;
	at = strnstr((char *)vmcoreinfo_data, name, vmcoreinfo_size);
	if (!at)
		return false;
	strscpy(line, at + strlen(name), sizeof(line));
	*strchrnul(line, '\n') = '\0';
	return !kstrtol(line, 10, value);
}

/* A writer of dumps leaves out pages whose type has this in its highest byte. */
static bool live_dump_leaves_out(const struct page *page, long value)
{
	return (READ_ONCE(page->page_type) & 0xff000000) == (u32)value;
}

static void live_vmcoreinfo_has_the_page_type(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int i, out = 0;
	long value, buddy;

	KUNIT_ASSERT_TRUE(test, live_vmcoreinfo_number("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=",
						       &buddy));
	KUNIT_ASSERT_TRUE(test, live_vmcoreinfo_number("NUMBER(PAGE_PCP_BUDDY_MAPCOUNT_VALUE)=",
						       &value));
	KUNIT_EXPECT_NE(test, value, buddy);

	live_own(lv, LIVE_OTHERS_PAGES, false);
	for (i = 0; i < lv->nr; i++)
		out += live_dump_leaves_out(lv->pages[i], value);
	KUNIT_EXPECT_EQ(test, out, 0U);
	pcp_on_cpu(test, lv->a, live_free_fn, lv);
	for (i = 0; i < lv->nr; i++)
		out += live_dump_leaves_out(lv->pages[i], value);
	KUNIT_EXPECT_GE(test, out, lv->nr / 2);

	KUNIT_ASSERT_TRUE(test, live_waits(lv, LIVE_OTHERS_PAGES));
	for (i = 0, out = 0; i < lv->nr; i++)
		out += live_dump_leaves_out(lv->pages[i], value);
	KUNIT_EXPECT_GE(test, out, lv->nr / 2);

	/* In the zone it has the other type again. */
	drain_all_pages(NULL);
	for (i = 0, out = 0; i < lv->nr; i++)
		out += PageBuddy(lv->pages[i]) && live_dump_leaves_out(lv->pages[i], value);
	KUNIT_EXPECT_EQ(test, out, 0U);
}
#else
static void live_vmcoreinfo_has_the_page_type(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_VMCORE_INFO");
}
#endif

/* === Allocation tags === */

#ifdef CONFIG_MEM_ALLOC_PROFILING
/* The line has what is in use, not what waits or is cached; /proc/allocinfo shows it. */
static void live_tag_counts_pages_in_use(struct kunit *test)
{
	struct live *lv = test->priv;
	struct alloc_tag *tag;
	struct page *page;
	unsigned int i;

	if (!mem_alloc_profiling_enabled())
		kunit_skip(test, "memory allocation profiling is off");
	for (i = 0; i < 2; i++) {
		live_own(lv, 1, false);
		__free_page(lv->pages[0]);
		KUNIT_ASSERT_EQ(test, pcp_on_cpu(test, lv->a, live_others_fn, lv),
				LIVE_OTHERS_PAGES);
		tag = pgalloc_tag_get(lv->pages[0]);
		KUNIT_ASSERT_NOT_NULL(test, tag);
		KUNIT_EXPECT_NOT_NULL(test, strstr(tag->ct.filename, "pcp_live_others_kunit"));
		KUNIT_EXPECT_STREQ(test, tag->ct.function, "live_others_fn");
		KUNIT_EXPECT_EQ(test, alloc_tag_read(tag).bytes, lv->nr * PAGE_SIZE);
		pcp_on_cpu(test, i ? lv->a : lv->b, live_free_fn, lv);
		KUNIT_EXPECT_EQ(test, alloc_tag_read(tag).bytes, 0ULL);
		KUNIT_EXPECT_EQ(test, alloc_tag_read(tag).calls, 0ULL);
	}

	/* The next user of the page has a tag of its own. */
	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_NOT_NULL(test, pgalloc_tag_get(page));
	KUNIT_EXPECT_PTR_NE(test, pgalloc_tag_get(page), tag);
	__free_page(page);
	live_check(test);
}
#else
static void live_tag_counts_pages_in_use(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_MEM_ALLOC_PROFILING");
}
#endif

/* === Guard pages === */

#ifdef CONFIG_DEBUG_PAGEALLOC
static struct page *live_neighbour(struct page *page)
{
	return page + ((page_to_pfn(page) ^ 1) - page_to_pfn(page));
}

/* The other half of the page that was split is nobody's. A write to it faults. */
static void live_page_has_a_guard_beside_it(struct kunit *test)
{
	struct live *lv = test->priv;
	unsigned int i, guards = 0, shared = 0, written = 0;

	if (!debug_guardpage_enabled())
		kunit_skip(test, "needs debug_pagealloc=on debug_guardpage_minorder=1");
	drain_all_pages(NULL);
	KUNIT_ASSERT_EQ(test, pcp_on_cpu(test, lv->a, live_others_fn, lv), LIVE_OTHERS_PAGES);
	for (i = 0; i < lv->nr; i++) {
		struct page *next = live_neighbour(lv->pages[i]);
		char byte = 1;

		shared += live_is_own(lv, next);
		if (!page_is_guard(next))
			continue;
		guards++;
		/* UML cannot take a page's mapping away. */
		if (!IS_ENABLED(CONFIG_UML) && !PageHighMem(next))
			written += !copy_to_kernel_nofault(page_address(next), &byte, 1);
	}
	kunit_info(test, "%u of %u pages have a guard\n", guards, lv->nr);
	KUNIT_EXPECT_GE(test, guards, lv->nr / 2);
	KUNIT_EXPECT_EQ(test, shared, 0U);
	KUNIT_EXPECT_EQ(test, written, 0U);
	for (i = 0; i < lv->nr; i++)
		__free_page(lv->pages[i]);
	live_check(test);
}
#else
static void live_page_has_a_guard_beside_it(struct kunit *test)
{
	kunit_skip(test, "needs CONFIG_DEBUG_PAGEALLOC");
}
#endif

static struct kunit_case live_others_cases[] = {
	KUNIT_CASE(live_vmcoreinfo_has_the_page_type),
	KUNIT_CASE(live_tag_counts_pages_in_use),
	KUNIT_CASE(live_page_has_a_guard_beside_it),
	{}
};

static struct kunit_suite live_others_suite = {
	.name = "pcp_live_others",
	.init = live_init,
	.test_cases = live_others_cases,
};

kunit_test_suite(live_others_suite);
