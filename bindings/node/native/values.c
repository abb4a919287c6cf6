#include "values.h"

bool went_well(napi_env env, napi_status status) {
  if (status == napi_ok) return true;
  bool pending = false;
  // An exception that is under way already says more than we could.
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) {
    napi_throw_type_error(env, NULL, "an argument is not of the type that it must have");
  }
  return false;
}

bool ticket_from(napi_env env, napi_value value, ar_emitter *ticket) {
  int64_t number = 0;
  if (!went_well(env, napi_get_value_int64(env, value, &number))) return false;
  // No ticket is negative; 0 is never one, and the library says so.
  *ticket = number < 0 ? 0 : (ar_emitter)number;
  return true;
}

bool uint32_from(napi_env env, napi_value value, uint32_t *number) {
  double given = 0;
  if (!went_well(env, napi_get_value_double(env, value, &given))) return false;
  if (!(given >= 0 && given <= UINT32_MAX)) return went_well(env, napi_invalid_arg);
  *number = (uint32_t)given;
  return true;
}

bool put(napi_env env, napi_value object, const char *name, napi_value value) {
  return went_well(env, napi_set_named_property(env, object, name, value));
}

bool put_number(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  return went_well(env, napi_create_double(env, number, &value)) && put(env, object, name, value);
}

bool put_text(napi_env env, napi_value object, const char *name, const char *text) {
  napi_value value;
  return went_well(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value)) && put(env, object, name, value);
}

napi_value failure_or_undefined(napi_env env, ar_err code, const ar_error *error) {
  napi_value value = NULL;
  if (code == AR_OK) return went_well(env, napi_get_undefined(env, &value)) ? value : NULL;
  bool made = went_well(env, napi_create_object(env, &value)) && put_number(env, value, "number", code) &&
              put_number(env, value, "errorClass", ar_error_class(code)) && put_text(env, value, "message", error->message);
  return made ? value : NULL;
}
