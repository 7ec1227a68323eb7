// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's functions that mm/pcp/ and its suites use, made from the C library:
 * threads, RCU, memory, small functions.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmstat.h>

char pcp_user_events[NR_CPUS * PCP_USER_STRIDE] __aligned(64);

const struct cpumask pcp_user_all_cpus = { (1UL << NR_CPUS) - 1 };
const struct cpumask pcp_user_one_cpu[NR_CPUS] = { { 1 }, { 2 }, { 4 }, { 8 } };

/* === Time === */

unsigned long pcp_user_jiffies(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * HZ + now.tv_nsec / (1000000000 / HZ);
}

/* === Text === */

int pcp_user_vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	const char *nested = strstr(fmt, "%pV");
	struct va_format *vaf;
	va_list copy;
	int head, body;

	if (!nested)
		return vsnprintf(buf, size, fmt, args);

	vaf = va_arg(args, struct va_format *);
	head = min_t(int, nested - fmt, size - 1);
	memcpy(buf, fmt, head);
	va_copy(copy, *vaf->va);
	body = vsnprintf(buf + head, size - head, vaf->fmt, copy);
	va_end(copy);
	if (head + body >= (int)size)
		return head + body;
	return head + body + (int)strlen(strncpy(buf + head + body, nested + 3,
						 size - head - body - 1));
}

int pcp_user_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = pcp_user_vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

void pcp_user_printk(const char *fmt, ...)
{
	char text[512] = "";
	va_list args;

	va_start(args, fmt);
	pcp_user_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printf("# %s%s", text, strchr(text, '\n') ? "" : "\n");
}

/* === Bits and numbers === */

void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (; nr--; start++)
		map[start / BITS_PER_LONG] |= 1UL << start % BITS_PER_LONG;
}

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (; nr--; start++)
		map[start / BITS_PER_LONG] &= ~(1UL << start % BITS_PER_LONG);
}

unsigned int bitmap_weight(const unsigned long *map, unsigned int nr)
{
	unsigned int i, weight = 0;

	for (i = 0; i < nr; i++)
		weight += map[i / BITS_PER_LONG] >> i % BITS_PER_LONG & 1;
	return weight;
}

unsigned int find_next_bit(const unsigned long *map, unsigned int size,
			   unsigned int from)
{
	while (from < size && !(map[from / BITS_PER_LONG] >> from % BITS_PER_LONG & 1))
		from++;
	return min(from, size);
}

void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	state->s = seed * 0x9e3779b97f4a7c15ULL | 1;
}

u32 prandom_u32_state(struct rnd_state *state)
{
	state->s ^= state->s << 13;
	state->s ^= state->s >> 7;
	state->s ^= state->s << 17;
	return state->s >> 32;
}

u32 get_random_u32(void)
{
	const char *seed = getenv("PCP_SEED");

	return seed ? strtoul(seed, NULL, 0) : 1;
}

/* === Memory === */

void *pcp_user_alloc_percpu(size_t size)
{
	void *ptr;

	if (size > PCP_USER_STRIDE ||
	    posix_memalign(&ptr, 64, (size_t)PCP_USER_STRIDE * NR_CPUS))
		return NULL;
	memset(ptr, 0, (size_t)PCP_USER_STRIDE * NR_CPUS);
	return ptr;
}

void free_percpu(void *ptr)
{
	free(ptr);
}

/* One area at a time: who needs more has to write more. */
static char *pcp_user_area;
static unsigned long pcp_user_area_size;

void *vzalloc(unsigned long size)
{
	size = ALIGN(size, PAGE_SIZE);
	if (pcp_user_area)
		return NULL;
	pcp_user_area = mmap(NULL, size + PAGE_SIZE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pcp_user_area == MAP_FAILED ||
	    mprotect(pcp_user_area, size, PROT_READ | PROT_WRITE))
		abort();
	pcp_user_area_size = size;
	return pcp_user_area;
}

void vfree(void *area)
{
	pcp_user_check(area == pcp_user_area, "vfree() of another area");
	munmap(area, pcp_user_area_size + PAGE_SIZE);
	pcp_user_area = NULL;
}

struct page *vmalloc_to_page(const void *addr)
{
	const char *p = addr;

	if (p >= pcp_user_area && p < pcp_user_area + pcp_user_area_size)
		return pcp_user_pages;
	return NULL;
}

/* === Threads === */

__thread struct task_struct *current;

/* All tasks that can be RCU readers; they are never taken off. */
static struct task_struct *pcp_user_tasks;
static unsigned long pcp_user_gp = 1;

