#include "owned.h"

#include <stdlib.h>

typedef struct owned {
  ar_emitter *tickets;
  size_t count, room;
} owned;

static void give_all_back(void *data);

bool owned_start(napi_env env) {
  owned *all = calloc(1, sizeof(*all));
  if (all == NULL) return false;
  if (went_well(env, napi_set_instance_data(env, all, NULL, NULL)) &&
      went_well(env, napi_add_env_cleanup_hook(env, give_all_back, all))) {
    return true;
  }
  free(all);
  return false;
}

bool owned_add(napi_env env, ar_emitter ticket) {
  owned *all = NULL;
  if (!went_well(env, napi_get_instance_data(env, (void **)&all))) return false;
  if (all->count == all->room) {
    size_t room = all->room * 2 + 4;
    ar_emitter *tickets = realloc(all->tickets, room * sizeof(*tickets));
    if (tickets == NULL) {
      napi_throw_error(env, NULL, "no memory for another emitter");
      return false;
    }
    all->tickets = tickets;
    all->room = room;
  }
  all->tickets[all->count++] = ticket;
  return true;
}

void owned_remove(napi_env env, ar_emitter ticket) {
  owned *all = NULL;
  if (napi_get_instance_data(env, (void **)&all) != napi_ok) return;
  for (size_t n = 0; n < all->count; n++) {
    if (all->tickets[n] == ticket) {
      all->tickets[n] = all->tickets[--all->count];
      return;
    }
  }
}

// Runs when the environment ends, whether its program came to its end or was terminated.
static void give_all_back(void *data) {
  owned *all = data;
  // No failure could be told to anybody, and a ticket that is gone already is none.
  for (size_t n = 0; n < all->count; n++) ar_emitter_free(all->tickets[n], NULL);
  free(all->tickets);
  free(all);
}
