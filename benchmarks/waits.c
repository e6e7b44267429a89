/* The processes of the recorded waits. The name under which this is started chooses the part:
 *   orders     three threads book orders under one lock; SIGUSR1 starts an audit that keeps it long, SIGUSR2 ends it
 *   ledger     writes 20 entries a second to a file and waits for the disk each time
 *   backup     writes large blocks to another file of the same disk without a pause
 * Built without optimization (-O0), so that each function is a frame of the stacks. Each part ends by itself after 150 s. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 3, ENTRY = 4096, ENTRIES = 1024, BLOCK = 4 << 20, BLOCKS = 64 };

static volatile unsigned long sum;

static void sleep_us(long us)
{
  struct timespec pause = {us / 1000000, us % 1000000 * 1000};
  nanosleep(&pause, 0);
}

static void add_up(int rounds)
{
  for (int round = 0; round < rounds * 100; round++)
    sum = sum * 31 + round;
}

/* orders */

static pthread_mutex_t stock = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t audited;

/* The C library keeps no frame pointer: of the function that calls it, a stack may lack the name. */
static void lock_stock(void)
{
  pthread_mutex_lock(&stock);
}

static void reserve_stock(void)
{
  lock_stock();
  add_up(200);
  pthread_mutex_unlock(&stock);
}

static void book_order(void)
{
  add_up(1000);
  reserve_stock();
}

static void *book_orders(void *number)
{
  char name[16];
  snprintf(name, sizeof name, "order-%ld", (long)number);
  prctl(PR_SET_NAME, name);
  for (;;) {
    book_order();
    sleep_us(10000);
  }
}

static void count_stock(void)
{
  lock_stock();
  sleep_us(30000);
  pthread_mutex_unlock(&stock);
}

static void *audit(void *unused)
{
  prctl(PR_SET_NAME, "audit");
  for (;;) {
    if (audited)
      count_stock();
    sleep_us(10000);
  }
  return unused;
}

static void begin(int number)
{
  audited = number == SIGUSR1;
}

static void orders(void)
{
  pthread_t thread;
  signal(SIGUSR1, begin);
  signal(SIGUSR2, begin);
  for (long number = 1; number <= WORKERS; number++)
    pthread_create(&thread, 0, book_orders, (void *)number);
  audit(0);
}

/* ledger and backup */

static void sync_entry(int file)
{
  fdatasync(file);
}

static void write_entry(int file, const char *entry, int number)
{
  pwrite(file, entry, ENTRY, (long)ENTRY * (number % ENTRIES));
  sync_entry(file);
}

static void ledger(const char *path)
{
  static char entry[ENTRY];
  int file = open(path, O_WRONLY);
  for (int number = 0;; number++) {
    memset(entry, number, ENTRY);
    write_entry(file, entry, number);
    sleep_us(50000);
  }
}

static void copy_block(int file, const char *block, int number)
{
  pwrite(file, block, BLOCK, (long)BLOCK * (number % BLOCKS));
}

static void backup(const char *path)
{
  void *block;
  int file = open(path, O_WRONLY | O_CREAT | O_DIRECT, 0600);
  posix_memalign(&block, 4096, BLOCK);
  memset(block, 7, BLOCK);
  for (int number = 0;; number++)
    copy_block(file, block, number);
}

int main(int count, char **words)
{
  const char *part = strrchr(words[0], '/') + 1;
  alarm(150);
  if (strcmp(part, "orders") == 0)
    orders();
  else if (strcmp(part, "ledger") == 0)
    ledger(words[1]);
  else if (strcmp(part, "backup") == 0)
    backup(words[1]);
  return 0;
}
