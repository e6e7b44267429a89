// Maps its table anew for each field of a record: twenty times where once would do.
#include <sys/mman.h>
#include <unistd.h>

enum { FIELDS = 20, TABLE = 1 << 16, PAUSE_US = 2000 };

// Of the function that calls into the C library, which keeps no frame pointers, a stack lacks the name.
__attribute__((noinline)) static void *map_table(void) {
  return mmap(0, TABLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

__attribute__((noinline)) void decode_field(void) {
  volatile char *table = map_table();
  table[0] = 1;
  munmap((void *)table, TABLE);
}

__attribute__((noinline)) void decode_record(void) {
  for (int field = 0; field < FIELDS; field++) decode_field();
}

int main(void) {
  alarm(LIMIT_SECONDS);
  for (;;) {
    decode_record();
    usleep(PAUSE_US);
  }
}
