// Appends lines to the file that is its argument. After each line it waits for the disk twice: for the file, and for
// the folder that it is in, which is the working directory.
#include <fcntl.h>
#include <unistd.h>

static const char line[] = "one line of a journal\n";

// Of the function that calls into the C library, which keeps no frame pointers, a stack lacks the name.
__attribute__((noinline)) static void save(int file, int folder) {
  fsync(file);
  fsync(folder);
}

__attribute__((noinline)) void append_line(int file, int folder) {
  if (write(file, line, sizeof line - 1) < 0) _exit(1);
  save(file, folder);
}

int main(int count, char **words) {
  int file = open(words[count - 1], O_WRONLY | O_CREAT | O_TRUNC, 0600), folder = open(".", O_RDONLY);
  if (file < 0 || folder < 0) return 1;
  alarm(LIMIT_SECONDS);
  for (;;) append_line(file, folder);
}
