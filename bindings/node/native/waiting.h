// The calls that wait, on a thread of Node's pool, each giving JavaScript a promise.
#ifndef AGENT_RECEIPTS_NODE_WAITING_H
#define AGENT_RECEIPTS_NODE_WAITING_H

#include "values.h"

napi_value waiting_emit(napi_env env, napi_callback_info info);
napi_value waiting_close(napi_env env, napi_callback_info info);
napi_value waiting_free(napi_env env, napi_callback_info info);

#endif
