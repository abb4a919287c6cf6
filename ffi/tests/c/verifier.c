/* The verifier as it is shipped. Its verdicts are tested one by one in Rust (tests/verifier.rs). */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key that has signed nothing here: RFC 8032, test 1. */
static const char KEY[] = "-----BEGIN PUBLIC KEY-----\n"
                          "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                          "-----END PUBLIC KEY-----\n";

static ar_verifier given_verifier(void) {
  ar_verifier_config config = AR_VERIFIER_CONFIG_INIT;
  ar_verifier verifier = 0;
  config.public_key = ar_text_of(KEY);
  CHECK_CODE(ar_verifier_new(&config, &verifier, NULL), AR_OK);
  CHECK(verifier != 0 && verifier < (uint64_t)1 << 53);
  return verifier;
}

static const uint8_t *bytes(const char *text) { return (const uint8_t *)text; }

/* A file of the tests' data, ended by NUL; AR_TEST_DATA names the folder. */
static char *contents(const char *name) {
  const char *folder = getenv("AR_TEST_DATA");
  char path[512], *text = malloc(1 << 16);
  FILE *file;
  size_t length;
  CHECK(folder != NULL && text != NULL);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "rb");
  CHECK(file != NULL);
  length = fread(text, 1, (1 << 16) - 1, file);
  fclose(file);
  text[length] = '\0';
  return text;
}

/* A verifier that knows the keys of the tests' data. */
static ar_verifier knowing_verifier(void) {
  ar_verifier_config config = AR_VERIFIER_CONFIG_INIT;
  ar_verifier verifier = 0;
  char *published = contents("published.pem"), *earlier = contents("earlier.pem");
  config.public_key = ar_text_of(published);
  CHECK_CODE(ar_verifier_new(&config, &verifier, NULL), AR_OK);
  CHECK_CODE(ar_verifier_add_key(verifier, ar_text_of(earlier), AR_KEY_STANDING_EARLIER, NULL), AR_OK);
  free(published);
  free(earlier);
  return verifier;
}

static void receipts_as_lines_are_judged(void) {
  char *lines = contents("receipts.jsonl");
  for (int altered = 0; altered < 2; altered++) {
    ar_verifier verifier = knowing_verifier();
    ar_verdict verdict = AR_VERDICT_INIT;
    if (altered) {
      strstr(lines, "write_file")[0] = 'W';
    }
    CHECK_CODE(ar_verifier_observe(verifier, bytes(lines), strlen(lines), NULL), AR_OK);
    CHECK_CODE(ar_verifier_feed(verifier, bytes(lines), strlen(lines), NULL), AR_OK);
    CHECK_CODE(ar_verifier_finish(verifier, &verdict, NULL), altered ? AR_ERR_NOT_VALID : AR_OK);
    CHECK(verdict.chains == 3 && verdict.receipts == 9);
    CHECK(verdict.outcome == (altered ? AR_OUTCOME_BROKEN : AR_OUTCOME_VALID));
    CHECK_TEXT(verdict.reason, altered ? "bad_signature" : "");
    CHECK(verdict.broken_at == (altered ? 1 : -1));
    CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
  }
  free(lines);
}

static void a_database_is_judged(void) {
  ar_verifier verifier = knowing_verifier();
  ar_verdict verdict = AR_VERDICT_INIT;
  ar_error error = AR_ERROR_INIT;
  size_t length;
  char *json;
  ar_err code = ar_verifier_database(verifier, ar_text_of(getenv("AR_TEST_DATABASE")), &error);
  CHECK_TEXT(error.message, "");
  CHECK_CODE(code, AR_OK);
  CHECK_CODE(ar_verifier_finish(verifier, &verdict, NULL), AR_OK);
  CHECK(verdict.outcome == AR_OUTCOME_VALID && verdict.chains == 3 && verdict.receipts == 9);
  CHECK_CODE(ar_verifier_report_json(verifier, NULL, 0, &length, NULL), AR_ERR_BUFFER);
  json = malloc(length + 1);
  CHECK(json != NULL);
  CHECK_CODE(ar_verifier_report_json(verifier, json, length + 1, &length, NULL), AR_OK);
  CHECK(strncmp(json, "{\"valid\":true,\"receipts\":9,", 27) == 0);
  free(json);
  CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
}

