// SPDX-License-Identifier: GPL-2.0
/*
 * The only program of make hibernate. It fills some memory, has the kernel write an image
 * of all memory to the disk and come back from that image (test_resume), looks whether its
 * memory is as it was, and runs each KUnit suite.
 *
 * It writes to the kernel's log, where the suites report, so that both are in order.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#define SUITES	"/sys/kernel/debug/kunit"
#define PAGE	4096
#define PAGES	16384
#define MAX	512

static void say(const char *format, ...)
{
	char line[256];
	va_list args;
	int fd;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fd = open("/dev/kmsg", O_WRONLY);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		puts(line);
	if (fd >= 0)
		close(fd);
}

static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	int failed;

	if (fd < 0)
		return -1;
	failed = write(fd, text, strlen(text)) < 0;
	close(fd);
	return failed ? -1 : 0;
}

static int step(int failed, const char *what)
{
	if (failed)
		say("hibernate: NOT ok, %s: %s", what, strerror(errno));
	return failed;
}

static unsigned int value(unsigned int page)
{
	return page * 2654435761u + 1;
}

static unsigned int *fill(void)
{
	unsigned int *memory = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i, j;

	if (memory == MAP_FAILED)
		return NULL;
	for (i = 0; i < PAGES; i++) {
		for (j = 0; j < PAGE / sizeof(*memory); j++)
			memory[i * (PAGE / sizeof(*memory)) + j] = value(i) ^ j;
	}
	return memory;
}

static unsigned int changed(const unsigned int *memory)
{
	unsigned int i, j, nr = 0;

	for (i = 0; i < PAGES; i++) {
		for (j = 0; j < PAGE / sizeof(*memory); j++) {
			if (memory[i * (PAGE / sizeof(*memory)) + j] == (value(i) ^ j))
				continue;
			nr++;
			break;
		}
	}
	return nr;
}

static int sleep_and_wake(void)
{
	unsigned int *memory, nr;

	if (step(swapon("/dev/vda", 0), "swapon") ||
	    step(put("/sys/power/disk", "test_resume"), "/sys/power/disk"))
		return -1;
	memory = fill();
	if (step(!memory, "memory") ||
	    step(put("/sys/power/state", "disk"), "/sys/power/state"))
		return -1;
	nr = changed(memory);
	if (nr)
		say("hibernate: NOT ok, %u of %u pages changed", nr, PAGES);
	else
		say("hibernate: ok, %u pages are as they were", PAGES);
	munmap(memory, (size_t)PAGES * PAGE);
	return nr ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

static void run_suites(void)
{
	static char *names[MAX];
	unsigned int nr = 0, i;
	struct dirent *entry;
	char file[512];
	DIR *dir = opendir(SUITES);

	while (dir && nr < MAX && (entry = readdir(dir))) {
		snprintf(file, sizeof(file), SUITES "/%.255s/run", entry->d_name);
		if (entry->d_name[0] != '.' && !access(file, W_OK))
			names[nr++] = strdup(entry->d_name);
	}
	qsort(names, nr, sizeof(*names), by_name);
	for (i = 0; i < nr; i++) {
		/* The kernel numbers it as the first one, each time. */
		say("KTAP version 1");
		say("1..1");
		snprintf(file, sizeof(file), SUITES "/%.255s/run", names[i]);
		step(put(file, "1"), file);
	}
}

int main(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (!sleep_and_wake())
		run_suites();
	reboot(RB_POWER_OFF);
	return 1;
}
