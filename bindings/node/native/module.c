// The module that `require` loads: `libagent_receipts` for JavaScript, function by function, and nothing of its own.
#include "emitter.h"
#include "owned.h"
#include "waiting.h"

static bool add(napi_env env, napi_value exports, const char *name, napi_callback call) {
  napi_value function;
  return went_well(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, call, NULL, &function)) &&
         put(env, exports, name, function);
}

// Every number that the library can give, by its name.
static bool add_codes(napi_env env, napi_value exports) {
  napi_value codes;
  if (!went_well(env, napi_create_object(env, &codes))) return false;
  for (int32_t code = 0; code < 1000; code++) {
    const char *name = ar_error_name(code);
    if (name != NULL && !put_number(env, codes, name, code)) return false;
  }
  return put(env, exports, "errorCodes", codes);
}

NAPI_MODULE_INIT() {
  ar_error error = AR_ERROR_INIT;
  if (ar_abi_check(AR_ABI_MAJOR, AR_ABI_MINOR, &error) != AR_OK) {
    napi_throw_error(env, NULL, error.message);
    return NULL;
  }
  bool made = owned_start(env) && add_codes(env, exports) && put_text(env, exports, "version", ar_version()) &&
              put_text(env, exports, "frameVersion", ar_frame_version()) &&
              put_number(env, exports, "maxFrame", AR_MAX_FRAME) && add(env, exports, "create", emitter_new) &&
              add(env, exports, "emit", emitter_emit) && add(env, exports, "dropped", emitter_dropped) &&
              add(env, exports, "sessionId", emitter_session_id) && add(env, exports, "socketPath", emitter_socket_path) &&
              add(env, exports, "defaultSocketPath", default_socket_path) &&
              add(env, exports, "emitAcknowledged", waiting_emit) && add(env, exports, "close", waiting_close) &&
              add(env, exports, "free", waiting_free);
  return made ? exports : NULL;
}