static void null_is_an_error(void) {
  ar_verifier verifier = given_verifier(), other = 7;
  ar_verifier_config config = AR_VERIFIER_CONFIG_INIT;
  char text[8];
  size_t length;
  CHECK_CODE(ar_verifier_new(NULL, &other, NULL), AR_ERR_NULL);
  CHECK(other == 0);
  CHECK_CODE(ar_verifier_new(&config, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_verifier_add_key(verifier, ar_text_of(NULL), AR_KEY_STANDING_EARLIER, NULL), AR_ERR_KEY);
  CHECK_CODE(ar_verifier_observe(verifier, NULL, 9, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_verifier_feed(verifier, NULL, 9, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_verifier_database(verifier, ar_text_of(NULL), NULL), AR_ERR_NULL);
  CHECK_CODE(ar_verifier_finish(verifier, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_receipt_hash(NULL, 0, text, sizeof text, &length, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_canonicalise(NULL, 1, text, sizeof text, &length, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_canonicalise(bytes("1"), 1, text, sizeof text, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_payload_hash(bytes("1"), 1, NULL, 9, &length, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
}

static void nothing_and_garbage_are_not_valid(void) {
  static const char *const fed[] = {"", "\n\n", "garbage", "{}\n{}\n", "\xff\xfe", "[[[[[[[["};
  for (size_t index = 0; index < sizeof fed / sizeof *fed; index++) {
    ar_verifier verifier = given_verifier();
    ar_verdict verdict = AR_VERDICT_INIT;
    ar_error error = AR_ERROR_INIT;
    CHECK_CODE(ar_verifier_feed(verifier, bytes(fed[index]), strlen(fed[index]), NULL), AR_OK);
    CHECK_CODE(ar_verifier_finish(verifier, &verdict, &error), AR_ERR_NOT_VALID);
    CHECK(verdict.outcome == (index < 2 ? AR_OUTCOME_EMPTY : AR_OUTCOME_BROKEN));
    CHECK(error.error_class == AR_CLASS_VERDICT && error.message[0] != '\0');
    CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
  }
}

static void a_wrong_size_is_refused(void) {
  ar_verifier verifier = given_verifier(), other;
  ar_verdict verdict = AR_VERDICT_INIT;
  ar_verifier_config config = AR_VERIFIER_CONFIG_INIT;
  config.public_key = ar_text_of(KEY);
  config.size--;
  CHECK_CODE(ar_verifier_new(&config, &other, NULL), AR_ERR_STRUCT_SIZE);
  verdict.size = 0;
  CHECK_CODE(ar_verifier_finish(verifier, &verdict, NULL), AR_ERR_STRUCT_SIZE);
  CHECK_CODE(ar_canonicalise(bytes("1"), SIZE_MAX, NULL, 0, &(size_t){0}, NULL), AR_ERR_TOO_LARGE);
  CHECK_CODE(ar_verifier_feed(verifier, bytes("1"), SIZE_MAX, NULL), AR_ERR_TOO_LARGE);
  CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
}

static void a_verifiers_ticket_is_no_emitters(void) {
  ar_verifier verifier = given_verifier();
  ar_verdict verdict = AR_VERDICT_INIT;
  ar_emitter emitter;
  uint64_t count;
  CHECK_CODE(ar_emitter_new(NULL, &emitter, NULL), AR_OK);
  CHECK_CODE(ar_emitter_dropped(verifier, &count, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_free(verifier, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_verifier_finish(emitter, &verdict, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_verifier_free(emitter, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
  CHECK_CODE(ar_verifier_free(verifier, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_verifier_feed(verifier, NULL, 0, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_verifier_observe(verifier, NULL, 0, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_verifier_report_json(verifier, NULL, 0, &(size_t){0}, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void what_was_not_read_has_no_verdict(void) {
  ar_verifier verifier = given_verifier();
  ar_verdict verdict = AR_VERDICT_INIT;
  ar_error error = AR_ERROR_INIT;
  CHECK_CODE(ar_verifier_database(verifier, ar_text_of("/nowhere/receipts.db"), &error), AR_ERR_DATABASE);
  CHECK(error.error_class == AR_CLASS_UNREADABLE);
  CHECK_CODE(ar_verifier_finish(verifier, &verdict, NULL), AR_ERR_DATABASE);
  CHECK(verdict.outcome == AR_OUTCOME_NONE);
  CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
}

static void canonical_bytes_fit_or_say_how_many_they_are(void) {
  char text[16];
  size_t length;
  CHECK_CODE(ar_canonicalise(bytes(" { \"a\" : 1.0 }"), 14, text, sizeof text, &length, NULL), AR_OK);
  CHECK_TEXT(text, "{\"a\":1}");
  CHECK_CODE(ar_canonicalise(bytes("1e20"), 4, text, sizeof text, &length, NULL), AR_ERR_BUFFER);
  CHECK(length == 21);
  CHECK_CODE(ar_canonicalise(bytes("\"\xff\""), 3, text, sizeof text, &length, NULL), AR_ERR_UTF8);
  CHECK_CODE(ar_canonicalise(bytes("NaN"), 3, text, sizeof text, &length, NULL), AR_ERR_JSON);
  CHECK_CODE(ar_receipt_hash(bytes("{}"), 2, text, sizeof text, &length, NULL), AR_ERR_RECEIPT);
}

static void *feed_garbage(void *argument) {
  ar_verifier verifier = *(ar_verifier *)argument;
  size_t unexpected = 0;
  for (int index = 0; index < 50; index++) {
    ar_err code = ar_verifier_feed(verifier, bytes("x\n"), 2, NULL);
    unexpected += code != AR_OK && code != AR_ERR_BUSY_VERIFIER && code != AR_ERR_HANDLE;
  }
  return unexpected == 0 ? NULL : argument;
}

static void sixty_four_threads_on_one_verifier_do_no_harm(void) {
  ar_verifier verifier = given_verifier();
  pthread_t threads[64];
  void *unexpected = NULL, *returned;
  for (size_t index = 0; index < 64; index++) {
    CHECK(pthread_create(&threads[index], NULL, feed_garbage, &verifier) == 0);
  }
  CHECK_CODE(ar_verifier_free(verifier, NULL), AR_OK);
  for (size_t index = 0; index < 64; index++) {
    pthread_join(threads[index], &returned);
    unexpected = returned != NULL ? returned : unexpected;
  }
  CHECK(unexpected == NULL);
}

const struct test verifier_tests[] = {TEST(receipts_as_lines_are_judged),
                                      TEST(a_database_is_judged),
                                      TEST(null_is_an_error),
                                      TEST(nothing_and_garbage_are_not_valid),
                                      TEST(a_wrong_size_is_refused),
                                      TEST(a_verifiers_ticket_is_no_emitters),
                                      TEST(what_was_not_read_has_no_verdict),
                                      TEST(canonical_bytes_fit_or_say_how_many_they_are),
                                      TEST(sixty_four_threads_on_one_verifier_do_no_harm),
                                      END_OF_TESTS};
