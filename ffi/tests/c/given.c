#define _POSIX_C_SOURCE 200809L
#include "given.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS = (sizeof(ar_event) - sizeof(size_t)) / sizeof(ar_text) };

ar_event given_event(void) {
  ar_event event = AR_EVENT_INIT;
  event.channel = AR_TEXT("sdk");
  event.tool_name = AR_TEXT("tool");
  event.decision = AR_TEXT("allowed");
  return event;
}

ar_emitter given_emitter(const char *socket) {
  ar_emitter emitter = 0;
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  config.socket_path = ar_text_of(socket);
  config.session_id = AR_TEXT("s");
  config.flags = AR_NO_DROP_FOLDER;
  config.dial_timeout_ms = 30000;
  config.write_timeout_ms = 30000;
  CHECK_CODE(ar_emitter_new(&config, &emitter, NULL), AR_OK);
  CHECK(emitter != 0 && emitter < (uint64_t)1 << 53);
  return emitter;
}

uint64_t dropped(ar_emitter emitter) {
  uint64_t count = 77;
  CHECK_CODE(ar_emitter_dropped(emitter, &count, NULL), AR_OK);
  return count;
}

unsigned char *packed(const ar_event *event, size_t *length) {
  const ar_text *fields = &event->channel;
  uint32_t lengths[1 + FIELDS] = {FIELDS};
  unsigned char *bytes, *at;
  *length = sizeof lengths;
  for (size_t index = 0; index < FIELDS; index++) {
    lengths[1 + index] = fields[index].data == NULL ? AR_PACKED_ABSENT : (uint32_t)fields[index].length;
    *length += fields[index].length;
  }
  bytes = malloc(*length);
  CHECK(bytes != NULL);
  memcpy(bytes, lengths, sizeof lengths);
  at = bytes + sizeof lengths;
  for (size_t index = 0; index < FIELDS; index++) {
    if (fields[index].length > 0) {
      memcpy(at, fields[index].data, fields[index].length);
      at += fields[index].length;
    }
  }
  return bytes;
}
