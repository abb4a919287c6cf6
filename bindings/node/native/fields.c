#include "fields.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(ar_event) == sizeof(size_t) + FIELDS * sizeof(ar_text), "an event of the header has other fields");

// A character of UTF-8 has at most four bytes, and Node writes a NUL: a text that leaves this much free was not cut.
enum { UNCUT = 5 };

static bool read_near(napi_env env, const napi_value *values, fields *read, bool *fits);
static bool read_far(napi_env env, const napi_value *values, fields *read);
static bool is_absent(napi_env env, napi_value value, bool *absent);

static ar_text *text(fields *read, size_t field) { return &read->event.channel + field; }

bool fields_from(napi_env env, const napi_value *values, fields *read) {
  read->event = (ar_event)AR_EVENT_INIT;
  read->far = NULL;
  bool fits = true;
  if (!read_near(env, values, read, &fits)) return false;
  return fits || read_far(env, values, read);
}

void fields_free(fields *read) { free(read->far); }

// One pass over the strings, which is all that a usual event needs.
static bool read_near(napi_env env, const napi_value *values, fields *read, bool *fits) {
  size_t used = 0;
  for (size_t field = 0; field < FIELDS; field++) {
    bool absent = false;
    if (!is_absent(env, values[field], &absent)) return false;
    if (absent) continue;
    size_t room = sizeof(read->near) - used, length = 0;
    if (!went_well(env, napi_get_value_string_utf8(env, values[field], read->near + used, room, &length))) return false;
    if (room - length < UNCUT) {
      *fits = false;
      return true;
    }
    *text(read, field) = (ar_text){read->near + used, length};
    used += length;
  }
  return true;
}

// Two passes: the lengths first, so that nothing is allocated for what the library refuses anyway.
static bool read_far(napi_env env, const napi_value *values, fields *read) {
  size_t total = 1;
  ar_text *too_large = NULL;
  for (size_t field = 0; field < FIELDS; field++) {
    bool absent = false;
    size_t length = 0;
    if (!is_absent(env, values[field], &absent)) return false;
    if (!absent && !went_well(env, napi_get_value_string_utf8(env, values[field], NULL, 0, &length))) return false;
    *text(read, field) = absent ? (ar_text){NULL, 0} : (ar_text){read->near, length};
    if (length > AR_MAX_FRAME) too_large = text(read, field);
    total += length;
  }
  if (too_large != NULL) {
    // The refusal is the library's; the other lengths stand for bytes that are not there.
    ar_text refused = *too_large;
    read->event = (ar_event)AR_EVENT_INIT;
    *too_large = refused;
    return true;
  }
  read->far = malloc(total);
  if (read->far == NULL) {
    napi_throw_error(env, NULL, "no memory for the event");
    return false;
  }
  char *next = read->far;
  for (size_t field = 0; field < FIELDS; field++) {
    ar_text *into = text(read, field);
    if (into->data == NULL) continue;
    size_t room = total - (size_t)(next - read->far), length = 0;
    if (!went_well(env, napi_get_value_string_utf8(env, values[field], next, room, &length))) {
      fields_free(read);
      return false;
    }
    *into = (ar_text){next, length};
    next += length;
  }
  return true;
}

static bool is_absent(napi_env env, napi_value value, bool *absent) {
  napi_valuetype type = napi_undefined;
  if (!went_well(env, napi_typeof(env, value, &type))) return false;
  *absent = type == napi_undefined;
  return *absent || went_well(env, type == napi_string ? napi_ok : napi_string_expected);
}
