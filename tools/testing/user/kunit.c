// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the suites and prints KTAP.
 *
 *	pcp_user [GLOB]...
 *
 * GLOB is a suite, or suite.case; what matches an earlier one runs earlier.
 * Exit status: 0 passed, 1 failed, 2 nothing ran. With PCP_FAIL_FAST in the
 * environment the first failure ends the run, and with PCP_CPU_MS so many
 * milliseconds of processor time do.
 */
#include <kunit/test.h>
#include <linux/mm.h>

#define MAX_SUITES	32

static struct kunit_suite *suites[MAX_SUITES];
static unsigned int nr_suites;
static char suite_glob[128];
static const char *case_glob;
static bool fail_fast;
static const char *running = "";

void pcp_user_add_suite(struct kunit_suite *suite)
{
	if (nr_suites == MAX_SUITES)
		abort();
	suites[nr_suites++] = suite;
}

/* === Resources: memory, actions and stubs, given back in reverse order === */

struct resource {
	struct list_head list;
	kunit_action_t fn;
	void *data;
};

struct stub {
	struct list_head list;
	pcp_user_fn fn;
	pcp_user_fn stub;
};

int kunit_add_action(struct kunit *test, kunit_action_t fn, void *data)
{
	struct resource *r = malloc(sizeof(*r));

	r->fn = fn;
	r->data = data;
	list_add(&r->list, &test->resources);
	return 0;
}

static void end_action(struct kunit *test, kunit_action_t fn, const void *data,
		       bool call)
{
	struct resource *r;

	list_for_each_entry(r, &test->resources, list) {
		if (r->fn != fn || r->data != data)
			continue;
		list_del(&r->list);
		if (call)
			r->fn(r->data);
		free(r);
		return;
	}
	pcp_user_check(false, "no such action");
}

void kunit_remove_action(struct kunit *test, kunit_action_t fn, void *data)
{
	end_action(test, fn, data, false);
}

void kunit_release_action(struct kunit *test, kunit_action_t fn, void *data)
{
	end_action(test, fn, data, true);
}

void *kunit_kmalloc_array(struct kunit *test, size_t nr, size_t size, gfp_t gfp)
{
	void *ptr;

	/* Some have cache lines of their own. */
	if (posix_memalign(&ptr, 64, nr * size))
		return NULL;
	memset(ptr, 0, nr * size);
	kunit_add_action(test, free, ptr);
	return ptr;
}

/* Memory that is not zeroed has something in it. */
void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	void *ptr = kunit_kmalloc_array(test, 1, size, gfp);

	return ptr ? memset(ptr, 0xa5, size) : NULL;
}

void kunit_kfree(struct kunit *test, const void *ptr)
{
	if (ptr)
		end_action(test, free, ptr, true);
}

void pcp_user_stub(struct kunit *test, pcp_user_fn fn, pcp_user_fn stub)
{
	struct stub *s;

	list_for_each_entry(s, &test->stubs, list) {
		if (s->fn == fn) {
			s->stub = stub;
			return;
		}
	}
	s = malloc(sizeof(*s));
	s->fn = fn;
	s->stub = stub;
	list_add(&s->list, &test->stubs);
}

pcp_user_fn pcp_user_find_stub(pcp_user_fn fn)
{
	struct stub *s;

	if (!current->kunit_test)
		return NULL;
	list_for_each_entry(s, &current->kunit_test->stubs, list) {
		if (s->fn == fn)
			return s->stub;
	}
	return NULL;
}

static void cleanup(struct kunit *test)
{
	struct resource *r;
	struct stub *s;

	while ((r = list_first_entry_or_null(&test->resources, struct resource, list))) {
		list_del(&r->list);
		r->fn(r->data);
		free(r);
	}
	while ((s = list_first_entry_or_null(&test->stubs, struct stub, list))) {
		list_del(&s->list);
		free(s);
	}
}

/* === Results === */

void kunit_init_test(struct kunit *test, const char *name, void *log)
{
	memset(test, 0, sizeof(*test));
	test->name = name;
	INIT_LIST_HEAD(&test->resources);
	INIT_LIST_HEAD(&test->stubs);
}

void kunit_set_failure(struct kunit *test)
{
	WRITE_ONCE(test->status, KUNIT_FAILURE);
}

