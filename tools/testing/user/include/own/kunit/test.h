/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of KUnit as the suites of mm/pcp/ use, so that they compile
 * unchanged. kunit.c runs them, and prints KTAP.
 */
#ifndef __PCP_USER_KUNIT_H
#define __PCP_USER_KUNIT_H

#include <linux/list.h>
#include <linux/sched.h>

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE,
	KUNIT_SKIPPED,
};

#define KUNIT_PARAM_DESC_SIZE	128

/**
 * struct kunit - a test that runs
 * @name: its name
 * @priv: for the suite
 * @param_value: the parameter of this run
 * @status: its result so far
 */
struct kunit {
	const char *name;
	void *priv;
	const void *param_value;
	enum kunit_status status;
	/* private: */
	char why[256];
	struct list_head resources;
	struct list_head stubs;
	jmp_buf abort;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(struct kunit *test, const void *prev,
				       char *desc);
};

struct kunit_suite {
	const char *name;
	int (*suite_init)(struct kunit_suite *suite);
	void (*suite_exit)(struct kunit_suite *suite);
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(fn)			{ .run_case = fn, .name = #fn }
#define KUNIT_CASE_SLOW(fn)		KUNIT_CASE(fn)
#define KUNIT_CASE_PARAM(fn, gen)					\
	{ .run_case = fn, .name = #fn, .generate_params = gen }

#define KUNIT_ARRAY_PARAM_DESC(name, array, desc_member)		\
static const void *name##_gen_params(struct kunit *test,		\
				     const void *prev, char *desc)	\
{									\
	typeof((array)[0]) *next = prev ?				\
		(typeof(next))prev + 1 : (array);			\
									\
	if (next - (array) >= (long)ARRAY_SIZE(array))			\
		return NULL;						\
	strncpy(desc, next->desc_member, KUNIT_PARAM_DESC_SIZE - 1);	\
	return next;							\
}

void pcp_user_add_suite(struct kunit_suite *suite);

#define kunit_test_suites(suites...)					\
static void __attribute__((constructor)) pcp_user_add_suites(void)	\
{									\
	struct kunit_suite *all[] = { suites };				\
									\
	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)		\
		pcp_user_add_suite(all[i]);				\
}
#define kunit_test_suite(suite)	kunit_test_suites(&(suite))

#define kunit_get_current_test()	(current->kunit_test)
void kunit_init_test(struct kunit *test, const char *name, void *log);
void kunit_set_failure(struct kunit *test);
__printf(2, 3)
void kunit_info(struct kunit *test, const char *fmt, ...);
__printf(3, 4) __attribute__((__noreturn__))
void pcp_user_skip(struct kunit *test, int line, const char *fmt, ...);
#define kunit_skip(test, fmt...)	pcp_user_skip(test, __LINE__, fmt)

/* Memory and actions, given back in reverse order. */
typedef void (*kunit_action_t)(void *data);
void *kunit_kmalloc_array(struct kunit *test, size_t nr, size_t size, gfp_t gfp);
void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp);
#define kunit_kzalloc(test, size, gfp)	kunit_kmalloc_array(test, 1, size, gfp)
#define kunit_kcalloc(test, nr, size, gfp)				\
	kunit_kmalloc_array(test, nr, size, gfp)
void kunit_kfree(struct kunit *test, const void *ptr);
int kunit_add_action(struct kunit *test, kunit_action_t fn, void *data);
#define kunit_add_action_or_reset(test, fn, data)			\
	kunit_add_action(test, fn, data)
void kunit_remove_action(struct kunit *test, kunit_action_t fn, void *data);
void kunit_release_action(struct kunit *test, kunit_action_t fn, void *data);

/* Static stubs act in the thread of the test. */
typedef void (*pcp_user_fn)(void);
void pcp_user_stub(struct kunit *test, pcp_user_fn fn, pcp_user_fn stub);
pcp_user_fn pcp_user_find_stub(pcp_user_fn fn);

#define kunit_activate_static_stub(test, fn, stub)			\
do {									\
	typeof(&(fn)) __stub = (stub);					\
									\
	pcp_user_stub(test, (pcp_user_fn)(fn), (pcp_user_fn)__stub);	\
} while (0)
#define kunit_deactivate_static_stub(test, fn)				\
	pcp_user_stub(test, (pcp_user_fn)(fn), NULL)

#define KUNIT_STATIC_STUB_REDIRECT(fn, args...)				\
do {									\
	typeof(&(fn)) __stub = (typeof(&(fn)))				\
		pcp_user_find_stub((pcp_user_fn)(fn));			\
									\
	if (unlikely(__stub))						\
		return __stub(args);					\
} while (0)

#define VISIBLE_IF_KUNIT
#define EXPORT_SYMBOL_IF_KUNIT(sym)

/* Expectations. */
__printf(5, 6)
void pcp_user_failed(struct kunit *test, bool fatal, const char *file, int line,
		     const char *fmt, ...);

