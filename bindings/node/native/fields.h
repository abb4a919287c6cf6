// The fields of an event, as the library reads them: 21 texts of UTF-8.
#ifndef AGENT_RECEIPTS_NODE_FIELDS_H
#define AGENT_RECEIPTS_NODE_FIELDS_H

#include "values.h"

// As JavaScript hands them over: the number of a field and its text, in turn.
enum { FIELDS = 21, FIELD_VALUES = 2 * FIELDS };

// Where the texts of one event stand until the library has read them.
typedef struct fields {
  ar_event event;
  // NULL as long as `near` is large enough.
  char *far;
  char near[8192];
} fields;

// Reads `count` values, or throws and leaves nothing to be freed: for more than there are fields, or for what is no field or no text.
//
// A text above `AR_MAX_FRAME` is not copied: the library refuses it by its length before it reads a byte.
bool fields_from(napi_env env, const napi_value *values, size_t count, fields *read);

// To be called once for each `fields_from` that went well.
void fields_free(fields *read);

#endif
