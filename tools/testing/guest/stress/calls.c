// SPDX-License-Identifier: GPL-2.0
/*
 * The calls of the fuzz. The arguments are those that were drawn, and lie in the arena. Most
 * calls fail, as the memory there does not fit. Each function returns whether it succeeded.
 *
 * Each page that the fuzz writes says so, in two words. Another word where one of these
 * was is an error: the page has two users.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stress.h"

/* Newer than the headers of Debian 12. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL	102
#define MADV_GUARD_REMOVE	103
#endif
#ifndef UFFDIO_MOVE
struct uffdio_move {
	__u64 dst, src, len, mode;
	__s64 move;
};

#define UFFDIO_MOVE		_IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif
#ifndef UFFDIO_POISON
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};

#define UFFDIO_POISON		_IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif

#define AS_MANY(array)	(sizeof(array) / sizeof(*(array)))

enum { NR_MEMFDS = 4, MEMFD_PAGES = 600 };

/* Of the process. A file is closed by whoever takes its number out. */
static atomic_int memfds[NR_MEMFDS] = { -1, -1, -1, -1 };

static char *at(const struct fuzz_call *c)
{
	return arena + c->page * PAGE;
}

static size_t size_of(const struct fuzz_call *c)
{
	return c->pages * PAGE;
}

/* Another range of the arena of as many pages. */
static char *elsewhere(uint32_t arg, unsigned int pages)
{
	return arena + arg % (ARENA_PAGES - pages + 1) * PAGE;
}

static int do_write(const struct fuzz_call *c)
{
	uint64_t word = FUZZ_MARK << 32 | c->arg[0];
	int done = 0;

	if (!(c->arg[1] % 4))
		pin(c->arg[2]);
	for (unsigned int i = 0; i < c->pages; i++)
		done |= fuzz_poke((void *)(at(c) + i * PAGE), word);
	return done;
}

static int do_read(const struct fuzz_call *c)
{
	int done = 0;

	for (unsigned int i = 0; i < c->pages; i++) {
		uint64_t words[2] = { 0, 0 };

		done |= fuzz_peek((void *)(at(c) + i * PAGE), &words[0], &words[1]);
		for (int j = 0; j < 2; j++) {
			if (!words[j] || words[j] >> 32 == FUZZ_MARK)
				continue;
			errno = EIO;
			error("a page of the fuzz has what it did not write");
		}
	}
	return done;
}

static int memfd_of(uint32_t arg)
{
	return atomic_load(&memfds[arg % NR_MEMFDS]);
}

/*
 * No huge pages of the pool: if some are in use when the pool is emptied, and their
 * memory goes offline then, mm/hugetlb.c counts below 0 and gives no more.
 */
static int do_mmap(const struct fuzz_call *c)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
				     PROT_READ | PROT_WRITE | PROT_EXEC };
	static const int flags[] = {
		MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
		MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE,
		MAP_PRIVATE, MAP_SHARED, MAP_SHARED | MAP_POPULATE,
	};
	int flag = flags[c->arg[0] % AS_MANY(flags)], fd = -1;
	off_t offset = 0;

	if (!(flag & MAP_ANONYMOUS)) {
		fd = memfd_of(c->arg[1]);
		offset = c->arg[2] % MEMFD_PAGES * PAGE;
	}
	return mmap(at(c), size_of(c), prots[c->arg[3] % AS_MANY(prots)], flag | MAP_FIXED,
		    fd, offset) != MAP_FAILED;
}

static int do_munmap(const struct fuzz_call *c)
{
	return !munmap(at(c), size_of(c));
}

static int do_mremap(const struct fuzz_call *c)
{
	unsigned int pages = c->pages, room = ARENA_PAGES - c->page;
	size_t old = size_of(c);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	switch (c->arg[0] % 4) {
	case 0:
		/* Longer or shorter, where it is. */
		pages = 1 + c->arg[1] % room;
		flags = 0;
		break;
	case 1:
		pages = 1 + c->arg[1] % (2 * pages);
		if (pages > ARENA_PAGES)
			pages = ARENA_PAGES;
		break;
	case 2:
		flags |= MREMAP_DONTUNMAP;
		break;
	default:
		/* A second mapping of shared memory. */
		if (c->arg[1] % 4 == 0)
			old = 0;
	}
	/* It never places memory by itself. */
	return mremap(at(c), old, pages * PAGE, flags,
		      elsewhere(c->arg[2], pages)) != MAP_FAILED;
}

