/* What works. */
#define _POSIX_C_SOURCE 200809L
#include "given.h"
#include "receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ACCEPTED[] =
    "{\"v\":\"1\",\"ok\":true,\"receipt_id\":\"urn:receipt:1\",\"chain_id\":\"c/agent/\303\251\",\"sequence\":7,"
    "\"receipt_hash\":\"sha256:00\"}";
static const char REFUSED[] =
    "{\"v\":\"1\",\"ok\":false,\"error\":{\"code\":\"too_many_chains\",\"message\":\"no more\"}}";

/* The part of a frame behind the time. */
static const char *behind_time(const char *frame) {
  const char *session = frame == NULL ? NULL : strstr(frame, "\"session_id\"");
  return session == NULL ? "(no session)" : session;
}

static void the_library_fits_its_header(void) {
  CHECK_CODE(ar_abi_check(AR_ABI_MAJOR, AR_ABI_MINOR, NULL), AR_OK);
  CHECK_CODE(ar_abi_check(AR_ABI_MAJOR + 1, 0, NULL), AR_ERR_ABI);
  CHECK_CODE(ar_abi_check(AR_ABI_MAJOR, AR_ABI_MINOR + 1, NULL), AR_ERR_ABI);
  CHECK_CODE(ar_abi_check(0, 0, NULL), AR_ERR_ABI);
  CHECK(ar_features() & AR_FEATURE_EMITTER);
  CHECK_TEXT(ar_frame_version(), "1");
  CHECK(strchr(ar_version(), '.') != NULL);
}

