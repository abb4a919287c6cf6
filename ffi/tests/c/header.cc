// The header and its initialisers, as C++ sees them.
#include <agent_receipts.h>

int main() {
  ar_emitter emitter = 0;
  ar_error error = AR_ERROR_INIT;
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  ar_event event = AR_EVENT_INIT;
  ar_ack ack = AR_ACK_INIT;
  ar_verifier_config other = AR_VERIFIER_CONFIG_INIT;
  ar_verdict verdict = AR_VERDICT_INIT;
  event.channel = AR_TEXT("sdk");
  event.tool_name = ar_text_of(nullptr);
  other.flags = AR_STRICT;
  verdict.outcome = AR_OUTCOME_NONE;
  return verdict.size > other.size && ar_emitter_new(&config, &emitter, &error) == AR_OK &&
         ar_emitter_emit_acknowledged(emitter, &event, 0, &ack, nullptr) == AR_ERR_REFUSED;
}
