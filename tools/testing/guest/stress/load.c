// SPDX-License-Identifier: GPL-2.0
/*
 * The workers: they allocate pages on one CPU and free them on another. Each call of
 * their functions is one iteration.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

const char *const worker_names[NR_WORKERS] = {
	"anon", "cache", "fork", "pipe", "socket", "threads", "thp", "hugetlb",
	"mlock", "migrate", "pressure",
};

static void check(const char *p, size_t size, char with)
{
	for (size_t i = 0; i < size; i += PAGE) {
		if (p[i] != with) {
			errno = EIO;
			error("a page changed its contents");
			return;
		}
	}
}

static void do_anon(uint64_t *r)
{
	size_t size = (1 + rnd(r) % 64) * PAGE;
	char *p = map(size, 0);

	if (p == MAP_FAILED)
		return;
	touch(p, size, 5);
	/* Freed on another CPU than the one that allocated it. */
	pin(rnd(r));
	check(p, size, 5);
	munmap(p, size);
}

static void do_cache(uint64_t *r)
{
	static char data[16 * PAGE];
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/tmp/f%d.%d", getpid(), (int)(rnd(r) % 4));
	fd = open(name, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return;
	for (unsigned int i = rnd(r) % 8; i; i--)
		if (write(fd, data, sizeof(data)) < 0)
			break;
	lseek(fd, 0, SEEK_SET);
	if (read(fd, data, sizeof(data)) < 0)
		error("read");
	pin(rnd(r));
	if (rnd(r) % 2)
		unlink(name);
	else if (ftruncate(fd, 0))
		error("ftruncate");
	close(fd);
}

static void do_fork(uint64_t *r)
{
	int pid = fork(), status;

	if (!pid) {
		pin(rnd(r));
		if (rnd(r) % 4 == 0)
			execl("/init", "/init", "exit", NULL);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
}

static void do_pipe(uint64_t *r)
{
	static int fds[2] = { -1, -1 };
	static char data[16 * PAGE];

	if (fds[0] < 0 && pipe2(fds, O_NONBLOCK))
		return;
	if (write(fds[1], data, sizeof(data)) < 0 && errno != EAGAIN)
		error("write to a pipe");
	pin(rnd(r));
	while (read(fds[0], data, sizeof(data)) > 0)
		;
}

static void do_socket(uint64_t *r)
{
	static int fds[2] = { -1, -1 };
	static char data[8 * PAGE];

	if (fds[0] < 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
		return;
	if (send(fds[1], data, sizeof(data), 0) < 0 && errno != EAGAIN &&
	    errno != ENOBUFS)
		error("send");
	pin(rnd(r));
	while (recv(fds[0], data, sizeof(data), 0) > 0)
		;
}

struct area {
	char *p;
	size_t size;
	unsigned int cpu;
};

static void *free_area(void *data)
{
	struct area *a = data;

	pin(a->cpu);
	check(a->p, a->size, 7);
	munmap(a->p, a->size);
	return NULL;
}

/* A purger thread, as allocators in userland have them. */
static void do_threads(uint64_t *r)
{
	struct area a = { .size = (1 + rnd(r) % 128) * PAGE, .cpu = rnd(r) };
	pthread_t thread;

	a.p = map(a.size, 0);
	if (a.p == MAP_FAILED)
		return;
	touch(a.p, a.size, 7);
	if (pthread_create(&thread, NULL, free_area, &a)) {
		munmap(a.p, a.size);
		return;
	}
	pthread_join(thread, NULL);
}

static void do_thp(uint64_t *r)
{
	char *p = map(2 * HUGE, 0), *start;

	if (p == MAP_FAILED)
		return;
	start = (char *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	madvise(start, HUGE, MADV_HUGEPAGE);
	touch(start, HUGE, 9);
	pin(rnd(r));
	if (rnd(r) % 2)
		madvise(start, HUGE / 2, MADV_DONTNEED);
	munmap(p, 2 * HUGE);
	rest(5);
}

static void do_hugetlb(uint64_t *r)
{
	char *p;

	/* Only what the scheduler has put into the pool. */
	p = map(HUGE, MAP_HUGETLB);
	if (p != MAP_FAILED) {
		p[rnd(r) % HUGE] = 1;
		pin(rnd(r));
		munmap(p, HUGE);
	}
	rest(10);
}

static void do_mlock(uint64_t *r)
{
	size_t size = (1 + rnd(r) % 32) * PAGE;
	char *p = map(size, 0);

	if (p == MAP_FAILED)
		return;
	if (!mlock(p, size))
		pin(rnd(r));
	munmap(p, size);
}

static void do_migrate(uint64_t *r)
{
	size_t size = (8 + rnd(r) % 64) * PAGE;
	unsigned long mask = 1UL << (rnd(r) % nr_nodes);
	char *p = map(size, 0);

	if (p == MAP_FAILED)
		return;
	touch(p, size, 3);
	syscall(SYS_mbind, p, size, MPOL_PREFERRED, &mask, 64UL, MPOL_MF_MOVE);
	check(p, size, 3);
	munmap(p, size);
	if (rnd(r) % 256 == 0) {
		put("/proc/sys/vm/compact_memory", "1");
		atomic_fetch_add(&shared->compactions, 1);
	}
}

/* A child takes more than there is: kswapd, direct reclaim, the OOM killer. */
static void do_pressure(uint64_t *r)
{
	int pid, status;

	rest(8000 + rnd(r) % 4000);
	if (stopped())
		return;
	pid = fork();
	if (!pid) {
		put("/proc/self/oom_score_adj", "1000");
		for (;;) {
			char *p = map(HUGE, 0);

			if (p == MAP_FAILED || stopped())
				_exit(0);
			touch(p, HUGE, 1);
		}
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		atomic_fetch_add(&shared->oom_kills, 1);
}

void (*const worker_fns[NR_WORKERS])(uint64_t *r) = {
	do_anon, do_cache, do_fork, do_pipe, do_socket, do_threads, do_thp,
	do_hugetlb, do_mlock, do_migrate, do_pressure,
};

/* The plain ones once for each CPU, the others once. */
int worker_copies(enum worker_id id)
{
	return id <= W_THREADS ? nr_cpus / 2 + 1 : 1;
}
