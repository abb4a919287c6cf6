/* What most tests begin with. */
#ifndef GIVEN_H
#define GIVEN_H

#include "check.h"

/* An event with what every event needs. */
ar_event given_event(void);
/* An emitter to this socket that is patient enough for Valgrind; its session is `s`. */
ar_emitter given_emitter(const char *socket);
/* How many events it has lost. */
uint64_t dropped(ar_emitter emitter);
/* The event, packed into new memory, with `*length` bytes. */
unsigned char *packed(const ar_event *event, size_t *length);

#endif
