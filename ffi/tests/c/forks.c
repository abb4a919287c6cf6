/* Both sides of a fork, and the end of a process. */
#define _POSIX_C_SOURCE 200809L
#include "given.h"
#include "receiver.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits for a child that ends by 0 if all was as it should be. */
static void check_child(pid_t child) {
  int status = -1;
  CHECK(child > 0);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_child_has_a_connection_of_its_own(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_emitter emitter;
  pid_t child;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  child = fork();
  if (child == 0) {
    ar_err sent = ar_emitter_emit(emitter, &event, NULL);
    ar_err freed = ar_emitter_free(emitter, NULL);
    _exit(sent == AR_OK && freed == AR_OK && ar_emitter_free(emitter, NULL) == AR_ERR_HANDLE ? 0 : 1);
  }
  check_child(child);
  /* What the child freed is the parent's still. */
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK(receiver_frame(&receiver, 3) != NULL);
  CHECK(receiver_accepted(&receiver) == 2);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static void a_child_never_tells_its_parents_drops(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_emitter emitter;
  char away[sizeof receiver.path];
  pid_t child;
  receiver_start(&receiver, NULL);
  snprintf(away, sizeof away, "%s/t", receiver.folder);
  emitter = given_emitter(receiver.path);
  CHECK(rename(receiver.path, away) == 0);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_DIAL);
  CHECK(rename(away, receiver.path) == 0);
  child = fork();
  if (child == 0) {
    uint64_t count = 7;
    _exit(ar_emitter_dropped(emitter, &count, NULL) == AR_OK && count == 0 &&
                  ar_emitter_emit(emitter, &event, NULL) == AR_OK
              ? 0
              : 1);
  }
  check_child(child);
  CHECK(strstr(receiver_frame(&receiver, 1), "drop_count") == NULL);
  CHECK(dropped(emitter) == 1);
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
  CHECK(strstr(receiver_frame(&receiver, 2), ",\"drop_count\":1}") != NULL);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

static void what_a_program_without_standard_streams_prints_is_no_frame(void) {
  struct receiver receiver;
  ar_event event = given_event();
  ar_emitter emitter;
  pid_t child;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  child = fork();
  if (child == 0) {
    ssize_t written = 0;
    for (int stream = 0; stream <= 2; stream++) close(stream);
    ar_err first = ar_emitter_emit(emitter, &event, NULL);
    for (int stream = 0; stream <= 2; stream++) written += write(stream, "printed", 7);
    ar_err second = ar_emitter_emit(emitter, &event, NULL);
    _exit(first == AR_OK && second == AR_OK && written == -3 ? 0 : 1);
  }
  check_child(child);
  CHECK(strstr(receiver_frame(&receiver, 2), "\"decision\":\"allowed\"") != NULL);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

enum { BUSY_THREADS = 16, CHILDREN = 20 };

struct busy {
  ar_emitter emitter;
  pthread_mutex_t lock;
  int over;
};

static int is_over(struct busy *busy) {
  int over;
  pthread_mutex_lock(&busy->lock);
  over = busy->over;
  pthread_mutex_unlock(&busy->lock);
  return over;
}

static void *emit_and_make(void *argument) {
  struct busy *busy = argument;
  while (!is_over(busy)) {
    ar_event event = given_event();
    ar_emitter other;
    ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
    config.socket_path = AR_TEXT("/nowhere/s");
    config.flags = AR_NO_DROP_FOLDER;
    event.decision = AR_TEXT("nonsense");
    ar_emitter_emit(busy->emitter, &event, NULL);
    event = given_event();
    ar_emitter_emit(busy->emitter, &event, NULL);
    if (ar_emitter_new(&config, &other, NULL) == AR_OK) {
      ar_emitter_free(other, NULL);
    }
  }
  return NULL;
}

/* Whatever the parent's threads were in the middle of, the child waits for none of them. */
static void children_of_busy_parents_can_emit(void) {
  struct busy busy = {given_emitter("/nowhere/s"), PTHREAD_MUTEX_INITIALIZER, 0};
  pthread_t threads[BUSY_THREADS];
  pid_t children[CHILDREN];
  for (size_t index = 0; index < BUSY_THREADS; index++) {
    CHECK(pthread_create(&threads[index], NULL, emit_and_make, &busy) == 0);
  }
  for (size_t index = 0; index < CHILDREN; index++) {
    children[index] = fork();
    if (children[index] == 0) {
      ar_event event = given_event();
      ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
      ar_emitter own;
      config.socket_path = AR_TEXT("/nowhere/s");
      config.flags = AR_NO_DROP_FOLDER;
      /* Ends a child that waits for ever. */
      alarm(120);
      if (ar_emitter_emit(busy.emitter, &event, NULL) == AR_ERR_DIAL && ar_emitter_new(&config, &own, NULL) == AR_OK &&
          ar_emitter_free(own, NULL) == AR_OK && ar_emitter_close(busy.emitter, NULL) == AR_OK) {
        /* Not by `_exit`: Valgrind would find what the parent's threads, which are not here, were about to free. */
        execlp("true", "true", (char *)NULL);
      }
      _exit(1);
    }
  }
  for (size_t index = 0; index < CHILDREN; index++) {
    check_child(children[index]);
  }
  pthread_mutex_lock(&busy.lock);
  busy.over = 1;
  pthread_mutex_unlock(&busy.lock);
  for (size_t index = 0; index < BUSY_THREADS; index++) {
    pthread_join(threads[index], NULL);
  }
  CHECK_CODE(ar_emitter_free(busy.emitter, NULL), AR_OK);
}

/* An emitter of session `left` that leaves its drops in this folder. */
static ar_emitter leaving_emitter(const char *socket, const char *folder) {
  ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
  ar_emitter emitter = 0;
  config.socket_path = ar_text_of(socket);
  config.session_id = AR_TEXT("left");
  config.drop_folder = ar_text_of(folder);
  config.dial_timeout_ms = 30000;
  config.write_timeout_ms = 30000;
  CHECK_CODE(ar_emitter_new(&config, &emitter, NULL), AR_OK);
  return emitter;
}

static void remove_folder(const char *folder) {
  DIR *entries = opendir(folder);
  struct dirent *entry;
  while (entries != NULL && (entry = readdir(entries)) != NULL) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    unlink(path);
  }
  if (entries != NULL) {
    closedir(entries);
  }
  rmdir(folder);
}

/* What a process has lost when it ends, by `exit` or by closing, is told by the next one of its session. */
static void what_was_lost_is_left_for_the_next(void) {
  for (int by_exit = 0; by_exit < 2; by_exit++) {
    struct receiver receiver;
    ar_event event = given_event();
    ar_emitter emitter;
    char folder[64];
    pid_t child;
    receiver_start(&receiver, NULL);
    snprintf(folder, sizeof folder, "%s/drops", receiver.folder);
    fflush(stdout);
    child = fork();
    if (child == 0) {
      emitter = leaving_emitter("/nowhere/s", folder);
      for (int index = 0; index < 3; index++) {
        ar_emitter_emit(emitter, &event, NULL);
      }
      if (by_exit) {
        exit(0);
      }
      _exit(ar_emitter_close(emitter, NULL) == AR_OK && dropped(emitter) == 0 ? 0 : 1);
    }
    check_child(child);
    emitter = leaving_emitter(receiver.path, folder);
    CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
    CHECK(strstr(receiver_frame(&receiver, 1), ",\"drop_count\":3}") != NULL);
    CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_OK);
    CHECK(strstr(receiver_frame(&receiver, 2), "drop_count") == NULL);
    CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
    remove_folder(folder);
    receiver_stop(&receiver);
  }
}

static void what_cannot_be_left_is_counted_after_closing(void) {
  ar_event event = given_event();
  ar_emitter emitter = leaving_emitter("/nowhere/s", "/nowhere/drops");
  CHECK_CODE(ar_emitter_emit(emitter, &event, NULL), AR_ERR_DIAL);
  CHECK_CODE(ar_emitter_close(emitter, NULL), AR_OK);
  CHECK(dropped(emitter) == 1);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

const struct test fork_tests[] = {TEST(a_child_has_a_connection_of_its_own),
                                  TEST(a_child_never_tells_its_parents_drops),
                                  TEST(what_a_program_without_standard_streams_prints_is_no_frame),
                                  TEST(children_of_busy_parents_can_emit),
                                  TEST(what_was_lost_is_left_for_the_next),
                                  TEST(what_cannot_be_left_is_counted_after_closing),
                                  END_OF_TESTS};
