// The emitters of one environment: the main program's or one worker thread's.
//
// A worker's end is no end of the process: what the worker left open is closed with it, so that its counts are not lost.
#ifndef AGENT_RECEIPTS_NODE_OWNED_H
#define AGENT_RECEIPTS_NODE_OWNED_H

#include "values.h"

// To be called once, when the module is loaded into the environment.
bool owned_start(napi_env env);

// Remembers an emitter.
bool owned_add(napi_env env, ar_emitter ticket);

// Forgets one that was given back.
void owned_remove(napi_env env, ar_emitter ticket);

#endif
