// Computes all the time, all of it in one function.
#include <unistd.h>

enum { BYTES = 1000000 };

volatile unsigned long sum;

__attribute__((noinline)) void hash_block(void) {
  for (unsigned long byte = 0; byte < BYTES; byte++) sum = sum * 31 + byte;
}

int main(void) {
  alarm(LIMIT_SECONDS);
  for (;;) hash_block();
}
