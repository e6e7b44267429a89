/* The processes of the recorded incident. The name under which this is started chooses the part:
 *   shopd      answers 100 requests a second: reads a page, formats it, sends it to itself
 *   report     reads a file of orders 16 bytes at a time, and adds them up
 * Built without optimization (-O0), so that each function is a frame of the stacks. Each part ends by itself after 150 s. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sum;

static void sleep_us(long us)
{
  struct timespec pause = {0, us * 1000};
  nanosleep(&pause, 0);
}

static void add_up(const char *text, long size, int rounds)
{
  for (int round = 0; round < rounds; round++)
    for (long at = 0; at < size; at++)
      sum = sum * 31 + (unsigned char)text[at];
}

/* report */

static long fill(int file, char *field)
{
  return read(file, field, 16);
}

static long next_field(int file, char *field)
{
  long size = fill(file, field);
  sum += size > 0;
  return size;
}

static long parse_order(int file)
{
  char field[16];
  long size = 0;
  for (int number = 0; number < 8; number++) {
    size = next_field(file, field);
    if (size <= 0)
      break;
    add_up(field, size, 500);
  }
  return size;
}

static void monthly_report(const char *path)
{
  int file = open(path, O_RDONLY);
  while (parse_order(file) > 0)
    sum++;
  close(file);
}

/* shopd */

static long read_page(const char *path, char *page)
{
  int file = open(path, O_RDONLY);
  long size = read(file, page, 8192);
  close(file);
  return size;
}

static void render_page(const char *page, long size)
{
  add_up(page, size, 40);
}

static void send_page(int ends[2], const char *page, char *answer)
{
  write(ends[0], page, 2048);
  read(ends[1], answer, 2048);
  sum++;
}

static void serve(const char *path, int ends[2])
{
  char page[8192], answer[2048];
  long size = read_page(path, page);
  render_page(page, size);
  send_page(ends, page, answer);
  sum++;
}

int main(int count, char **words)
{
  alarm(150);
  if (count < 2)
    return 2;
  if (strstr(words[0], "report"))
    for (;;)
      monthly_report(words[1]);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
    return 1;
  for (;;) {
    serve(words[1], ends);
    sleep_us(10000);
  }
}
