/* Does with the C library what the tests of the behaviours ask for: one JSON object a line in, one a line out. */
#define _GNU_SOURCE
#include <agent_receipts.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_EMITTERS = 256, MOST_THREADS = 1024 };

static struct {
  char *name;
  ar_emitter emitter;
} emitters[MOST_EMITTERS];
static size_t emitter_count;

/* The fields of an event, in their order. */
static const char *const FIELDS[] = {
    "channel",       "tool_server",     "tool_name",      "action_type", "input",      "output",
    "error",         "decision",        "issuer_name",    "issuer_model", "operator_id", "operator_name",
    "idempotency_key", "correlation_id", "agent_id",      "agent_type",  "model",      "usage",
    "capture_method", "target_system",  "target_resource"};

#define CODE(name) { #name, AR_ERR_##name }
/* The numbers of errors as the header has them. */
static const struct {
  const char *name;
  int code;
} CODES[] = {CODE(OK),
             CODE(NULL),
             CODE(STRUCT_SIZE),
             CODE(FLAGS),
             CODE(UTF8),
             CODE(HANDLE),
             CODE(BUFFER),
             CODE(TOO_MANY),
             CODE(PATH),
             CODE(PACKED),
             CODE(ABI),
             CODE(NO_SOCKET_PATH),
             CODE(MISSING_FIELD),
             CODE(UNKNOWN_DECISION),
             CODE(FIELD_TOO_LONG),
             CODE(OPERATOR_NAME_ALONE),
             CODE(AGENT_ID),
             CODE(HALF_TARGET),
             CODE(PAYLOAD),
             CODE(TOO_LARGE),
             CODE(EVENT),
             CODE(KEY),
             CODE(ORDER),
             CODE(BUSY_VERIFIER),
             CODE(JSON),
             CODE(RECEIPT),
             CODE(CLOSED),
             CODE(DIAL),
             CODE(BUSY),
             CODE(WRITE),
             CODE(NO_REPLY),
             CODE(BAD_REPLY),
             CODE(TRANSPORT),
             CODE(REFUSED),
             CODE(NOT_VALID),
             CODE(DATABASE),
             CODE(PANIC),
             CODE(POISONED),
             CODE(INTERNAL)};

static json_t *ok(void) { return json_pack("{s:b}", "ok", 1); }

static json_t *fault(const char *what) { return json_pack("{s:s}", "fault", what); }

static json_t *failed(const ar_error *error) {
  const char *class = "other";
  switch (error->error_class) {
  case AR_CLASS_CALLER:
    class = "caller";
    break;
  case AR_CLASS_CLOSED:
    class = "closed";
    break;
  case AR_CLASS_TRANSPORT:
    class = "transport";
    break;
  }
  return json_pack("{s:s, s:s}", "error", class, "message", error->message);
}

/* A member that lives as long as the request. */
static ar_text text(json_t *object, const char *member) {
  json_t *value = json_object_get(object, member);
  return ar_text_of_length(json_string_value(value), json_string_length(value));
}

static ar_event event_of(json_t *request) {
  ar_event event = AR_EVENT_INIT;
  json_t *object = json_object_get(request, "event");
  for (size_t index = 0; index < sizeof FIELDS / sizeof *FIELDS; index++) {
    (&event.channel)[index] = text(object, FIELDS[index]);
  }
  return event;
}

static json_t *make(json_t *request) {
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  ar_error error = AR_ERROR_INIT;
  json_t *identity = json_object_get(request, "identity");
  if (emitter_count == MOST_EMITTERS) {
    return fault("too many emitters");
  }
  config.flags = json_is_true(json_object_get(request, "best_effort")) ? AR_BEST_EFFORT : 0;
  config.socket_path = text(request, "socket");
  config.session_id = text(request, "session");
  config.issuer_name = text(identity, "issuer_name");
  config.issuer_model = text(identity, "issuer_model");
  config.operator_id = text(identity, "operator_id");
  config.operator_name = text(identity, "operator_name");
  if (ar_emitter_new(&config, &emitters[emitter_count].emitter, &error) != AR_OK) {
    return failed(&error);
  }
  emitters[emitter_count++].name = strdup(json_string_value(json_object_get(request, "on")));
  return ok();
}