#define __KUNIT(test, fatal, cond, what, fmt, ...)			\
do {									\
	if (unlikely(!(cond)))						\
		pcp_user_failed(test, fatal, __FILE__, __LINE__,	\
				what fmt, ##__VA_ARGS__);		\
} while (0)

#define __KUNIT_BINARY(test, fatal, left, op, right, l, r, fmt, ...)	\
do {									\
	const typeof(left) __left = (left);				\
	const typeof(right) __right = (right);				\
									\
	__KUNIT(test, fatal, __left op __right,				\
		"Expected %s " #op " %s, but they are %lld and %lld. ",	\
		fmt, l, r, (long long)__left,				\
		(long long)__right, ##__VA_ARGS__);			\
} while (0)

#define __KUNIT_POINTER(test, fatal, left, op, right, l, r, fmt, ...)	\
do {									\
	const void *__left = (left), *__right = (right);		\
									\
	__KUNIT(test, fatal, __left op __right,				\
		"Expected %s " #op " %s, but they are %p and %p. ",	\
		fmt, l, r, __left, __right, ##__VA_ARGS__);		\
} while (0)

#define __KUNIT_BOOL(test, fatal, cond, is, text, fmt, ...)		\
	__KUNIT(test, fatal, !!(cond) == (is),				\
		"Expected %s to be " #is ". ", fmt, text, ##__VA_ARGS__)

#define KUNIT_FAIL(test, fmt, ...)					\
	__KUNIT(test, false, false, "", fmt, ##__VA_ARGS__)
#define KUNIT_FAIL_AND_ABORT(test, fmt, ...)				\
	__KUNIT(test, true, false, "", fmt, ##__VA_ARGS__)

#define KUNIT_EXPECT_EQ(test, l, r)	__KUNIT_BINARY(test, false, l, ==, r, #l, #r, "")
#define KUNIT_EXPECT_EQ_MSG(test, l, r, fmt, ...)			\
	__KUNIT_BINARY(test, false, l, ==, r, #l, #r, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_NE(test, l, r)	__KUNIT_BINARY(test, false, l, !=, r, #l, #r, "")
#define KUNIT_EXPECT_LT(test, l, r)	__KUNIT_BINARY(test, false, l, <, r, #l, #r, "")
#define KUNIT_EXPECT_LE(test, l, r)	__KUNIT_BINARY(test, false, l, <=, r, #l, #r, "")
#define KUNIT_EXPECT_GT(test, l, r)	__KUNIT_BINARY(test, false, l, >, r, #l, #r, "")
#define KUNIT_EXPECT_GE(test, l, r)	__KUNIT_BINARY(test, false, l, >=, r, #l, #r, "")
#define KUNIT_ASSERT_EQ(test, l, r)	__KUNIT_BINARY(test, true, l, ==, r, #l, #r, "")
#define KUNIT_ASSERT_EQ_MSG(test, l, r, fmt, ...)			\
	__KUNIT_BINARY(test, true, l, ==, r, #l, #r, fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_LT(test, l, r)	__KUNIT_BINARY(test, true, l, <, r, #l, #r, "")
#define KUNIT_ASSERT_LE(test, l, r)	__KUNIT_BINARY(test, true, l, <=, r, #l, #r, "")
#define KUNIT_ASSERT_GT(test, l, r)	__KUNIT_BINARY(test, true, l, >, r, #l, #r, "")
#define KUNIT_EXPECT_PTR_EQ(test, l, r)	__KUNIT_POINTER(test, false, l, ==, r, #l, #r, "")
#define KUNIT_EXPECT_PTR_NE(test, l, r)	__KUNIT_POINTER(test, false, l, !=, r, #l, #r, "")
#define KUNIT_ASSERT_PTR_EQ(test, l, r)	__KUNIT_POINTER(test, true, l, ==, r, #l, #r, "")
#define KUNIT_EXPECT_NULL(test, p)				\
	__KUNIT_POINTER(test, false, p, ==, NULL, #p, "NULL", "")
#define KUNIT_ASSERT_NULL(test, p)	__KUNIT_POINTER(test, true, p, ==, NULL, #p, "NULL", "")
#define KUNIT_EXPECT_NOT_NULL(test, p)				\
	__KUNIT_POINTER(test, false, p, !=, NULL, #p, "NULL", "")
#define KUNIT_EXPECT_NOT_NULL_MSG(test, p, fmt, ...)			\
	__KUNIT_POINTER(test, false, p, !=, NULL, #p, "NULL", fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_NOT_NULL(test, p)	__KUNIT_POINTER(test, true, p, !=, NULL, #p, "NULL", "")
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p)				\
	__KUNIT_BOOL(test, true, IS_ERR_OR_NULL(p), false, "IS_ERR_OR_NULL(" #p ")", "")
#define KUNIT_EXPECT_TRUE(test, cond)	__KUNIT_BOOL(test, false, cond, true, #cond, "")
#define KUNIT_EXPECT_FALSE(test, cond)	__KUNIT_BOOL(test, false, cond, false, #cond, "")
#define KUNIT_EXPECT_FALSE_MSG(test, cond, fmt, ...)			\
	__KUNIT_BOOL(test, false, cond, false, #cond, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_TRUE_MSG(test, cond, fmt, ...)			\
	__KUNIT_BOOL(test, false, cond, true, #cond, fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_TRUE(test, cond)	__KUNIT_BOOL(test, true, cond, true, #cond, "")
#define KUNIT_ASSERT_FALSE(test, cond)	__KUNIT_BOOL(test, true, cond, false, #cond, "")

#endif