static int do_mprotect(const struct fuzz_call *c)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE, PROT_READ, PROT_READ, PROT_NONE,
				     PROT_READ | PROT_EXEC };

	return !mprotect(at(c), size_of(c), prots[c->arg[0] % AS_MANY(prots)]);
}

/*
 * All but MADV_HWPOISON and MADV_SOFT_OFFLINE, which are in poison.c, and MADV_WIPEONFORK:
 * in a child, an area that mremap() had moved and that is wiped keeps its old offset and
 * has no anon_vma, and mm/vma.h warns of that.
 */
static int do_madvise(const struct fuzz_call *c)
{
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
		MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
		MADV_DONTNEED_LOCKED, MADV_COLLAPSE, MADV_GUARD_INSTALL, MADV_GUARD_REMOVE,
	};

	return !madvise(at(c), size_of(c), advices[c->arg[0] % AS_MANY(advices)]);
}

static int do_mlock(const struct fuzz_call *c)
{
	if (c->arg[0] % 2)
		return !mlock(at(c), size_of(c));
	return !mlock2(at(c), size_of(c), MLOCK_ONFAULT);
}

static int do_munlock(const struct fuzz_call *c)
{
	return !munlock(at(c), size_of(c));
}

static int do_mbind(const struct fuzz_call *c)
{
	static const int modes[] = { MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE,
				     MPOL_LOCAL, MPOL_PREFERRED_MANY };
	static const int flags[] = { 0, MPOL_MF_MOVE, MPOL_MF_MOVE | MPOL_MF_STRICT,
				     MPOL_MF_MOVE_ALL };
	int mode = modes[c->arg[0] % AS_MANY(modes)];
	unsigned long mask = 1 + c->arg[1] % ((1UL << nr_nodes) - 1);
	int has_nodes = mode != MPOL_DEFAULT && mode != MPOL_LOCAL;

	return !syscall(SYS_mbind, at(c), size_of(c), mode, has_nodes ? &mask : NULL,
			has_nodes ? 64UL : 0UL, flags[c->arg[2] % AS_MANY(flags)]);
}

static int do_move_pages(const struct fuzz_call *c)
{
	enum { MOST = 16 };
	unsigned long nr = c->pages < MOST ? c->pages : MOST;
	int nodes[MOST], status[MOST], moves = c->arg[0] % 4;
	void *pages[MOST];

	for (unsigned int i = 0; i < nr; i++) {
		pages[i] = at(c) + c->pages / nr * i * PAGE;
		nodes[i] = (c->arg[1] >> i) % nr_nodes;
	}
	/* Without nodes it only says where they are. */
	return syscall(SYS_move_pages, 0, nr, pages, moves ? nodes : NULL, status,
		       moves == 1 ? MPOL_MF_MOVE_ALL : MPOL_MF_MOVE) >= 0;
}

static int do_migrate_pages(const struct fuzz_call *c)
{
	unsigned long all = (1UL << nr_nodes) - 1, from = 1 + c->arg[0] % all;
	unsigned long to = 1 + c->arg[1] % all;

	return syscall(SYS_migrate_pages, 0, 64UL, &from, &to) >= 0;
}

/* Another one in that place, of a length of its own. */
static int new_memfd(const struct fuzz_call *c)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING), old;

	if (fd < 0)
		return 0;
	if (ftruncate(fd, (1 + c->arg[3] % MEMFD_PAGES) * PAGE))
		error("ftruncate of a new memfd");
	old = atomic_exchange(&memfds[c->arg[1] % NR_MEMFDS], fd);
	if (old >= 0)
		close(old);
	return 1;
}

static int do_memfd(const struct fuzz_call *c)
{
	static const int seals[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE,
				     F_SEAL_FUTURE_WRITE };
	off_t from = c->arg[2] % MEMFD_PAGES * PAGE;
	int fd = memfd_of(c->arg[1]);

	switch (c->arg[0] % 8) {
	case 0:
	case 1:
		return new_memfd(c);
	case 2:
		fd = atomic_exchange(&memfds[c->arg[1] % NR_MEMFDS], -1);
		return fd >= 0 && !close(fd);
	case 3:
		return !ftruncate(fd, c->arg[3] % MEMFD_PAGES * PAGE);
	case 4:
		return !fallocate(fd, 0, from, size_of(c));
	case 5:
		return !fallocate(fd, FALLOC_FL_KEEP_SIZE, from, size_of(c));
	case 6:
		return !fcntl(fd, F_ADD_SEALS, seals[c->arg[3] % AS_MANY(seals)]);
	default:
		return !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
				  size_of(c));
	}
}