static json_t *emit(ar_emitter emitter, json_t *request) {
  ar_event event = event_of(request);
  ar_error error = AR_ERROR_INIT;
  ar_ack ack = AR_ACK_INIT;
  json_t *patience = json_object_get(request, "acknowledged_ms");
  if (patience == NULL) {
    return ar_emitter_emit(emitter, &event, &error) == AR_OK ? ok() : failed(&error);
  }
  switch (ar_emitter_emit_acknowledged(emitter, &event, (uint32_t)json_integer_value(patience), &ack, &error)) {
  case AR_OK:
    return json_pack("{s:b, s:s, s:s, s:I, s:s}", "ok", 1, "receipt_id", ack.receipt_id, "chain_id", ack.chain_id,
                     "sequence", (json_int_t)ack.sequence, "receipt_hash", ack.receipt_hash);
  case AR_ERR_REFUSED:
    return json_pack("{s:{s:s, s:s}}", "refused", "code", ack.refusal_code, "message", ack.refusal_message);
  default:
    return failed(&error);
  }
}

struct work {
  ar_emitter emitter;
  ar_event event;
  long long number, each, failed;
};

static void *emit_each(void *argument) {
  struct work *work = argument;
  for (long long index = 0; index < work->each; index++) {
    char mark[64];
    ar_event event = work->event;
    snprintf(mark, sizeof mark, "%lld-%lld", work->number, index);
    event.correlation_id = ar_text_of(mark);
    work->failed += ar_emitter_emit(work->emitter, &event, NULL) != AR_OK;
  }
  return NULL;
}

static json_t *emit_from_threads(ar_emitter emitter, json_t *request) {
  static struct work works[MOST_THREADS];
  static pthread_t threads[MOST_THREADS];
  long long count = json_integer_value(json_object_get(request, "threads"));
  long long each = json_integer_value(json_object_get(request, "each"));
  json_int_t failures = 0;
  if (count > MOST_THREADS) {
    return fault("too many threads");
  }
  for (long long number = 0; number < count; number++) {
    works[number] = (struct work){emitter, event_of(request), number, each, 0};
    if (pthread_create(&threads[number], NULL, emit_each, &works[number]) != 0) {
      perror("pthread_create");
      exit(1);
    }
  }
  for (long long number = 0; number < count; number++) {
    pthread_join(threads[number], NULL);
    failures += works[number].failed;
  }
  return json_pack("{s:b, s:I}", "ok", 1, "failed", failures);
}

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

static json_t *cost(ar_emitter emitter, json_t *request) {
  ar_event event = event_of(request);
  ar_error error = AR_ERROR_INIT;
  size_t count = (size_t)json_integer_value(json_object_get(request, "events"));
  double pause = (double)json_integer_value(json_object_get(request, "pause_us"));
  double *times = calloc(count + 1, sizeof *times);
  json_t *answer = NULL;
  /* The first one pays for the connection. */
  if (times == NULL || ar_emitter_emit(emitter, &event, &error) != AR_OK) {
    answer = failed(&error);
  }
  for (size_t index = 0; index < count && answer == NULL; index++) {
    double began = microseconds(), ended;
    ar_err code = ar_emitter_emit(emitter, &event, &error);
    ended = microseconds();
    times[index] = ended - began;
    if (code != AR_OK) {
      answer = failed(&error);
    }
    while (microseconds() - ended < pause) {
    }
  }
  if (answer == NULL) {
    size_t last = count == 0 ? 0 : count - 1;
    qsort(times, count, sizeof *times, compare);
    answer = json_pack("{s:[f, f, f]}", "microseconds", times[last * 50 / 100], times[last * 90 / 100],
                       times[last * 99 / 100]);
  }
  free(times);
  return answer;
}

