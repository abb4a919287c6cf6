/* Tests in C: each is a function; a check that fails ends it, and the next one runs. */
#ifndef CHECK_H
#define CHECK_H

#include <agent_receipts.h>

typedef void (*test_function)(void);

struct test {
  const char *name;
  test_function run;
};

#define TEST(function) { #function, function }
#define END_OF_TESTS { NULL, NULL }

/* Ends the test that it stands in unless `truth` holds. Only on the thread that runs the tests. */
#define CHECK(truth) check_that((truth) != 0, #truth, __FILE__, __LINE__)
/* The same for the code of a call, whose words are shown when it is another one. */
#define CHECK_CODE(call, expected) check_code((call), (expected), #call, __FILE__, __LINE__)
#define CHECK_TEXT(text, expected) check_text((text), (expected), __FILE__, __LINE__)

void check_that(int truth, const char *what, const char *file, int line);
void check_code(ar_err code, ar_err expected, const char *what, const char *file, int line);
void check_text(const char *text, const char *expected, const char *file, int line);

/* The tests of each file. */
extern const struct test sending_tests[];
extern const struct test bad_input_tests[];
extern const struct test lifetime_tests[];
extern const struct test thread_tests[];
extern const struct test fork_tests[];
extern const struct test verifier_tests[];

#endif
