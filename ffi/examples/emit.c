/* Records one tool call: cc emit.c -lagent_receipts */
#include <agent_receipts.h>
#include <stdio.h>

int main(void) {
  ar_emitter emitter;
  ar_error error = AR_ERROR_INIT;
  ar_event event = AR_EVENT_INIT;
  event.channel = AR_TEXT("sdk");
  event.tool_name = AR_TEXT("read_file");
  event.decision = AR_TEXT("allowed");
  event.input = AR_TEXT("{\"path\":\"a.txt\"}");

  if (ar_emitter_new(NULL, &emitter, &error) != AR_OK || ar_emitter_emit(emitter, &event, &error) != AR_OK) {
    fprintf(stderr, "not recorded: %s\n", error.message);
    return 1;
  }
  return ar_emitter_free(emitter, &error) != AR_OK;
}