static void an_event_goes_out_as_one_frame(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_emitter emitter;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  event.input = AR_TEXT("{ \"b\":1.50 ,\"a\":\"\\ud800\"}");
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK_TEXT(behind_time(receiver_frame(&receiver, 1)),
             "\"session_id\":\"s\",\"channel\":\"sdk\",\"tool\":{\"name\":\"tool\"},"
             "\"input\":{ \"b\":1.50 ,\"a\":\"\\ud800\"},\"decision\":\"allowed\"}");
  CHECK(dropped(emitter) == 0);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static ar_event full_event(void) {
  ar_event event = given_event();
  event.tool_server = AR_TEXT("ts");
  event.action_type = AR_TEXT("at");
  event.input = AR_TEXT("1");
  event.output = AR_TEXT("[2]");
  event.error = AR_TEXT("e\n");
  event.issuer_name = AR_TEXT("in");
  event.issuer_model = AR_TEXT("im");
  event.operator_id = AR_TEXT("oi");
  event.operator_name = AR_TEXT("on");
  event.idempotency_key = AR_TEXT("ik");
  event.correlation_id = AR_TEXT("ci");
  event.agent_id = AR_TEXT("ai");
  event.agent_type = AR_TEXT("ay");
  event.model = AR_TEXT("m");
  event.usage = AR_TEXT("{\"n\":3}");
  event.capture_method = AR_TEXT("cm");
  event.target_system = AR_TEXT("tsy");
  event.target_resource = AR_TEXT("tr\360\237\246\200");
  return event;
}

static void every_field_goes_out_in_either_form(void) {
  static const char *const members[] = {
      "\"channel\":\"sdk\"", "\"tool\":{\"server\":\"ts\",\"name\":\"tool\"}", "\"action_type\":\"at\"", "\"input\":1",
      "\"output\":[2]", "\"error\":\"e\\n\"", "\"decision\":\"allowed\"", "\"issuer_name\":\"in\"",
      "\"issuer_model\":\"im\"", "\"operator_id\":\"oi\"", "\"operator_name\":\"on\"", "\"idempotency_key\":\"ik\"",
      "\"correlation_id\":\"ci\"", "\"agent_id\":\"ai\"", "\"agent_type\":\"ay\"", "\"model\":\"m\"",
      "\"usage\":{\"n\":3}", "\"capture_method\":\"cm\"", "\"target_system\":\"tsy\"",
      "\"target_resource\":\"tr\360\237\246\200\""};
  struct receiver receiver;
  ar_event event = full_event();
  ar_emitter emitter;
  unsigned char *bytes;
  size_t length;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  bytes = packed(&event, &length);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK_CODE(ar_emitter_emit_packed(emitter, bytes, length, NULL), AR_OK);
  CHECK(receiver_frame(&receiver, 2) != NULL);
  for (size_t index = 0; index < sizeof members / sizeof *members; index++) {
    CHECK(strstr(receiver_frame(&receiver, 1), members[index]) != NULL);
  }
  CHECK_TEXT(behind_time(receiver_frame(&receiver, 1)), behind_time(receiver_frame(&receiver, 2)));
  free(bytes);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static void an_acknowledged_event_names_its_receipt(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_ack ack = AR_ACK_INIT;
  ar_emitter emitter;
  unsigned char *bytes;
  size_t length;
  receiver_start(&receiver, ACCEPTED);
  emitter = given_emitter(receiver.path);
  bytes = packed(&event, &length);
  for (int form = 0; form < 2; form++) {
    memset(&ack, 0x55, sizeof ack);
    ack.size = sizeof ack;
    CHECK_CODE(form == 0 ? ar_emitter_emit_acknowledged(emitter, &event, 30000, &ack, NULL)
                         : ar_emitter_emit_packed_acknowledged(emitter, bytes, length, 30000, &ack, NULL),
               AR_OK);
    CHECK(ack.sequence == 7 && ack.size == sizeof ack);
    CHECK_TEXT(ack.receipt_id, "urn:receipt:1");
    CHECK_TEXT(ack.chain_id, "c/agent/\303\251");
    CHECK_TEXT(ack.receipt_hash, "sha256:00");
    CHECK(ack.receipt_id_length == 13 && ack.chain_id_length == 10 && ack.receipt_hash_length == 9);
    CHECK_TEXT(ack.refusal_code, "");
  }
  free(bytes);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static void a_refused_event_is_never_ok(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_ack ack = AR_ACK_INIT;
  ar_error error = AR_ERROR_INIT;
  ar_emitter emitter;
  receiver_start(&receiver, REFUSED);
  emitter = given_emitter(receiver.path);
  CHECK_CODE(ar_emitter_emit_acknowledged(emitter, &event, 30000, &ack, &error), AR_ERR_REFUSED);
  CHECK_TEXT(ack.refusal_code, "too_many_chains");
  CHECK_TEXT(ack.refusal_message, "no more");
  CHECK(ack.sequence == 0 && ack.receipt_id[0] == '\0');
  CHECK(error.code == AR_ERR_REFUSED && error.error_class == AR_CLASS_REFUSED);
  CHECK_TEXT(error.message, "the daemon refused the event (too_many_chains): no more");
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static void no_answer_is_an_error_and_no_drop(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_ack ack = AR_ACK_INIT;
  ar_emitter emitter;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK_CODE(ar_emitter_emit_acknowledged(emitter, &event, 200, &ack, NULL), AR_ERR_NO_REPLY);
  CHECK(dropped(emitter) == 0);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static void drops_are_counted_and_told_with_the_next_event(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_error error = AR_ERROR_INIT;
  ar_emitter emitter;
  char path[sizeof receiver.path], away[sizeof receiver.path];
  receiver_start(&receiver, NULL);
  strcpy(path, receiver.path);
  snprintf(away, sizeof away, "%s/t", receiver.folder);
  emitter = given_emitter(path);
  CHECK(rename(path, away) == 0);
  CHECK_CODE(ar_emitter_emit(emitter, &event, &error), AR_ERR_DIAL);
  CHECK(error.error_class == AR_CLASS_TRANSPORT && strstr(error.message, path) != NULL);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_DIAL);
  CHECK(dropped(emitter) == 2);
  CHECK(rename(away, path) == 0);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK(strstr(receiver_frame(&receiver, 1), ",\"drop_count\":2}") != NULL);
  CHECK(dropped(emitter) == 0);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static void best_effort_keeps_failures_to_itself(void) {
  ar_event event = given_event();
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  ar_emitter emitter;
  config.socket_path = AR_TEXT("/nowhere/s");
  config.flags = AR_BEST_EFFORT | AR_NO_DROP_FOLDER;
  CHECK_CODE(ar_emitter_new(&config, &emitter, NULL), AR_OK);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK(dropped(emitter) == 1);
  event.tool_name = AR_TEXT("");
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_MISSING_FIELD);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

static void facts_are_written_into_the_callers_memory(void) {
  ar_emitter emitter = given_emitter("/nowhere/s");
  char text[64];
  size_t length = 99;
  CHECK_CODE(ar_emitter_session_id(emitter, text, sizeof text, &length, NULL), AR_OK);
  CHECK_TEXT(text, "s");
  CHECK(length == 1);
  CHECK_CODE(ar_emitter_socket_path(emitter, text, 11, &length, NULL), AR_OK);
  CHECK_TEXT(text, "/nowhere/s");
  memset(text, 'x', sizeof text);
  CHECK_CODE(ar_emitter_socket_path(emitter, text, 10, &length, NULL), AR_ERR_BUFFER);
  CHECK(length == 10 && text[0] == 'x');
  CHECK_CODE(ar_emitter_socket_path(emitter, NULL, 0, &length, NULL), AR_ERR_BUFFER);
  CHECK(length == 10);
  setenv("AGENTRECEIPTS_SOCKET", "/somewhere/s", 1);
  CHECK_CODE(ar_default_socket_path(text, sizeof text, &length, NULL), AR_OK);
  CHECK_TEXT(text, "/somewhere/s");
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  /* Without a configuration: the default socket, and a random session. */
  CHECK_CODE(ar_emitter_new(NULL, &emitter, NULL), AR_OK);
  CHECK_CODE(ar_emitter_socket_path(emitter, text, sizeof text, &length, NULL), AR_OK);
  CHECK_TEXT(text, "/somewhere/s");
  CHECK_CODE(ar_emitter_session_id(emitter, text, sizeof text, &length, NULL), AR_OK);
  CHECK(length == 36 && text[14] == '4');
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

const struct test sending_tests[] = {TEST(the_library_fits_its_header),
                                     TEST(an_event_goes_out_as_one_frame),
                                     TEST(every_field_goes_out_in_either_form),
                                     TEST(an_acknowledged_event_names_its_receipt),
                                     TEST(a_refused_event_is_never_ok),
                                     TEST(no_answer_is_an_error_and_no_drop),
                                     TEST(drops_are_counted_and_told_with_the_next_event),
                                     TEST(best_effort_keeps_failures_to_itself),
                                     TEST(facts_are_written_into_the_callers_memory),
                                     END_OF_TESTS};
