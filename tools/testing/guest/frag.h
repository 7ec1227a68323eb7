/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the two files of the guest of make frag QEMU=1.
 */
#ifndef FRAG_H
#define FRAG_H

#include <stddef.h>
#include <stdint.h>

#define PAGE		4096UL

/* CPUs, and which of the runs it is. */
extern long cpus, seed;

__attribute__((format(printf, 2, 3))) void say(const char *key, const char *format, ...);
__attribute__((noreturn)) void die(const char *what);

long number(const char *name, long otherwise);
void put(const char *path, const char *text);
void put_number(const char *path, long value);
long sum_of(const char *text, const char *word);
long memory_of(const char *word);
long free_pages(void);
void nap(long ms);
uint64_t random_of(uint64_t *state);
void start_phase(void);
void end_phase(void);

/* frag_over.c: the phases. */
void run_anon(void);
void run_oom(void);

#endif /* FRAG_H */
