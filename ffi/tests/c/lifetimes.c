/* Use after close and after free. */
#define _POSIX_C_SOURCE 200809L
#include "given.h"
#include "receiver.h"

#include <stdlib.h>
#include <string.h>

static void a_closed_emitter_says_so_and_can_be_closed_again(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_ack ack = AR_ACK_INIT;
  ar_error error = AR_ERROR_INIT;
  ar_emitter emitter;
  char text[64];
  size_t length;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK_CODE(ar_emitter_close(emitter, NULL), AR_OK);
  CHECK_CODE(ar_emitter_close(emitter, NULL), AR_OK);
  CHECK_CODE(ar_emitter_emit(emitter, &event, &error), AR_ERR_CLOSED);
  CHECK(error.error_class == AR_CLASS_CLOSED);
  CHECK_CODE(ar_emitter_emit_acknowledged(emitter, &event, 1000, &ack, NULL), AR_ERR_CLOSED);
  CHECK(dropped(emitter) == 0);
  CHECK_CODE(ar_emitter_session_id(emitter, text, sizeof text, &length, NULL), AR_OK);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

/* Every function on a ticket that is none. */
static void check_no_object(ar_emitter emitter) {
  ar_event event = given_event();
  ar_ack ack = AR_ACK_INIT;
  ar_error error = AR_ERROR_INIT;
  char text[8];
  size_t length;
  uint64_t count;
  unsigned char *bytes = packed(&event, &length);
  ar_err sent = ar_emitter_emit_packed(emitter, bytes, length, NULL);
  ar_err acknowledged = ar_emitter_emit_packed_acknowledged(emitter, bytes, length, 0, &ack, NULL);
  free(bytes);
  CHECK_CODE(sent, AR_ERR_HANDLE);
  CHECK_CODE(acknowledged, AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_emit(emitter, &event, &error), AR_ERR_HANDLE);
  CHECK(error.error_class == AR_CLASS_CALLER);
  CHECK_CODE(ar_emitter_emit_acknowledged(emitter, &event, 0, &ack, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_session_id(emitter, text, sizeof text, &length, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_socket_path(emitter, text, sizeof text, &length, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_dropped(emitter, &count, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_close(emitter, NULL), AR_ERR_HANDLE);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_ERR_HANDLE);
}

static void use_after_free_and_double_free_are_errors(void) {
  ar_emitter emitter = given_emitter("/nowhere/s"), next;
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  check_no_object(emitter);
  /* Another one in its place is another one. */
  next = given_emitter("/nowhere/s");
  CHECK(next != emitter);
  check_no_object(emitter);
  CHECK_CODE(ar_emitter_close(next, NULL), AR_OK);
  CHECK_CODE(ar_emitter_free(next, NULL), AR_OK);
}

static void a_number_that_is_no_ticket_is_an_error(void) {
  ar_emitter emitter = given_emitter("/nowhere/s");
  check_no_object(0);
  check_no_object(1);
  check_no_object(emitter + 1);
  check_no_object(emitter ^ (uint64_t)1 << 40);
  check_no_object(UINT64_MAX);
  for (unsigned bit = 0; bit < 64; bit++) {
    uint64_t count;
    CHECK_CODE(ar_emitter_dropped(emitter ^ (uint64_t)1 << bit, &count, NULL), AR_ERR_HANDLE);
  }
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void ten_thousand_emitters_come_and_go(void) {
  static ar_emitter emitters[10000];
  for (int round = 0; round < 2; round++) {
    for (size_t index = 0; index < 10000; index++) {
      emitters[index] = given_emitter("/nowhere/s");
    }
    for (size_t index = 0; index < 10000; index++) {
      CHECK_CODE(ar_emitter_free(emitters[index], NULL), AR_OK);
    }
  }
}

static void closing_all_closes_each(void) {
  ar_emitter one = given_emitter("/nowhere/s"), two = given_emitter("/nowhere/s");
  ar_event event = given_event();
  CHECK_CODE(ar_emitters_close_all(), AR_OK);
  CHECK_CODE(ar_emitter_emit(one, &event, NULL), AR_ERR_CLOSED);
  CHECK_CODE(ar_emitter_emit(two, &event, NULL), AR_ERR_CLOSED);
  CHECK_CODE(ar_emitter_free(one, NULL), AR_OK);
  CHECK_CODE(ar_emitter_free(two, NULL), AR_OK);
}

const struct test lifetime_tests[] = {TEST(a_closed_emitter_says_so_and_can_be_closed_again),
                                      TEST(use_after_free_and_double_free_are_errors),
                                      TEST(a_number_that_is_no_ticket_is_an_error),
                                      TEST(ten_thousand_emitters_come_and_go),
                                      TEST(closing_all_closes_each),
                                      END_OF_TESTS};
