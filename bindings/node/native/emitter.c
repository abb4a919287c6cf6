#include "emitter.h"

#include <stdlib.h>

#include "fields.h"
#include "owned.h"

// The texts that make an emitter, in the order of its arguments: socket path, session, and the four of the identity.
enum { CONFIG_TEXTS = 6, CONFIG_TEXT_MAX = 4096 };

static bool arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values);
static napi_value text_or_failure(napi_env env, ar_err code, const char *text, size_t length, const ar_error *error);

// (socketPath, sessionId, issuerName, issuerModel, operatorId, operatorName: string | undefined) => ticket | failure
napi_value emitter_new(napi_env env, napi_callback_info info) {
  napi_value values[CONFIG_TEXTS];
  if (!arguments(env, info, CONFIG_TEXTS, values)) return NULL;
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  ar_text *texts[CONFIG_TEXTS] = {&config.socket_path,  &config.session_id,  &config.issuer_name,
                                  &config.issuer_model, &config.operator_id, &config.operator_name};
  char room[CONFIG_TEXTS][CONFIG_TEXT_MAX];
  for (size_t n = 0; n < CONFIG_TEXTS; n++) {
    napi_valuetype type = napi_undefined;
    if (!went_well(env, napi_typeof(env, values[n], &type))) return NULL;
    if (type == napi_undefined) continue;
    size_t length = 0;
    // The caller has seen to it that each text fits (`MAX_OPTION_BYTES`).
    if (!went_well(env, napi_get_value_string_utf8(env, values[n], room[n], CONFIG_TEXT_MAX, &length))) return NULL;
    *texts[n] = (ar_text){room[n], length};
  }
  ar_emitter ticket = 0;
  ar_error error = AR_ERROR_INIT;
  ar_err code = ar_emitter_new(&config, &ticket, &error);
  if (code != AR_OK) return failure_or_undefined(env, code, &error);
  napi_value number;
  if (owned_add(env, ticket) && went_well(env, napi_create_int64(env, (int64_t)ticket, &number))) return number;
  ar_emitter_free(ticket, NULL);
  return NULL;
}

// (ticket, ...fields) => undefined | failure
napi_value emitter_emit(napi_env env, napi_callback_info info) {
  napi_value values[1 + FIELD_VALUES];
  size_t count = 1 + FIELD_VALUES;
  ar_emitter ticket;
  fields read;
  if (!went_well(env, napi_get_cb_info(env, info, &count, values, NULL, NULL))) return NULL;
  if (!ticket_from(env, values[0], &ticket) || !fields_from(env, values + 1, count - 1, &read)) return NULL;
  ar_error error = AR_ERROR_INIT;
  ar_err code = ar_emitter_emit(ticket, &read.event, &error);
  fields_free(&read);
  return failure_or_undefined(env, code, &error);
}

// (ticket) => number | failure
napi_value emitter_dropped(napi_env env, napi_callback_info info) {
  napi_value value;
  ar_emitter ticket;
  if (!arguments(env, info, 1, &value) || !ticket_from(env, value, &ticket)) return NULL;
  uint64_t dropped = 0;
  ar_error error = AR_ERROR_INIT;
  ar_err code = ar_emitter_dropped(ticket, &dropped, &error);
  if (code != AR_OK) return failure_or_undefined(env, code, &error);
  napi_value number;
  return went_well(env, napi_create_double(env, (double)dropped, &number)) ? number : NULL;
}

// (ticket) => string | failure
napi_value emitter_session_id(napi_env env, napi_callback_info info) {
  napi_value value;
  ar_emitter ticket;
  if (!arguments(env, info, 1, &value) || !ticket_from(env, value, &ticket)) return NULL;
  char text[CONFIG_TEXT_MAX];
  size_t length = 0;
  ar_error error = AR_ERROR_INIT;
  ar_err code = ar_emitter_session_id(ticket, text, sizeof(text), &length, &error);
  return text_or_failure(env, code, text, length, &error);
}

// (ticket) => string | failure
napi_value emitter_socket_path(napi_env env, napi_callback_info info) {
  napi_value value;
  ar_emitter ticket;
  if (!arguments(env, info, 1, &value) || !ticket_from(env, value, &ticket)) return NULL;
  char text[CONFIG_TEXT_MAX];
  size_t length = 0;
  ar_error error = AR_ERROR_INIT;
  ar_err code = ar_emitter_socket_path(ticket, text, sizeof(text), &length, &error);
  return text_or_failure(env, code, text, length, &error);
}

// () => string | failure
napi_value default_socket_path(napi_env env, napi_callback_info info) {
  (void)info;
  char text[CONFIG_TEXT_MAX];
  size_t length = 0;
  ar_error error = AR_ERROR_INIT;
  ar_err code = ar_default_socket_path(text, sizeof(text), &length, &error);
  return text_or_failure(env, code, text, length, &error);
}

// Missing arguments arrive as `undefined`.
static bool arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values) {
  size_t count = wanted;
  return went_well(env, napi_get_cb_info(env, info, &count, values, NULL, NULL));
}

static napi_value text_or_failure(napi_env env, ar_err code, const char *text, size_t length, const ar_error *error) {
  if (code != AR_OK) return failure_or_undefined(env, code, error);
  napi_value value;
  return went_well(env, napi_create_string_utf8(env, text, length, &value)) ? value : NULL;
}
