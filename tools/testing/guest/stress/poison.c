// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that goes bad. A page is poisoned by madvise() or taken offline, while it is mapped
 * or just after it was freed, and most are given back soon. All others are given back at the
 * end, or when their block is about to be unplugged: a block with a bad page stays away.
 *
 * The memory is not that of the arena, where the page could be one that all share.
 *
 * A page that somebody else holds isolated is marked as bad, and the kernel does no more: at
 * its last put it is not freed, as it is bad. When its mark is taken off then it is neither
 * bad nor free, and its block can never go. So such pages keep their marks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

/* Of glibc, MADV_HWPOISON alone is there. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define POISON_LOCK	"/poison.lock"
#define UNPOISON	"/sys/kernel/debug/hwpoison/unpoison-pfn"
#define SOFT_OFFLINE	"/sys/devices/system/memory/soft_offline_page"
#define PRESENT		(1UL << 63)
#define PFN_MASK	((1UL << 55) - 1)
#define KPF_HWPOISON	(1UL << 19)

enum { FILLED = 11 };

/* Shared to poison, exclusive to unplug memory; it goes away with its process. */
int poison_lock(int how)
{
	int fd = open(POISON_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && flock(fd, how)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void poison_unlock(int fd)
{
	if (fd < 0)
		return;
	/* A child may have it open, too. */
	flock(fd, LOCK_UN);
	close(fd);
}

static int is_given_up(unsigned long pfn)
{
	unsigned int nr = atomic_load(&shared->nr_given_up);

	for (unsigned int i = 0; i < nr && i < NR_GIVEN_UP; i++)
		if (atomic_load(&shared->given_up[i]) == pfn)
			return 1;
	return 0;
}

static void give_up(unsigned long pfn)
{
	unsigned int i;

	if (is_given_up(pfn))
		return;
	i = atomic_fetch_add(&shared->nr_given_up, 1);
	if (i < NR_GIVEN_UP)
		atomic_store(&shared->given_up[i], pfn);
	else
		error("too many pages stay bad");
}

static int unpoison_page(unsigned long pfn)
{
	int done;

	if (is_given_up(pfn))
		return 0;
	done = !put(UNPOISON, "%lu", pfn);
	fuzz_count(F_UNPOISON, done);
	return done;
}

static int is_bad(unsigned long pfn)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, &flags, sizeof(flags), pfn * sizeof(flags)) != sizeof(flags))
		flags = 0;
	close(fd);
	return !!(flags & KPF_HWPOISON);
}

/* Give back all bad pages of a range; returns how many stay. */
long unpoison(unsigned long pfn, unsigned long nr)
{
	static uint64_t flags[PAGE];
	int fd = open("/proc/kpageflags", O_RDONLY);
	long stay = 0;

	while (fd >= 0 && nr) {
		size_t want = (nr < PAGE ? nr : PAGE) * sizeof(*flags);
		ssize_t got = pread(fd, flags, want, pfn * sizeof(*flags));

		if (got <= 0)
			break;
		for (size_t i = 0; i < got / sizeof(*flags); i++)
			if (flags[i] & KPF_HWPOISON && !unpoison_page(pfn + i))
				stay++;
		pfn += got / sizeof(*flags);
		nr -= got / sizeof(*flags);
	}
	if (fd >= 0)
		close(fd);
	return stay;
}

static unsigned long pfn_of(const char *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), (uintptr_t)p / PAGE * sizeof(entry)) < 0)
		entry = 0;
	close(fd);
	return entry & PRESENT ? entry & PFN_MASK : 0;
}

/*
 * Memory of that kind with something in it; *all is how much is mapped. No huge page goes
 * bad for good: if it cannot be split, the kernel loses all of it at its next allocation.
 */
static char *bad_memory(uint32_t kind, int soft, size_t *all)
{
	char *p;

	kind = soft || kind % 4 != 1 ? kind : 0;
	*all = (kind % 4 == 1 ? 2 * HUGE_PAGES : 8) * PAGE;
	p = mmap(NULL, *all, PROT_READ | PROT_WRITE, MAP_ANONYMOUS |
		 (kind % 4 == 2 ? MAP_SHARED : MAP_PRIVATE), -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	switch (kind % 4) {
	case 1:
		madvise(p, *all, MADV_HUGEPAGE);
		break;
	case 3:
		mlock(p, *all);
	}
	touch(p, *all, FILLED);
	return p;
}

/* A page that was free a moment ago, and may be on any list of free pages now. */
static int offline_freed(char *p, size_t all, unsigned long pfn)
{
	munmap(p, all);
	return !put(SOFT_OFFLINE, "0x%lx", pfn * PAGE);
}

static int poison_mapped(char *p, size_t all, char *page, unsigned long pfn, int soft)
{
	int done = fuzz_poison_page(page, soft ? MADV_SOFT_OFFLINE : MADV_HWPOISON);
	uint64_t first = 0, middle = 0;

	/* A page that goes offline is copied first; a bad one is gone. */
	if (fuzz_peek((void *)page, &first, &middle) && (char)first != FILLED) {
		errno = EIO;
		error("a page changed its contents when it went offline");
	}
	if (!done && is_bad(pfn))
		give_up(pfn);
	munmap(p, all);
	return done;
}

int fuzz_poison(const struct fuzz_call *c)
{
	int soft = c->kind == F_SOFT_OFFLINE, lock = poison_lock(LOCK_SH | LOCK_NB), done = 0;
	unsigned long pfn;
	size_t all;
	char *p;

	if (lock < 0)
		return 0;
	p = bad_memory(c->arg[0], soft, &all);
	if (p) {
		char *page = p + c->arg[1] % (all / PAGE) * PAGE;

		pfn = pfn_of(page);
		if (!pfn)
			munmap(p, all);
		else if (soft && c->arg[2] % 2)
			done = offline_freed(p, all, pfn);
		else
			done = poison_mapped(p, all, page, pfn, soft);
		if (done && c->arg[3] % 4)
			unpoison_page(pfn);
	}
	poison_unlock(lock);
	return done;
}
