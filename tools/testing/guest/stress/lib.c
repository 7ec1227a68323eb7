// SPDX-License-Identifier: GPL-2.0
/* Needed by all parts of the guest: chance, time, messages, files, memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

struct shared *shared;
int nr_cpus, nr_nodes;
uint64_t seed;

uint64_t rnd(uint64_t *state)
{
	/* xorshift64*, so that a seed gives the same schedule everywhere. */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL;
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void rest(uint64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

int stopped(void)
{
	return atomic_load_explicit(&shared->stop, memory_order_relaxed);
}

/* A message of the level that the console shows, whole whoever else prints. */
void say(const char *fmt, ...)
{
	static const char head[] = "<4>stress: ";
	char text[256];
	va_list args;
	int fd, len;

	strcpy(text, head);
	va_start(args, fmt);
	len = vsnprintf(text + sizeof(head) - 1, sizeof(text) - sizeof(head), fmt, args);
	va_end(args);
	len += sizeof(head) - 1;
	if (len > (int)sizeof(text) - 1)
		len = sizeof(text) - 1;
	fd = open("/dev/kmsg", O_WRONLY);
	if (fd < 0 || write(fd, text, len) != len)
		fprintf(stderr, "%s\n", text + 3);
	if (fd >= 0)
		close(fd);
}

void error(const char *what)
{
	int why = errno;

	if (atomic_fetch_add(&shared->errors, 1) < 20)
		say("error %s: %s", what, strerror(why));
}

int put(const char *path, const char *fmt, ...)
{
	char text[128];
	va_list args;
	int fd, ret;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

long get(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	return strtol(text, NULL, 0);
}

/* A CPU that is unplugged at the moment is no error. */
void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % nr_cpus, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void *map(size_t size, int flags)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

void touch(char *p, size_t size, char with)
{
	for (size_t i = 0; i < size; i += PAGE)
		p[i] = with;
}