static int do_userfaultfd(const struct fuzz_call *c)
{
	static const uint64_t modes[] = {
		UFFDIO_REGISTER_MODE_MISSING, UFFDIO_REGISTER_MODE_WP,
		UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
		UFFDIO_REGISTER_MODE_MINOR,
	};
	/* One page that is a page of the fuzz, whichever thread wrote it. */
	static uint64_t source[WORDS] __attribute__((aligned(PAGE)));
	uint64_t start = (uintptr_t)at(c), other = (uintptr_t)elsewhere(c->arg[1], c->pages);
	struct uffdio_range range = { .start = start, .len = size_of(c) };
	union {
		struct uffdio_register reg;
		struct uffdio_copy copy;
		struct uffdio_zeropage zero;
		struct uffdio_writeprotect wp;
		struct uffdio_continue cont;
		struct uffdio_move move;
		struct uffdio_poison poison;
	} a = { 0 };

	source[0] = FUZZ_MARK << 32;
	source[WORDS / 2] = FUZZ_MARK << 32;
	switch (c->arg[0] % 12) {
	case 0:
	case 1:
	case 2:
		a.reg.range = range;
		a.reg.mode = modes[c->arg[2] % AS_MANY(modes)];
		return !ioctl(uffd, UFFDIO_REGISTER, &a.reg);
	case 3:
		return !ioctl(uffd, UFFDIO_UNREGISTER, &range);
	case 4:
	case 5:
		a.copy = (struct uffdio_copy){ .dst = start, .src = (uintptr_t)source,
					       .len = PAGE,
					       .mode = c->arg[2] % 2 ? UFFDIO_COPY_MODE_WP : 0 };
		return !ioctl(uffd, UFFDIO_COPY, &a.copy);
	case 6:
		a.zero.range = range;
		return !ioctl(uffd, UFFDIO_ZEROPAGE, &a.zero);
	case 7:
	case 8:
		a.wp.range = range;
		a.wp.mode = c->arg[2] % 2 ? UFFDIO_WRITEPROTECT_MODE_WP : 0;
		return !ioctl(uffd, UFFDIO_WRITEPROTECT, &a.wp);
	case 9:
		a.cont.range = range;
		return !ioctl(uffd, UFFDIO_CONTINUE, &a.cont);
	case 10:
		a.move = (struct uffdio_move){ .dst = other, .src = start, .len = size_of(c) };
		return !ioctl(uffd, UFFDIO_MOVE, &a.move);
	default:
		a.poison.range = (struct uffdio_range){ .start = start, .len = PAGE };
		return !ioctl(uffd, UFFDIO_POISON, &a.poison);
	}
}

static int do_process_madvise(const struct fuzz_call *c)
{
	static const int advices[] = { MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_COLLAPSE,
				       MADV_DONTNEED, MADV_FREE, MADV_GUARD_INSTALL,
				       MADV_GUARD_REMOVE };
	struct iovec ranges[FUZZ_ARGS];
	int fd = syscall(SYS_pidfd_open, getpid(), 0), ret;

	if (fd < 0)
		return 0;
	for (int i = 0; i < FUZZ_ARGS; i++)
		ranges[i] = (struct iovec){ .iov_base = elsewhere(c->arg[i], c->pages),
					    .iov_len = size_of(c) };
	ret = syscall(SYS_process_madvise, fd, ranges, 1 + c->arg[0] % FUZZ_ARGS,
		      advices[c->arg[1] % AS_MANY(advices)], 0) > 0;
	close(fd);
	return ret;
}

static int (*const calls[NR_FUZZ])(const struct fuzz_call *c) = {
	[F_WRITE] = do_write,
	[F_READ] = do_read,
	[F_MMAP] = do_mmap,
	[F_MUNMAP] = do_munmap,
	[F_MREMAP] = do_mremap,
	[F_MPROTECT] = do_mprotect,
	[F_MADVISE] = do_madvise,
	[F_MLOCK] = do_mlock,
	[F_MUNLOCK] = do_munlock,
	[F_MBIND] = do_mbind,
	[F_MOVE_PAGES] = do_move_pages,
	[F_MIGRATE_PAGES] = do_migrate_pages,
	[F_MEMFD] = do_memfd,
	[F_USERFAULTFD] = do_userfaultfd,
	[F_PROCESS_MADVISE] = do_process_madvise,
	[F_HWPOISON] = fuzz_poison,
	[F_SOFT_OFFLINE] = fuzz_poison,
};

int fuzz_do(const struct fuzz_call *c)
{
	return calls[c->kind](c);
}
