#define _POSIX_C_SOURCE 200809L
#include "receiver.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 60, MOST_OF_A_FRAME = 1 << 20 };

static void must(int truth, const char *what) {
  if (!truth) {
    perror(what);
    abort();
  }
}

static void answer(struct receiver *receiver, int socket, const char *frame) {
  if (receiver->reply != NULL && strstr(frame, "\"ack\":true") != NULL) {
    size_t length = strlen(receiver->reply);
    unsigned char header[4] = {(unsigned char)(length >> 24), (unsigned char)(length >> 16),
                               (unsigned char)(length >> 8), (unsigned char)length};
    must(send(socket, header, sizeof header, MSG_NOSIGNAL) == (ssize_t)sizeof header, "send");
    must(send(socket, receiver->reply, length, MSG_NOSIGNAL) == (ssize_t)length, "send");
  }
}

/* Takes whole frames out of what has come. */
static void take_frames(struct receiver *receiver, struct connection *connection) {
  while (connection->length >= 4) {
    const unsigned char *head = (const unsigned char *)connection->bytes;
    size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    must(length <= MOST_OF_A_FRAME, "a frame longer than any");
    if (connection->length < 4 + length) {
      return;
    }
    char *frame = malloc(length + 1);
    must(frame != NULL && receiver->frame_count < RECEIVER_FRAMES, "room for a frame");
    memcpy(frame, connection->bytes + 4, length);
    frame[length] = '\0';
    connection->length -= 4 + length;
    memmove(connection->bytes, connection->bytes + 4 + length, connection->length);
    pthread_mutex_lock(&receiver->lock);
    receiver->frame_lengths[receiver->frame_count] = length;
    receiver->frames[receiver->frame_count++] = frame;
    pthread_cond_broadcast(&receiver->changed);
    pthread_mutex_unlock(&receiver->lock);
    answer(receiver, connection->socket, frame);
  }
}

/* Reads what is there; 0 at the end of the connection. */
static int take_bytes(struct receiver *receiver, struct connection *connection) {
  ssize_t count = recv(connection->socket, connection->bytes + connection->length,
                       4 + MOST_OF_A_FRAME - connection->length, 0);
  if (count <= 0) {
    return count < 0 && errno == EINTR;
  }
  connection->length += (size_t)count;
  take_frames(receiver, connection);
  return 1;
}

static void hang_up(struct receiver *receiver, size_t index) {
  struct connection *connection = &receiver->connections[index];
  close(connection->socket);
  free(connection->bytes);
  *connection = receiver->connections[--receiver->connection_count];
}

static void take_connection(struct receiver *receiver) {
  struct connection *connection = &receiver->connections[receiver->connection_count];
  must(receiver->connection_count < RECEIVER_CONNECTIONS, "room for a connection");
  connection->socket = accept(receiver->listener, NULL, NULL);
  connection->length = 0;
  connection->bytes = malloc(4 + MOST_OF_A_FRAME);
  must(connection->socket >= 0 && connection->bytes != NULL, "accept");
  receiver->connection_count++;
  pthread_mutex_lock(&receiver->lock);
  receiver->accepted++;
  pthread_mutex_unlock(&receiver->lock);
}

static void *receive(void *argument) {
  struct receiver *receiver = argument;
  for (;;) {
    struct pollfd sources[2 + RECEIVER_CONNECTIONS] = {{receiver->wake[0], POLLIN, 0}, {receiver->listener, POLLIN, 0}};
    size_t count = receiver->connection_count;
    for (size_t index = 0; index < count; index++) {
      sources[2 + index] = (struct pollfd){receiver->connections[index].socket, POLLIN, 0};
    }
    if (poll(sources, 2 + count, -1) < 0) {
      must(errno == EINTR, "poll");
      continue;
    }
    /* From the last: hanging up moves the last one to its place. */
    for (size_t index = count; index-- > 0;) {
      if (sources[2 + index].revents != 0 && !take_bytes(receiver, &receiver->connections[index])) {
        hang_up(receiver, index);
      }
    }
    if (sources[0].revents != 0) {
      return NULL;
    }
    if (sources[1].revents != 0) {
      take_connection(receiver);
    }
  }
}

void receiver_start(struct receiver *receiver, const char *reply) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memset(receiver, 0, sizeof *receiver);
  receiver->reply = reply;
  strcpy(receiver->folder, "/tmp/ar-c-XXXXXX");
  must(mkdtemp(receiver->folder) != NULL, "mkdtemp");
  snprintf(receiver->path, sizeof receiver->path, "%s/s", receiver->folder);
  strcpy(address.sun_path, receiver->path);
  receiver->listener = socket(AF_UNIX, SOCK_STREAM, 0);
  must(receiver->listener >= 0, "socket");
  must(bind(receiver->listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  must(listen(receiver->listener, 128) == 0, "listen");
  must(pipe(receiver->wake) == 0, "pipe");
  must(pthread_mutex_init(&receiver->lock, NULL) == 0, "mutex");
  must(pthread_cond_init(&receiver->changed, NULL) == 0, "condition");
  must(pthread_create(&receiver->thread, NULL, receive, receiver) == 0, "thread");
}

const char *receiver_frame(struct receiver *receiver, size_t count) {
  struct timespec deadline;
  const char *frame;
  int waited = 0;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += PATIENCE_SECONDS;
  pthread_mutex_lock(&receiver->lock);
  while (receiver->frame_count < count && waited == 0) {
    waited = pthread_cond_timedwait(&receiver->changed, &receiver->lock, &deadline);
  }
  frame = receiver->frame_count < count ? NULL : receiver->frames[count - 1];
  pthread_mutex_unlock(&receiver->lock);
  return frame;
}

size_t receiver_accepted(struct receiver *receiver) {
  size_t accepted;
  pthread_mutex_lock(&receiver->lock);
  accepted = receiver->accepted;
  pthread_mutex_unlock(&receiver->lock);
  return accepted;
}

void receiver_stop(struct receiver *receiver) {
  must(write(receiver->wake[1], "", 1) == 1, "write");
  pthread_join(receiver->thread, NULL);
  while (receiver->connection_count > 0) {
    hang_up(receiver, 0);
  }
  for (size_t index = 0; index < receiver->frame_count; index++) {
    free(receiver->frames[index]);
  }
  close(receiver->listener);
  close(receiver->wake[0]);
  close(receiver->wake[1]);
  unlink(receiver->path);
  rmdir(receiver->folder);
  pthread_mutex_destroy(&receiver->lock);
  pthread_cond_destroy(&receiver->changed);
}