typedef ar_err (*text_function)(ar_emitter, char *, size_t, size_t *, ar_error *);

static json_t *told(ar_emitter emitter, text_function tell) {
  ar_error error = AR_ERROR_INIT;
  size_t length = 0;
  char *buffer = NULL;
  ar_err code = tell(emitter, NULL, 0, &length, &error);
  json_t *answer;
  if (code == AR_ERR_BUFFER) {
    buffer = malloc(length + 1);
    code = tell(emitter, buffer, buffer == NULL ? 0 : length + 1, &length, &error);
  }
  answer = code == AR_OK ? json_pack("{s:s%}", "text", buffer, length) : failed(&error);
  free(buffer);
  return answer;
}

static ar_err default_path(ar_emitter emitter, char *buffer, size_t capacity, size_t *length, ar_error *error) {
  (void)emitter;
  return ar_default_socket_path(buffer, capacity, length, error);
}

static json_t *error_codes(void) {
  json_t *codes = json_object();
  for (size_t index = 0; index < sizeof CODES / sizeof *CODES; index++) {
    char name[64] = "";
    for (size_t at = 0; CODES[index].name[at] != '\0' && at + 1 < sizeof name; at++) {
      name[at] = (char)(CODES[index].name[at] | (CODES[index].name[at] >= 'A' && CODES[index].name[at] <= 'Z' ? 32 : 0));
    }
    json_object_set_new(codes, name, json_integer(CODES[index].code));
  }
  return json_pack("{s:o}", "codes", codes);
}

static json_t *answer(json_t *request) {
  const char *wish = json_string_value(json_object_get(request, "do"));
  const char *on = json_string_value(json_object_get(request, "on"));
  ar_error error = AR_ERROR_INIT;
  ar_emitter emitter = 0;
  uint64_t number;
  if (wish == NULL) {
    return fault("no `do`");
  }
  if (strcmp(wish, "new") == 0 && on != NULL) {
    return make(request);
  }
  if (strcmp(wish, "default_socket_path") == 0) {
    return told(0, default_path);
  }
  if (strcmp(wish, "error_codes") == 0) {
    return error_codes();
  }
  for (size_t index = 0; index < emitter_count; index++) {
    if (on != NULL && strcmp(emitters[index].name, on) == 0) {
      emitter = emitters[index].emitter;
    }
  }
  if (emitter == 0) {
    return fault("there is no such emitter");
  }
  if (strcmp(wish, "emit") == 0) {
    return emit(emitter, request);
  }
  if (strcmp(wish, "threads") == 0) {
    return emit_from_threads(emitter, request);
  }
  if (strcmp(wish, "cost") == 0) {
    return cost(emitter, request);
  }
  if (strcmp(wish, "session_id") == 0) {
    return told(emitter, ar_emitter_session_id);
  }
  if (strcmp(wish, "socket_path") == 0) {
    return told(emitter, ar_emitter_socket_path);
  }
  if (strcmp(wish, "dropped") == 0) {
    return ar_emitter_dropped(emitter, &number, &error) == AR_OK ? json_pack("{s:I}", "number", (json_int_t)number)
                                                                 : failed(&error);
  }
  if (strcmp(wish, "close") == 0) {
    return ar_emitter_close(emitter, &error) == AR_OK ? ok() : failed(&error);
  }
  return fault("this driver does not know that");
}

int main(void) {
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  if (ar_abi_check(AR_ABI_MAJOR, AR_ABI_MINOR, NULL) != AR_OK) {
    return 1;
  }
  while ((length = getline(&line, &capacity, stdin)) > 0) {
    json_t *request = json_loadb(line, (size_t)length, JSON_ALLOW_NUL, NULL), *reply;
    const char *wish = json_string_value(json_object_get(request, "do"));
    if (wish != NULL && strcmp(wish, "abort") == 0) {
      exit(0);
    }
    reply = request == NULL ? fault("not JSON") : answer(request);
    json_dumpf(reply, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(reply);
    json_decref(request);
  }
  return 0;
}
