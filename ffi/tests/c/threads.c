/* 64 threads at once. */
#define _POSIX_C_SOURCE 200809L
#include "given.h"
#include "receiver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, EACH = 10 };

struct work {
  ar_emitter emitter;
  size_t number;
  size_t succeeded;
  size_t unexpected; /* codes that must not come */
};

static void run_all(void *(*body)(void *), struct work *works) {
  pthread_t threads[THREADS];
  for (size_t index = 0; index < THREADS; index++) {
    CHECK(pthread_create(&threads[index], NULL, body, &works[index]) == 0);
  }
  for (size_t index = 0; index < THREADS; index++) {
    pthread_join(threads[index], NULL);
  }
}

static void *emit_each(void *argument) {
  struct work *work = argument;
  for (size_t index = 0; index < EACH; index++) {
    ar_event event = given_event();
    ar_error error = AR_ERROR_INIT;
    char id[32];
    snprintf(id, sizeof id, "%zu-%zu", work->number, index);
    event.correlation_id = ar_text_of(id);
    if (ar_emitter_emit(work->emitter, &event, &error) == AR_OK) {
      work->succeeded++;
    } else {
      work->unexpected++;
    }
  }
  return NULL;
}

static void each_event_of_64_threads_arrives_whole_and_once(void) {
  static struct work works[THREADS];
  struct receiver receiver;
  ar_emitter emitter;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  for (size_t index = 0; index < THREADS; index++) {
    works[index] = (struct work){emitter, index, 0, 0};
  }
  run_all(emit_each, works);
  CHECK(receiver_frame(&receiver, THREADS * EACH) != NULL);
  for (size_t number = 0; number < THREADS; number++) {
    CHECK(works[number].succeeded == EACH);
    for (size_t index = 0; index < EACH; index++) {
      char member[64];
      size_t found = 0;
      snprintf(member, sizeof member, "\"correlation_id\":\"%zu-%zu\"}", number, index);
      for (size_t frame = 1; frame <= THREADS * EACH; frame++) {
        const char *text = receiver_frame(&receiver, frame);
        size_t length = strlen(text), tail = strlen(member);
        found += length > tail && strcmp(text + length - tail, member) == 0;
      }
      CHECK(found == 1);
    }
  }
  CHECK(receiver_accepted(&receiver) == 1);
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
  receiver_stop(&receiver);
}

/* Uses an emitter that others close and free meanwhile. */
static void *use_until_freed(void *argument) {
  struct work *work = argument;
  for (size_t index = 0; index < 50; index++) {
    ar_event event = given_event();
    ar_error error = AR_ERROR_INIT;
    ar_err code = ar_emitter_emit(work->emitter, &event, &error);
    work->unexpected += code != AR_OK && code != AR_ERR_CLOSED && code != AR_ERR_HANDLE;
    if (work->number % 16 == 1 && index == 25) {
      code = work->number == 1 ? ar_emitter_close(work->emitter, NULL) : ar_emitter_free(work->emitter, NULL);
      work->unexpected += code != AR_OK && code != AR_ERR_HANDLE;
      work->succeeded += code == AR_OK && work->number != 1;
    }
  }
  return NULL;
}

static void an_emitter_may_be_freed_under_64_threads(void) {
  static struct work works[THREADS];
  struct receiver receiver;
  ar_emitter emitter;
  size_t freed = 0, unexpected = 0;
  receiver_start(&receiver, NULL);
  emitter = given_emitter(receiver.path);
  for (size_t index = 0; index < THREADS; index++) {
    works[index] = (struct work){emitter, index, 0, 0};
  }
  run_all(use_until_freed, works);
  for (size_t index = 0; index < THREADS; index++) {
    freed += works[index].succeeded;
    unexpected += works[index].unexpected;
  }
  CHECK(freed == 1);
  CHECK(unexpected == 0);
  receiver_stop(&receiver);
}

/* Makes, uses and frees emitters of its own. */
static void *come_and_go(void *argument) {
  struct work *work = argument;
  for (size_t index = 0; index < EACH; index++) {
    ar_emitter_config config = AR_EMITTER_CONFIG_INIT;
    ar_event event = given_event();
    ar_emitter emitter;
    config.socket_path = AR_TEXT("/nowhere/s");
    config.flags = AR_NO_DROP_FOLDER;
    if (ar_emitter_new(&config, &emitter, NULL) == AR_OK && ar_emitter_emit(emitter, &event, NULL) == AR_ERR_DIAL &&
        ar_emitter_free(emitter, NULL) == AR_OK && ar_emitter_free(emitter, NULL) == AR_ERR_HANDLE) {
      work->succeeded++;
    }
  }
  return NULL;
}

static void emitters_of_64_threads_do_not_meet(void) {
  static struct work works[THREADS];
  for (size_t index = 0; index < THREADS; index++) {
    works[index] = (struct work){0, index, 0, 0};
  }
  run_all(come_and_go, works);
  for (size_t index = 0; index < THREADS; index++) {
    CHECK(works[index].succeeded == EACH);
  }
}

/* Fails in its own way, and reads its own words. */
static void *read_own_error(void *argument) {
  struct work *work = argument;
  char expected[96];
  snprintf(expected, sizeof expected, "unknown decision `w%zu` (want allowed|denied|pending)", work->number);
  for (size_t index = 0; index < EACH; index++) {
    ar_event event = given_event();
    ar_error error = AR_ERROR_INIT, last = AR_ERROR_INIT;
    char word[16];
    snprintf(word, sizeof word, "w%zu", work->number);
    event.decision = ar_text_of(word);
    if (ar_emitter_emit(work->emitter, &event, &error) == AR_ERR_UNKNOWN_DECISION && ar_last_error(&last) == AR_OK &&
        strcmp(error.message, expected) == 0 && strcmp(last.message, expected) == 0) {
      work->succeeded++;
    }
  }
  return NULL;
}

static void each_thread_reads_its_own_error(void) {
  static struct work works[THREADS];
  ar_emitter emitter = given_emitter("/nowhere/s");
  for (size_t index = 0; index < THREADS; index++) {
    works[index] = (struct work){emitter, index, 0, 0};
  }
  run_all(read_own_error, works);
  for (size_t index = 0; index < THREADS; index++) {
    CHECK(works[index].succeeded == EACH);
  }
  CHECK_CODE(ar_emitter_free(emitter, NULL), AR_OK);
}

const struct test thread_tests[] = {TEST(each_event_of_64_threads_arrives_whole_and_once),
                                    TEST(an_emitter_may_be_freed_under_64_threads),
                                    TEST(emitters_of_64_threads_do_not_meet),
                                    TEST(each_thread_reads_its_own_error),
                                    END_OF_TESTS};
