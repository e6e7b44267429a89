// Four threads that do all of their work under one lock.
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 4, WORK = 20000, WORKS = 64, PAUSE_US = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned sales;  // under the lock

// Of the function that calls into the C library, which keeps no frame pointers, a stack may lack the name.
__attribute__((noinline)) static void take(pthread_mutex_t *one) { pthread_mutex_lock(one); }

__attribute__((noinline)) void book_sale(void) {
  take(&lock);
  for (volatile int step = 0; step < WORK; step++) {}
  // A thread that is stopped here makes the others wait, also on a busy host. Sleeps are few: futex is the call with
  // the most events.
  if (sales++ % WORKS == 0) usleep(PAUSE_US);
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
