// JavaScript values in and out, with one rule for all of them: what is not as expected becomes an exception of JavaScript.
#ifndef AGENT_RECEIPTS_NODE_VALUES_H
#define AGENT_RECEIPTS_NODE_VALUES_H

#define NAPI_VERSION 8
#include <agent_receipts.h>
#include <node_api.h>
#include <stdbool.h>

// Throws unless a call into Node went well; `false` tells the caller to return at once.
bool went_well(napi_env env, napi_status status);

// An emitter's ticket from a number; throws if it is none. The library judges whether it is a ticket of its own.
bool ticket_from(napi_env env, napi_value value, ar_emitter *ticket);

// A whole number from 0 to 2^32 - 1; throws if it is none.
bool uint32_from(napi_env env, napi_value value, uint32_t *number);

// Sets one member of an object.
bool put(napi_env env, napi_value object, const char *name, napi_value value);
bool put_number(napi_env env, napi_value object, const char *name, double number);
bool put_text(napi_env env, napi_value object, const char *name, const char *text);

// What a call of the library gave: `undefined` if it went well, else `{number, errorClass, message}`. NULL if it threw.
napi_value failure_or_undefined(napi_env env, ar_err code, const ar_error *error);

#endif
