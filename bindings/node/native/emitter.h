// The functions on emitters that JavaScript calls; each one takes what its comment in emitter.c says.
#ifndef AGENT_RECEIPTS_NODE_EMITTER_H
#define AGENT_RECEIPTS_NODE_EMITTER_H

#include "values.h"

napi_value emitter_new(napi_env env, napi_callback_info info);
napi_value emitter_emit(napi_env env, napi_callback_info info);
napi_value emitter_dropped(napi_env env, napi_callback_info info);
napi_value emitter_session_id(napi_env env, napi_callback_info info);
napi_value emitter_socket_path(napi_env env, napi_callback_info info);
napi_value default_socket_path(napi_env env, napi_callback_info info);

#endif
