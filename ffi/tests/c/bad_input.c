/* What a caller may get wrong. */
#define _POSIX_C_SOURCE 200809L
#include "given.h"
#include "receiver.h"

#include <stdlib.h>
#include <string.h>

static void null_is_an_error_wherever_something_is_needed(void) {
  ar_emitter emitter = given_emitter("/nowhere/s");
  ar_event event = given_event();
  ar_ack ack = AR_ACK_INIT;
  char text[64];
  size_t length;
  CHECK_CODE(ar_emitter_new(NULL, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_emit(emitter, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_emit_packed(emitter, NULL, 0, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_emit_packed(emitter, NULL, 100, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_emit_acknowledged(emitter, NULL, 0, &ack, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_emit_acknowledged(emitter, &event, 0, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_emit_packed_acknowledged(emitter, NULL, 0, 0, &ack, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_emit_packed_acknowledged(emitter, (const uint8_t *)"", 0, 0, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_session_id(emitter, text, sizeof text, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_session_id(emitter, NULL, 9, &length, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_socket_path(emitter, NULL, 9, &length, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_dropped(emitter, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_default_socket_path(text, sizeof text, NULL, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_last_error(NULL), AR_ERR_NULL);
  CHECK(ar_error_name(12345) == NULL);
  event.channel.data = NULL;
  event.channel.length = 3;
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_NULL);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void an_absent_text_is_as_an_empty_one(void) {
  ar_emitter emitter = given_emitter("/nowhere/s");
  ar_event event = AR_EVENT_INIT;
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_UNKNOWN_DECISION);
  event.decision = AR_TEXT("allowed");
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_MISSING_FIELD);
  event.channel = ar_text_of("");
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_MISSING_FIELD);
  event.channel = ar_text_of("sdk");
  event.tool_name = ar_text_of(NULL);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_MISSING_FIELD);
  /* But an empty payload is no JSON. */
  event.tool_name = AR_TEXT("tool");
  event.output = AR_TEXT("");
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_PAYLOAD);
  CHECK(dropped(emitter) == 0);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void a_struct_of_a_wrong_size_is_refused(void) {
  static const size_t wrong[] = {0, 1, sizeof(size_t), sizeof(ar_event) - 1, 5000, (size_t)-1};
  struct { ar_event event; char more[64]; } newer;
  ar_emitter emitter = given_emitter("/nowhere/s"), other;
  ar_event event = given_event();
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  ar_ack ack = AR_ACK_INIT;
  ar_error error = AR_ERROR_INIT;
  for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
    event.size = config.size = ack.size = error.size = wrong[index];
    CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_STRUCT_SIZE);
    event.size = sizeof event;
    CHECK_CODE(ar_emitter_emit(emitter, &event, wrong[index] == sizeof(ar_event) - 1 ? NULL : &error),
               wrong[index] == sizeof(ar_event) - 1 ? AR_ERR_DIAL : AR_ERR_STRUCT_SIZE);
    if (wrong[index] < sizeof config || wrong[index] > 4096) {
      CHECK_CODE(ar_emitter_new(&config, &other, NULL), AR_ERR_STRUCT_SIZE);
      CHECK(other == 0);
    }
    CHECK_CODE(ar_emitter_emit_acknowledged(emitter, &event, 0, &ack, NULL), AR_ERR_STRUCT_SIZE);
  }
  /* A newer program's struct: what this library does not know must be zero. */
  memset(&newer, 0, sizeof newer);
  newer.event = given_event();
  newer.event.size = sizeof newer;
  CHECK_CODE(ar_emitter_emit(emitter, &newer.event, NULL), AR_ERR_DIAL);
  newer.more[63] = 1;
  CHECK_CODE(ar_emitter_emit(emitter, &newer.event, NULL), AR_ERR_STRUCT_SIZE);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void what_is_not_utf8_is_refused_and_named(void) {
  static const char *const wrong[] = {"\xff", "a\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80"};
  ar_emitter emitter = given_emitter("/nowhere/s"), other;
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  ar_error error = AR_ERROR_INIT;
  for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
    ar_event event = given_event();
    ar_text *fields = &event.channel;
    for (size_t field = 0; field < 21; field++) {
      ar_text before = fields[field];
      fields[field] = ar_text_of(wrong[index]);
      CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_UTF8);
      fields[field] = before;
    }
    event.model = ar_text_of(wrong[index]);
    CHECK_CODE(ar_emitter_emit(emitter, &event, &error), AR_ERR_UTF8);
    CHECK_TEXT(error.message, "`model` is not UTF-8");
    config.session_id = ar_text_of(wrong[index]);
    CHECK_CODE(ar_emitter_new(&config, &other, NULL), AR_ERR_UTF8);
  }
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void a_length_beyond_all_bounds_is_refused_unread(void) {
  static const size_t lengths[] = {AR_MAX_FRAME + 1, (size_t)1 << 40, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX};
  ar_emitter emitter = given_emitter("/nowhere/s"), other;
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  for (size_t index = 0; index < sizeof lengths / sizeof *lengths; index++) {
    ar_event event = given_event();
    ar_text *fields = &event.channel;
    for (size_t field = 0; field < 21; field++) {
      ar_text before = fields[field];
      fields[field].data = "x";
      fields[field].length = lengths[index];
      CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_TOO_LARGE);
      fields[field] = before;
    }
    CHECK_CODE(ar_emitter_emit_packed(emitter, (const uint8_t *)"x", lengths[index] + 5000 < lengths[index]
                                                                       ? lengths[index]
                                                                       : lengths[index] + 5000, NULL),
               AR_ERR_TOO_LARGE);
    config.socket_path.data = "x";
    config.socket_path.length = lengths[index];
    CHECK_CODE(ar_emitter_new(&config, &other, NULL), AR_ERR_TOO_LARGE);
  }
  config.socket_path.data = "a\0b";
  config.socket_path.length = 3;
  CHECK_CODE(ar_emitter_new(&config, &other, NULL), AR_ERR_PATH);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void a_frame_of_a_mebibyte_goes_and_one_byte_more_is_the_callers(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_emitter emitter;
  char *text = malloc(AR_MAX_FRAME);
  size_t least, room;
  CHECK(text != NULL);
  memset(text, 'x', AR_MAX_FRAME);
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  event.error = AR_TEXT("x");
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  least = strlen(receiver_frame(&receiver, 1));
  event.error.data = text;
  /* The time is always written with as many digits. */
  room = AR_MAX_FRAME - least + 1;
  event.error.length = room;
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK(receiver_frame(&receiver, 2) != NULL && receiver.frame_lengths[1] == AR_MAX_FRAME);
  event.error.length = room + 1;
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_TOO_LARGE);
  CHECK(dropped(emitter) == 0);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
  free(text);
}

static void what_the_daemon_would_refuse_is_refused_here(void) {
  static char long_text[4097];
  ar_emitter emitter = given_emitter("/nowhere/s");
  ar_event event;
  memset(long_text, 'x', sizeof long_text);
#define REFUSES(field, text, code) \
  do { \
    event = given_event(); \
    event.field = text; \
    CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), code); \
  } while (0)
  REFUSES(decision, AR_TEXT("maybe"), AR_ERR_UNKNOWN_DECISION);
  REFUSES(decision, AR_TEXT("Allowed"), AR_ERR_UNKNOWN_DECISION);
  REFUSES(input, AR_TEXT("{"), AR_ERR_PAYLOAD);
  REFUSES(input, AR_TEXT("NaN"), AR_ERR_PAYLOAD);
  REFUSES(output, AR_TEXT("1e400"), AR_ERR_PAYLOAD);
  REFUSES(usage, AR_TEXT("Infinity"), AR_ERR_PAYLOAD);
  REFUSES(operator_name, AR_TEXT("n"), AR_ERR_OPERATOR_NAME_ALONE);
  REFUSES(issuer_name, ar_text_of_length(long_text, 257), AR_ERR_FIELD_TOO_LONG);
  REFUSES(target_resource, ar_text_of_length(long_text, 4097), AR_ERR_FIELD_TOO_LONG);
  REFUSES(agent_id, AR_TEXT("a/b"), AR_ERR_AGENT_ID);
  REFUSES(agent_id, AR_TEXT("a\0b"), AR_ERR_AGENT_ID);
  REFUSES(target_system, AR_TEXT("t"), AR_ERR_HALF_TARGET);
  REFUSES(target_resource, AR_TEXT("t"), AR_ERR_HALF_TARGET);
#undef REFUSES
  CHECK(dropped(emitter) == 0);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void a_configuration_that_cannot_work_makes_nothing(void) {
  static char long_text[257];
  ar_emitter emitter = 7;
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  memset(long_text, 'x', sizeof long_text);
  config.flags = 8;
  CHECK_CODE(ar_emitter_new(&config, &emitter, NULL), AR_ERR_FLAGS);
  CHECK(emitter == 0);
  config.flags = 0;
  config.reserved = 1;
  CHECK_CODE(ar_emitter_new(&config, &emitter, NULL), AR_ERR_FLAGS);
  config.reserved = 0;
  config.issuer_name = ar_text_of_length(long_text, 257);
  CHECK_CODE(ar_emitter_new(&config, &emitter, NULL), AR_ERR_FIELD_TOO_LONG);
  config.issuer_name = AR_TEXT("");
  config.operator_name = AR_TEXT("n");
  CHECK_CODE(ar_emitter_new(&config, &emitter, NULL), AR_ERR_OPERATOR_NAME_ALONE);
}

static void a_packed_event_that_lies_is_refused(void) {
  ar_emitter emitter = given_emitter("/nowhere/s");
  ar_event event = given_event();
  size_t length;
  unsigned char *bytes = packed(&event, &length);
  CHECK_CODE(ar_emitter_emit_packed(emitter, bytes, length, NULL), AR_ERR_DIAL);
  for (size_t cut = 0; cut < length; cut++) {
    /* In memory of exactly that size, so that a step beyond it is seen. */
    unsigned char *exact = malloc(cut + (cut == 0));
    CHECK(exact != NULL);
    memcpy(exact, bytes, cut);
    CHECK_CODE(ar_emitter_emit_packed(emitter, exact, cut, NULL), AR_ERR_PACKED);
    free(exact);
  }
  for (size_t at = 0; at < 4 * 22; at++) {
    unsigned char before = bytes[at];
    bytes[at] ^= 0x80;
    CHECK(ar_emitter_emit_packed(emitter, bytes, length, NULL) != AR_OK);
    bytes[at] = before;
  }
  free(bytes);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void an_error_has_words_and_success_leaves_them_alone(void) {
  ar_emitter emitter = given_emitter("/nowhere/s");
  ar_event event = given_event();
  ar_error error = AR_ERROR_INIT, last = AR_ERROR_INIT;
  uint64_t count;
  event.decision = AR_TEXT("maybe");
  CHECK_CODE(ar_emitter_emit(emitter, &event, &error), AR_ERR_UNKNOWN_DECISION);
  CHECK_TEXT(error.message, "unknown decision `maybe` (want allowed|denied|pending)");
  CHECK(error.code == AR_ERR_UNKNOWN_DECISION && error.error_class == AR_CLASS_CALLER);
  CHECK_CODE(ar_emitter_dropped(emitter, &count, &error), AR_OK);
  CHECK(error.code == AR_ERR_UNKNOWN_DECISION);
  CHECK_CODE(ar_last_error(&last), AR_OK);
  CHECK_TEXT(last.message, error.message);
  /* A hostile word does not fill the message, nor the terminal. */
  event.decision = AR_TEXT("\033[2J\n\rxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
  CHECK_CODE(ar_emitter_emit(emitter, &event, &error), AR_ERR_UNKNOWN_DECISION);
  CHECK(strchr(error.message, '\033') == NULL && strlen(error.message) < 200);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

const struct test bad_input_tests[] = {TEST(null_is_an_error_wherever_something_is_needed),
                                       TEST(an_absent_text_is_as_an_empty_one),
                                       TEST(a_struct_of_a_wrong_size_is_refused),
                                       TEST(what_is_not_utf8_is_refused_and_named),
                                       TEST(a_length_beyond_all_bounds_is_refused_unread),
                                       TEST(a_frame_of_a_mebibyte_goes_and_one_byte_more_is_the_callers),
                                       TEST(what_the_daemon_would_refuse_is_refused_here),
                                       TEST(a_configuration_that_cannot_work_makes_nothing),
                                       TEST(a_packed_event_that_lies_is_refused),
                                       TEST(an_error_has_words_and_success_leaves_them_alone),
                                       END_OF_TESTS};
