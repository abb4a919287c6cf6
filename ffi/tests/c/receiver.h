/* The other end of the socket: takes frames apart, keeps them, and answers those that ask. */
#ifndef RECEIVER_H
#define RECEIVER_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

enum { RECEIVER_CONNECTIONS = 128, RECEIVER_FRAMES = 2048 };

struct connection {
  int socket;
  char *bytes;
  size_t length;
};

struct receiver {
  char folder[32];
  char path[64];
  int listener;
  int wake[2];
  const char *reply; /* to each frame that asks; NULL answers nothing */
  struct connection connections[RECEIVER_CONNECTIONS];
  size_t connection_count;
  size_t accepted;
  char *frames[RECEIVER_FRAMES]; /* each ended by NUL */
  size_t frame_lengths[RECEIVER_FRAMES];
  size_t frame_count;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t thread;
};

/* Listens in a new folder of its own. */
void receiver_start(struct receiver *receiver, const char *reply);
/* Waits until there are `count` frames, and gives the last of them; NULL when they do not come. */
const char *receiver_frame(struct receiver *receiver, size_t count);
/* How many connections there were. */
size_t receiver_accepted(struct receiver *receiver);
/* Hangs up, and removes the folder. */
void receiver_stop(struct receiver *receiver);

#endif