/*
 * Often the thread that is waited for needs this processor, and who only
 * yields is soon back: now and then it sleeps.
 */
void cpu_relax(void)
{
	static __thread unsigned int nr;

	if (++nr % 16)
		sched_yield();
	else
		usleep(20);
}

/* A jiffy is ten milliseconds. */
long schedule_timeout_uninterruptible(long timeout)
{
	usleep(timeout * 10000);
	return 0;
}

void init_completion(struct completion *c)
{
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->cond, NULL);
	c->done = 0;
}

void complete(struct completion *c)
{
	pthread_mutex_lock(&c->mutex);
	c->done++;
	pthread_cond_broadcast(&c->cond);
	pthread_mutex_unlock(&c->mutex);
}

unsigned long wait_for_completion_timeout(struct completion *c,
					  unsigned long timeout)
{
	struct timespec end;
	int err = 0;

	/* Many threads may share few processors with other programs. */
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 10 * timeout / HZ;
	pthread_mutex_lock(&c->mutex);
	while (!c->done && err != ETIMEDOUT)
		err = timeout ? pthread_cond_timedwait(&c->cond, &c->mutex, &end) :
				pthread_cond_wait(&c->cond, &c->mutex);
	timeout = c->done ? max(timeout, 1UL) : 0;
	if (c->done)
		c->done--;
	pthread_mutex_unlock(&c->mutex);
	return timeout;
}

void pcp_user_attach(struct task_struct *task, int cpu)
{
	task->cpu = cpu;
	task->cpus_ptr = cpumask_of(cpu);
	current = task;
	do {
		task->next = __atomic_load_n(&pcp_user_tasks, __ATOMIC_ACQUIRE);
	} while (!try_cmpxchg(&pcp_user_tasks, &task->next, task));
}

static void *pcp_user_thread(void *data)
{
	struct task_struct *task = data;

	pcp_user_attach(task, task->cpu);
	if (!READ_ONCE(task->stop))
		task->fn(task->data);
	pcp_user_check(!task->preempt && !task->rcu_depth,
		       "a thread ends pinned, locked or as an RCU reader");
	complete(&task->exited);
	return NULL;
}

/* A small leak: who waits for readers may look at it at any time. */
void put_task_struct(struct task_struct *task)
{
	task->refs--;
}

struct task_struct *kthread_create_on_cpu(int (*fn)(void *data), void *data,
					  unsigned int cpu, const char *name)
{
	struct task_struct *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	init_completion(&task->exited);
	task->vfork_done = &task->exited;
	task->fn = fn;
	task->data = data;
	task->cpu = cpu;
	task->refs = 1;
	return task;
}

int wake_up_process(struct task_struct *task)
{
	if (task->started)
		return 0;
	task->started = true;
	if (pthread_create(&task->thread, NULL, pcp_user_thread, task))
		abort();
	pthread_detach(task->thread);
	return 1;
}

int kthread_stop(struct task_struct *task)
{
	WRITE_ONCE(task->stop, true);
	if (task->started)
		wait_for_completion(&task->exited);
	return 0;
}

bool kthread_should_stop(void)
{
	return READ_ONCE(current->stop);
}

int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask)
{
	task->cpu = cpumask_first(mask);
	task->cpus_ptr = cpumask_of(task->cpu);
	return 0;
}

/* === RCU: a reader notes the grace period that was on when it began === */

void rcu_read_lock(void)
{
	if (current->rcu_depth++)
		return;
	__atomic_store_n(&current->rcu_since,
			 __atomic_load_n(&pcp_user_gp, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	/* Pairs with the one in synchronize_rcu(). */
	smp_mb();
}

void rcu_read_unlock(void)
{
	pcp_user_check(current->rcu_depth > 0, "rcu_read_unlock() of no reader");
	if (!--current->rcu_depth)
		__atomic_store_n(&current->rcu_since, 0, __ATOMIC_RELEASE);
}

void synchronize_rcu(void)
{
	unsigned long now = __atomic_add_fetch(&pcp_user_gp, 1, __ATOMIC_SEQ_CST);
	struct task_struct *task;

	pcp_user_check(!current->rcu_depth && !current->preempt,
		       "synchronize_rcu() where it may not sleep");
	smp_mb();
	task = __atomic_load_n(&pcp_user_tasks, __ATOMIC_ACQUIRE);
	for (; task; task = task->next) {
		unsigned long since;

		while ((since = __atomic_load_n(&task->rcu_since,
						__ATOMIC_ACQUIRE)) &&
		       since < now)
			cpu_relax();
	}
	smp_mb();
}
