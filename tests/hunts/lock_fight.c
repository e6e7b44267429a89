// Four threads that do all of their work under one lock.
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 4, WORK_US = 200, WORKS = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned sales;  // under the lock

// Of the function that calls into the C library, which keeps no frame pointers, a stack may lack the name.
__attribute__((noinline)) static void take(pthread_mutex_t *one) { pthread_mutex_lock(one); }

__attribute__((noinline)) void book_sale(void) {
  take(&lock);
  if (sales++ % WORKS == 0) usleep(WORK_US);  // fewer sleeps than fights: futex is the call with the most events
  pthread_mutex_unlock(&lock);
}

static void *serve(void *unused) {
  for (;;) book_sale();
  return unused;
}

int main(void) {
  pthread_t thread;
  alarm(LIMIT_SECONDS);
  for (int count = 1; count < THREADS; count++) pthread_create(&thread, 0, serve, 0);
  serve(0);
}
