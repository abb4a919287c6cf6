#include "waiting.h"

#include <stdlib.h>

#include "fields.h"
#include "owned.h"

typedef struct job job;

// One call under way. The environment's thread makes it and ends it; the pool's thread touches it in between, and nothing of JavaScript's.
struct job {
  ar_err (*call)(job *);
  napi_async_work work;
  napi_deferred promise;
  ar_emitter ticket;
  uint32_t patience_ms;
  fields read;
  ar_err code;
  ar_error error;
  ar_ack ack;
};

static napi_value begin(napi_env env, job *begun, const char *name);
static void run(napi_env env, void *data);
static void end(napi_env env, napi_status status, void *data);
static napi_value outcome(napi_env env, const job *ended);
static job *job_from(napi_env env, napi_callback_info info, ar_err (*call)(job *));

static ar_err call_emit(job *of) {
  return ar_emitter_emit_acknowledged(of->ticket, &of->read.event, of->patience_ms, &of->ack, &of->error);
}
static ar_err call_close(job *of) { return ar_emitter_close(of->ticket, &of->error); }
static ar_err call_free(job *of) { return ar_emitter_free(of->ticket, &of->error); }

// (ticket, patienceMs, ...fields) => Promise<acknowledgement | failure>
napi_value waiting_emit(napi_env env, napi_callback_info info) {
  napi_value values[2 + FIELD_VALUES];
  size_t count = 2 + FIELD_VALUES;
  if (!went_well(env, napi_get_cb_info(env, info, &count, values, NULL, NULL))) return NULL;
  job *begun = job_from(env, info, call_emit);
  if (begun == NULL) return NULL;
  if (uint32_from(env, values[1], &begun->patience_ms) && fields_from(env, values + 2, count - 2, &begun->read)) {
    return begin(env, begun, "agentreceipts:emit");
  }
  free(begun);
  return NULL;
}

// (ticket) => Promise<undefined | failure>
napi_value waiting_close(napi_env env, napi_callback_info info) {
  job *begun = job_from(env, info, call_close);
  return begun == NULL ? NULL : begin(env, begun, "agentreceipts:close");
}

// (ticket) => Promise<undefined | failure>
napi_value waiting_free(napi_env env, napi_callback_info info) {
  job *begun = job_from(env, info, call_free);
  if (begun == NULL) return NULL;
  owned_remove(env, begun->ticket);
  return begin(env, begun, "agentreceipts:free");
}

static job *job_from(napi_env env, napi_callback_info info, ar_err (*call)(job *)) {
  napi_value value;
  size_t count = 1;
  ar_emitter ticket;
  if (!went_well(env, napi_get_cb_info(env, info, &count, &value, NULL, NULL))) return NULL;
  if (!ticket_from(env, value, &ticket)) return NULL;
  job *begun = calloc(1, sizeof(*begun));
  if (begun == NULL) {
    napi_throw_error(env, NULL, "no memory for another call");
    return NULL;
  }
  begun->call = call;
  begun->ticket = ticket;
  begun->error = (ar_error)AR_ERROR_INIT;
  begun->ack = (ar_ack)AR_ACK_INIT;
  return begun;
}

static napi_value begin(napi_env env, job *begun, const char *name) {
  napi_value promise, label;
  if (went_well(env, napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &label)) &&
      went_well(env, napi_create_async_work(env, NULL, label, run, end, begun, &begun->work))) {
    if (went_well(env, napi_create_promise(env, &begun->promise, &promise)) &&
        went_well(env, napi_queue_async_work(env, begun->work))) {
      return promise;
    }
    napi_delete_async_work(env, begun->work);
  }
  fields_free(&begun->read);
  free(begun);
  return NULL;
}

static void run(napi_env env, void *data) {
  (void)env;
  job *running = data;
  running->code = running->call(running);
}

static void end(napi_env env, napi_status status, void *data) {
  job *ended = data;
  // A call that was cancelled belongs to an environment that ends: nobody is left to be told.
  napi_value value = status == napi_ok ? outcome(env, ended) : NULL;
  if (value != NULL) napi_resolve_deferred(env, ended->promise, value);
  napi_delete_async_work(env, ended->work);
  fields_free(&ended->read);
  free(ended);
}

static napi_value outcome(napi_env env, const job *ended) {
  const ar_ack *ack = &ended->ack;
  napi_value value = NULL;
  if (ended->code == AR_ERR_REFUSED) {
    value = failure_or_undefined(env, ended->code, &ended->error);
    bool told = value != NULL && put_text(env, value, "refusalCode", ack->refusal_code) &&
                put_text(env, value, "refusalMessage", ack->refusal_message);
    return told ? value : NULL;
  }
  if (ended->code != AR_OK || ended->call != call_emit) return failure_or_undefined(env, ended->code, &ended->error);
  bool told = went_well(env, napi_create_object(env, &value)) && put_text(env, value, "receiptId", ack->receipt_id) &&
              put_text(env, value, "chainId", ack->chain_id) && put_number(env, value, "sequence", (double)ack->sequence) &&
              put_text(env, value, "receiptHash", ack->receipt_hash);
  return told ? value : NULL;
}
