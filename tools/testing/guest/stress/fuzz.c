// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzz: processes of some threads each, which make the calls that draw.c draws, on
 * one arena for the threads of a process. So calls meet on the same pages, locks and
 * page tables. A thread ends at times, and starts the next one before that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

/* Far from all that the kernel places by itself: no call reaches other memory. */
#define ARENA_ADDRESS	((char *)0x100000000000UL)
/* Calls of a child, and children of a process at a time. */
enum { CHILD_CALLS = 16, MOST_CHILDREN = 8 };
/* Workers of a child have numbers of their own. */
enum { CHILD_WORKERS = 1 << 20 };
/* How long a look for faults and for the end takes, in milliseconds. */
enum { TICK = 100 };

char *arena;
int uffd = -1;
unsigned int fuzz_process;

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t guarded;
static atomic_int children;
/* userfaultfd puts this in the place of a page. */
static uint64_t filled[WORDS] __attribute__((aligned(PAGE)));

struct worker {
	uint64_t number, step;
};

static struct worker workers[FUZZ_THREADS];

int fuzz_processes(void)
{
	return nr_cpus / 2 ? nr_cpus / 2 : 1;
}

void fuzz_count(enum fuzz_kind kind, int done)
{
	atomic_fetch_add_explicit(&shared->fuzz_tried[kind], 1, memory_order_relaxed);
	if (done)
		atomic_fetch_add_explicit(&shared->fuzz_done[kind], 1, memory_order_relaxed);
}

/* A page may be gone, protected, guarded or bad at any time: that is no error. */
static void on_fault(int number)
{
	(void)number;
	if (guarded)
		siglongjmp(back, 1);
	errno = EFAULT;
	error("a fault outside of what the fuzz may touch");
	_exit(1);
}

/* Each a function of its own, as nothing that it keeps may have to outlive the jump. */
int fuzz_poke(volatile uint64_t *p, uint64_t word)
{
	if (sigsetjmp(back, 0)) {
		guarded = 0;
		return 0;
	}
	guarded = 1;
	p[0] = word;
	p[WORDS / 2] = word;
	guarded = 0;
	return 1;
}

int fuzz_peek(const volatile uint64_t *p, uint64_t *first, uint64_t *middle)
{
	if (sigsetjmp(back, 0)) {
		guarded = 0;
		return 0;
	}
	guarded = 1;
	*first = p[0];
	*middle = p[WORDS / 2];
	guarded = 0;
	return 1;
}

/* SIGBUS comes to whoever poisons a page by madvise(): it has succeeded then. */
int fuzz_poison_page(char *page, int advice)
{
	int ret;

	if (sigsetjmp(back, 0)) {
		guarded = 0;
		return 1;
	}
	guarded = 1;
	ret = madvise(page, PAGE, advice);
	guarded = 0;
	return !ret;
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		atomic_fetch_sub(&children, 1);
}

/* The child makes calls of its own on its copy of the arena, and exits. */
int fuzz_fork(const struct fuzz_call *c, uint64_t worker, uint64_t step)
{
	unsigned int calls = c->arg[0] % CHILD_CALLS;
	int pid;

	if (atomic_fetch_add(&children, 1) >= MOST_CHILDREN) {
		atomic_fetch_sub(&children, 1);
		return 0;
	}
	pid = fork();
	if (pid) {
		if (pid < 0)
			atomic_fetch_sub(&children, 1);
		return pid > 0;
	}
	uffd = -1;
	for (unsigned int i = 0; i < calls && !stopped(); i++) {
		struct fuzz_call mine;

		fuzz_draw(&mine, seed, CHILD_WORKERS + worker, step * CHILD_CALLS + i);
		if (mine.kind != F_FORK && mine.kind != F_EXIT)
			fuzz_count(mine.kind, fuzz_do(&mine));
	}
	_exit(0);
}

static void *work(void *data);

static int start_thread(struct worker *w)
{
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 32 * PAGE);
	ret = pthread_create(&thread, &attr, work, w);
	pthread_attr_destroy(&attr);
	return ret;
}

static void *work(void *data)
{
	struct worker *w = data;
	struct fuzz_call c;

	while (!stopped()) {
		uint64_t step = w->step++;

		fuzz_draw(&c, seed, w->number, step);
		if (c.kind == F_FORK) {
			fuzz_count(c.kind, fuzz_fork(&c, w->number, step));
		} else if (c.kind == F_EXIT) {
			/* With no memory for another thread, this one goes on. */
			int started = !start_thread(w);

			fuzz_count(c.kind, started);
			if (started)
				break;
		} else {
			fuzz_count(c.kind, fuzz_do(&c));
		}
	}
	return NULL;
}

static void open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	uint64_t events = UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP |
			  UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP;

	if (fd < 0)
		return;
	/* This asks what the kernel has, and a second one for that. Events block their task. */
	if (ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		return;
	}
	close(fd);
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	api.features &= ~(events | UFFD_FEATURE_SIGBUS);
	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		fd = -1;
	}
	uffd = fd;
}

/* Resolve a fault. If that cannot be done the page is unregistered, so that nobody waits. */
static void resolve(const struct uffd_msg *msg)
{
	uint64_t start = msg->arg.pagefault.address & ~(PAGE - 1);
	struct uffdio_range range = { .start = start, .len = PAGE };
	int ret;

	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
		struct uffdio_writeprotect wp = { .range = range };

		ret = ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
	} else if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR) {
		struct uffdio_continue cont = { .range = range };

		ret = ioctl(uffd, UFFDIO_CONTINUE, &cont);
	} else {
		struct uffdio_copy copy = { .dst = start, .src = (uintptr_t)filled, .len = PAGE };

		ret = ioctl(uffd, UFFDIO_COPY, &copy);
	}
	if (ret && errno != EEXIST)
		ioctl(uffd, UFFDIO_UNREGISTER, &range);
	ioctl(uffd, UFFDIO_WAKE, &range);
}

static void resolve_all(void)
{
	struct pollfd fds = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	/* A negative fd is only a way to wait. */
	if (poll(&fds, 1, TICK) <= 0)
		return;
	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg))
		if (msg.event == UFFD_EVENT_PAGEFAULT)
			resolve(&msg);
}

/* Workers first_worker and so on, as threads of this process, until the end. */
void fuzz_run(unsigned int number, uint64_t first_worker)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	fuzz_process = number;
	filled[0] = FUZZ_MARK << 32;
	filled[WORDS / 2] = filled[0];
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	arena = mmap(ARENA_ADDRESS, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (arena == MAP_FAILED) {
		error("no arena for the fuzz");
		return;
	}
	open_uffd();
	for (int i = 0; i < FUZZ_THREADS; i++) {
		workers[i].number = first_worker + i;
		errno = start_thread(&workers[i]);
		if (errno)
			error("no thread for the fuzz");
	}
	while (!stopped()) {
		resolve_all();
		reap();
	}
	/* A thread that waits for a fault ends with the process. */
}
