/* Runs all tests, or those whose name holds the first argument; says how many as cargo does. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf end_of_test;

static void fail(const char *file, int line) {
  printf("  at %s:%d\n", file, line);
  longjmp(end_of_test, 1);
}

void check_that(int truth, const char *what, const char *file, int line) {
  if (!truth) {
    printf("  does not hold: %s\n", what);
    fail(file, line);
  }
}

void check_code(ar_err code, ar_err expected, const char *what, const char *file, int line) {
  if (code != expected) {
    ar_error last = AR_ERROR_INIT;
    const char *name = ar_error_name(code), *wanted = ar_error_name(expected);
    ar_last_error(&last);
    printf("  %s gave `%s`, not `%s` (%s)\n", what, name ? name : "?", wanted ? wanted : "?", last.message);
    fail(file, line);
  }
}

void check_text(const char *text, const char *expected, const char *file, int line) {
  if (strcmp(text, expected) != 0) {
    printf("  is `%s`\n not `%s`\n", text, expected);
    fail(file, line);
  }
}

int main(int count, char **arguments) {
  const struct test *const files[] = {sending_tests, bad_input_tests, lifetime_tests,
                                       thread_tests,  fork_tests,      verifier_tests};
  const char *wanted = count > 1 ? arguments[1] : "";
  volatile int passed = 0, failed = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (volatile size_t file = 0; file < sizeof files / sizeof *files; file++) {
    for (const struct test *volatile test = files[file]; test->name != NULL; test++) {
      if (strstr(test->name, wanted) == NULL) {
        continue;
      }
      if (setjmp(end_of_test) == 0) {
        test->run();
        passed++;
        printf("test %s ... ok\n", test->name);
      } else {
        failed++;
        printf("test %s ... FAILED\n", test->name);
      }
    }
  }
  printf("test result: %s. %d passed; %d failed; 0 ignored\n", failed ? "FAILED" : "ok", passed, failed);
  return failed != 0;
}
