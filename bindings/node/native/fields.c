#include "fields.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(ar_event) == sizeof(size_t) + FIELDS * sizeof(ar_text), "an event of the header has other fields");

// A character of UTF-8 has at most four bytes, and Node writes a NUL: a text that leaves this much free was not cut.
enum { UNCUT = 5 };

static bool read_near(napi_env env, const napi_value *values, size_t count, fields *read, bool *fits);
static bool read_far(napi_env env, const napi_value *values, size_t count, fields *read);
static ar_text *text_of(napi_env env, napi_value field, fields *read);

bool fields_from(napi_env env, const napi_value *values, size_t count, fields *read) {
  if (count > FIELD_VALUES || count % 2 != 0) return went_well(env, napi_invalid_arg);
  read->event = (ar_event)AR_EVENT_INIT;
  read->far = NULL;
  bool fits = true;
  if (!read_near(env, values, count, read, &fits)) return false;
  return fits || read_far(env, values, count, read);
}

void fields_free(fields *read) { free(read->far); }

// One pass over the strings, which is all that a usual event needs.
static bool read_near(napi_env env, const napi_value *values, size_t count, fields *read, bool *fits) {
  size_t used = 0;
  for (size_t n = 0; n < count; n += 2) {
    ar_text *into = text_of(env, values[n], read);
    if (into == NULL) return false;
    size_t room = sizeof(read->near) - used, length = 0;
    if (!went_well(env, napi_get_value_string_utf8(env, values[n + 1], read->near + used, room, &length))) return false;
    if (room - length < UNCUT) {
      *fits = false;
      return true;
    }
    *into = (ar_text){read->near + used, length};
    used += length;
  }
  return true;
}

// Two passes: the lengths first, so that nothing is allocated for what the library refuses anyway.
static bool read_far(napi_env env, const napi_value *values, size_t count, fields *read) {
  size_t total = 1;
  ar_text *too_large = NULL;
  for (size_t n = 0; n < count; n += 2) {
    ar_text *into = text_of(env, values[n], read);
    size_t length = 0;
    if (into == NULL) return false;
    if (!went_well(env, napi_get_value_string_utf8(env, values[n + 1], NULL, 0, &length))) return false;
    *into = (ar_text){read->near, length};
    if (length > AR_MAX_FRAME) too_large = into;
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
  for (size_t n = 0; n < count; n += 2) {
    ar_text *into = text_of(env, values[n], read);
    size_t room = total - (size_t)(next - read->far), length = 0;
    if (into == NULL || !went_well(env, napi_get_value_string_utf8(env, values[n + 1], next, room, &length))) {
      fields_free(read);
      return false;
    }
    *into = (ar_text){next, length};
    next += length;
  }
  return true;
}

// Where a field's text goes; NULL if it threw, because there is no such field.
static ar_text *text_of(napi_env env, napi_value field, fields *read) {
  uint32_t number = 0;
  if (!uint32_from(env, field, &number)) return NULL;
  if (number < FIELDS) return &read->event.channel + number;
  went_well(env, napi_invalid_arg);
  return NULL;
}