void kunit_info(struct kunit *test, const char *fmt, ...)
{
	va_list args;

	printf("    # %s: ", test->name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

void pcp_user_skip(struct kunit *test, int line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(test->why, sizeof(test->why), fmt, args);
	va_end(args);
	test->status = KUNIT_SKIPPED;
	longjmp(test->abort, 1);
}

void pcp_user_failed(struct kunit *test, bool fatal, const char *file, int line,
		     const char *fmt, ...)
{
	va_list args;

	kunit_set_failure(test);
	printf("    # %s: %s FAILED at %s:%d\n    # ", test->name,
	       fatal ? "ASSERTION" : "EXPECTATION", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	/* Only the thread of the test can leave it. */
	if (fatal && current->kunit_test == test)
		longjmp(test->abort, 1);
}

void pcp_user_complain(const char *file, int line, const char *what)
{
	struct kunit *test = current ? current->kunit_test : NULL;

	printf("    # %s: FAILED at %s:%d\n    # %s\n", running, file, line, what);
	if (test) {
		kunit_set_failure(test);
		return;
	}
	fflush(stdout);
	abort();
}

/* A fault ends the run, as it does in the kernel; say where it happened. */
static void fault(int sig)
{
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "\n    # %s: ended by signal %d\nBail out!\n", running, sig);

	if (len > 0 && write(STDOUT_FILENO, text, len) < 0)
		_exit(2);
	_exit(1);
}

/* === Runs === */

static enum kunit_status run_once(struct kunit_suite *suite, struct kunit_case *c,
				  const void *param, char *why)
{
	static struct kunit test;
	int depth = current->preempt;

	/* Each test is a thread of its own in the kernel. */
	set_cpus_allowed_ptr(current, cpumask_of(0));
	kunit_init_test(&test, c->name, NULL);
	test.param_value = param;
	current->kunit_test = &test;
	running = c->name;

	if (!setjmp(test.abort)) {
		if (suite->init && suite->init(&test))
			kunit_set_failure(&test);
		else
			c->run_case(&test);
		if (current->preempt != depth || current->irqs_off || current->rcu_depth)
			pcp_user_failed(&test, false, __FILE__, __LINE__,
					"the test ends pinned, locked, or as an RCU reader");
	}
	if (suite->exit && !setjmp(test.abort))
		suite->exit(&test);
	current->preempt = depth;
	current->irqs_off = 0;
	current->rcu_depth = 0;
	if (!setjmp(test.abort))
		cleanup(&test);
	current->kunit_test = NULL;
	strcpy(why, test.why);
	return test.status;
}

static void result(const char *indent, bool good, unsigned int nr, const char *name,
		   const char *why)
{
	printf("%s%sok %u %s%s%s\n", indent, good ? "" : "not ", nr, name,
	       *why ? " # SKIP " : "", why);
	fflush(stdout);
	if (fail_fast && !good)
		exit(1);
}

static enum kunit_status run_params(struct kunit_suite *suite, struct kunit_case *c)
{
	enum kunit_status worst = KUNIT_SKIPPED;
	unsigned int nr = 0;
	const void *param = NULL;
	char why[256];

	printf("        KTAP version 1\n        # Subtest: %s\n", c->name);
	for (;;) {
		char desc[KUNIT_PARAM_DESC_SIZE] = "";
		enum kunit_status status;

		param = c->generate_params(NULL, param, desc);
		if (!param)
			break;
		status = run_once(suite, c, param, why);
		result("        ", status != KUNIT_FAILURE, ++nr, desc, why);
		if (status == KUNIT_FAILURE)
			worst = status;
		else if (worst == KUNIT_SKIPPED)
			worst = status;
	}
	return worst;
}

static bool wanted(struct kunit_suite *suite, struct kunit_case *c)
{
	return !fnmatch(suite_glob, suite->name, 0) &&
	       (!case_glob || !fnmatch(case_glob, c->name, 0));
}

static unsigned int count_cases(struct kunit_suite *suite)
{
	struct kunit_case *c;
	unsigned int nr = 0;

	for (c = suite->test_cases; c->run_case; c++)
		nr += wanted(suite, c);
	return nr;
}

static bool run_suite(struct kunit_suite *suite, unsigned int index)
{
	struct kunit_case *c;
	unsigned int nr = 0;
	bool good = true;

	printf("    KTAP version 1\n    # Subtest: %s\n    1..%u\n", suite->name,
	       count_cases(suite));
	if (suite->suite_init && suite->suite_init(suite)) {
		printf("    # the init function of the suite failed\n");
		result("", false, index, suite->name, "");
		return false;
	}
	for (c = suite->test_cases; c->run_case; c++) {
		enum kunit_status status;
		char why[256] = "";

		if (!wanted(suite, c))
			continue;
		status = c->generate_params ? run_params(suite, c) :
					      run_once(suite, c, NULL, why);
		result("    ", status != KUNIT_FAILURE, ++nr, c->name, why);
		good &= status != KUNIT_FAILURE;
	}
	if (suite->suite_exit)
		suite->suite_exit(suite);
	result("", good, index, suite->name, "");
	return good;
}

/* Count the suites that match, or run them, each once. */
static unsigned int for_each_wanted(int argc, char **argv, bool *good)
{
	bool seen[MAX_SUITES] = {};
	unsigned int i, nr = 0;

	for (; argc--; argv++) {
		char *dot = strchr(*argv, '.');

		snprintf(suite_glob, sizeof(suite_glob), "%.*s",
			 (int)(dot ? dot - *argv : (long)strlen(*argv)), *argv);
		case_glob = dot ? dot + 1 : NULL;
		for (i = 0; i < nr_suites; i++) {
			if (seen[i] || !count_cases(suites[i]))
				continue;
			seen[i] = true;
			nr++;
			if (good)
				*good &= run_suite(suites[i], nr);
		}
	}
	return nr;
}

/* Things that are broken on purpose may never end. */
static void limit_time(void)
{
	const char *ms = getenv("PCP_CPU_MS");
	struct itimerval limit = {};

	if (!ms)
		return;
	limit.it_value.tv_sec = atoi(ms) / 1000;
	limit.it_value.tv_usec = atoi(ms) % 1000 * 1000;
	setitimer(ITIMER_PROF, &limit, NULL);
}

int main(int argc, char **argv)
{
	static struct task_struct init;
	static char *all[] = { "*" };
	unsigned int nr = 0;
	bool good = true;

	argc--;
	argv++;
	if (!argc) {
		argc = 1;
		argv = all;
	}
	fail_fast = getenv("PCP_FAIL_FAST");
	limit_time();
	pcp_user_attach(&init, 0);
	pcp_user_memory_init();
	/* Sanitizers say more than this. */
	if (!strcmp(__stringify(PCP_USER_KIND), "plain")) {
		signal(SIGSEGV, fault);
		signal(SIGBUS, fault);
		signal(SIGFPE, fault);
		signal(SIGABRT, fault);
	}

	nr = for_each_wanted(argc, argv, NULL);
	printf("KTAP version 1\n1..%u\n", nr);
	for_each_wanted(argc, argv, &good);
	return !nr ? 2 : !good;
}
