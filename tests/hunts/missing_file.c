// Looks for a file that is not there, its argument, before each piece of its work.
#include <fcntl.h>
#include <unistd.h>

enum { WORK_US = 500 };

int main(int count, char **words) {
  alarm(LIMIT_SECONDS);
  for (;;) {
    int file = open(words[count - 1], O_RDONLY);
    if (file >= 0) close(file);
    usleep(WORK_US);
  }
}
