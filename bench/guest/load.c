/* The load of the benchmark: connections, bulk and datagrams, with as little work of its own as can be. In: a mode and
 * its numbers; out: one line, "NANOSECONDS IDLE-NANOSECONDS UNITS PACKETS": packets are those that the box
 * received meanwhile, by the /proc/PID/net/dev that COUNTERS names. No connection may fail.
 *
 *   load serve ADDRESS                    serves endless data on port 81, who the client is on 82, as many bytes as it
 *                                         is told on 83, HTTP on 84; answers short datagrams on 9
 *   load run COMMAND…                     runs it; UNITS is 0
 *   load connect ADDRESS COUNT            so many HTTP connections, one after the other
 *   load bulk ADDRESS CONNECTIONS BYTES   downloads that much over so many at once, after a fifth of it uncounted
 *   load datagrams ADDRESS FLOWS COUNT    so many datagrams of 64 bytes in turn over flows that were answered once
 *   load who ADDRESS DESTINATIONS COUNT   so many connections, one after the other, to so many addresses from there on
 *                                         in turn; prints instead, a line each, as whom the server saw it
 *   load probe ADDRESS SECONDS            begins a connection every 50 ms for so long, to 1000 addresses from there
 *                                         on in turn; prints instead, a line each, the millisecond it began at and 1,
 *                                         or 0 if it was not answered within a second
 *   load fetch ADDRESS BIG SMALL BYTES SECONDS
 *                                         so many endless downloads beside so many of files of that size, one after
 *                                         the other each, for so long; prints "NANOSECONDS 0 BYTES"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { endless = 81, who = 82, files = 83, http = 84, discard = 9, most = 64 };

static const char request[] = "GET /index.html HTTP/1.0\r\nHost: server.example\r\nUser-Agent: load\r\n\r\n";
static const char response[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\n"
                               "a page of 20 bytes.\n";
static char block[65536];

static void must(int good, const char *what) {
  if (good) return;
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Small ones, that do not grow: what waits in them was carried before it is counted, and single segments do not overrun
 * a queue. */
static void fix_buffers(int s) {
  int bytes = 32768;
  setsockopt(s, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt(s, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* What all processors were idle so far, in ns: /proc/stat counts in hundredths of a second. */
static int64_t idle(void) {
  long long user, nice, system, idle, wait;
  FILE *stat = fopen("/proc/stat", "r");
  must(stat != NULL, "/proc/stat");
  must(fscanf(stat, "cpu %lld %lld %lld %lld %lld", &user, &nice, &system, &idle, &wait) == 5, "/proc/stat");
  fclose(stat);
  return (idle + wait) * INT64_C(10000000);
}

/* What the box's interfaces received so far, but for its own. */
static long long packets(void) {
  char line[512], name[32];
  long long sum = 0, bytes, received;
  const char *path = getenv("COUNTERS");
  FILE *counters = fopen(path == NULL ? "/proc/net/dev" : path, "r");
  must(counters != NULL, "COUNTERS");
  while (fgets(line, sizeof line, counters) != NULL)
    if (sscanf(line, " %31[^: ]: %lld %lld", name, &bytes, &received) == 3 && strcmp(name, "lo") != 0) sum += received;
  fclose(counters);
  return sum;
}

struct moment { long long packets; int64_t idle, time; };

static struct moment moment(void) {
  struct moment m = {.packets = packets(), .idle = idle()};
  m.time = now();
  return m;
}

static void report(struct moment begin, long units) {
  int64_t took = now() - begin.time, quiet = idle() - begin.idle;
  printf("%lld %lld %ld %lld\n", (long long)took, (long long)quiet, units, packets() - begin.packets);
}

static void run(char **command) {
  int status;
  struct moment begin = moment();
  pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(command[0], command);
    must(0, command[0]);
  }
  must(waitpid(child, &status, 0) == child, "wait");
  report(begin, 0);
  exit(status != 0);
}

static struct sockaddr_in at(const char *address, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  must(inet_pton(AF_INET, address, &to.sin_addr) == 1, address);
  return to;
}

static int connected(const struct sockaddr_in *to, int type) {
  int s = socket(AF_INET, type, 0);
  must(s >= 0, "socket");
  if (type == SOCK_STREAM) fix_buffers(s);
  must(connect(s, (const struct sockaddr *)to, sizeof *to) == 0, "connect");
  return s;
}

static int bound(const char *address, int type, int port) {
  struct sockaddr_in own = at(address, port);
  int s = socket(AF_INET, type, 0), on = 1;
  must(s >= 0, "socket");
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  must(bind(s, (struct sockaddr *)&own, sizeof own) == 0, "bind");
  if (type == SOCK_STREAM) fix_buffers(s);
  if (type == SOCK_STREAM) must(listen(s, 1024) == 0, "listen");
  return s;
}

static void serve_http(int listener) {
  for (;;) {
    int s = accept(listener, NULL, NULL);
    if (s < 0) continue;
    if (read(s, block, sizeof block) > 0 && write(s, response, sizeof response - 1) < 0) perror("load: write");
    close(s);
  }
}

static void serve_who(int listener) {
  struct sockaddr_in peer;
  for (;;) {
    socklen_t length = sizeof peer;
    int s = accept(listener, (struct sockaddr *)&peer, &length);
    if (s < 0) continue;
    dprintf(s, "%s\n", inet_ntoa(peer.sin_addr));
    close(s);
  }
}

/* A process for each connection. */
static void fork_each(int listener, void (*serve_one)(int)) {
  for (;;) {
    int s = accept(listener, NULL, NULL);
    if (s < 0) continue;
    if (fork() == 0) {
      close(listener);
      serve_one(s);
      _exit(0);
    }
    close(s);
  }
}

static void send_endless(int s) {
  while (write(s, block, sizeof block) > 0) continue;
}

static void send_file(int s) {
  long left = 0;
  ssize_t sent = 1;
  if (read(s, &left, sizeof left) != sizeof left) left = 0;
  while (left > 0 && sent > 0) {
    sent = write(s, block, left < (long)sizeof block ? left : (long)sizeof block);
    left -= sent;
  }
}

static void serve_datagrams(int s) {
  for (;;) {
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t got = recvfrom(s, block, 16, 0, (struct sockaddr *)&from, &length);
    if (got > 0) sendto(s, block, got, 0, (struct sockaddr *)&from, length);
  }
}

static void serve(const char *address) {
  int pages = bound("0.0.0.0", SOCK_STREAM, http);
  int data = bound("0.0.0.0", SOCK_STREAM, endless);
  int asked = bound("0.0.0.0", SOCK_STREAM, who), shelf = bound("0.0.0.0", SOCK_STREAM, files);
  int datagrams = bound(address, SOCK_DGRAM, discard); /* so that answers come from there */
  signal(SIGCHLD, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  if (fork() == 0) fork_each(data, send_endless);
  if (fork() == 0) serve_who(asked);
  if (fork() == 0) fork_each(shelf, send_file);
  if (fork() == 0) serve_datagrams(datagrams);
  if (fork() == 0) serve_http(pages);
}

static void get(const struct sockaddr_in *to) {
  ssize_t got, all = 0;
  int s = connected(to, SOCK_STREAM);
  must(write(s, request, sizeof request - 1) > 0, "write");
  while ((got = read(s, block, sizeof block)) > 0) all += got;
  must(got == 0 && all == sizeof response - 1, "the answer");
  close(s);
}

static void connections(const char *address, long count) {
  struct sockaddr_in to = at(address, http);
  for (int i = 0; i < 12; i++) get(&to); /* neighbours, caches */
  struct moment begin = moment();
  for (long i = 0; i < count; i++) get(&to);
  report(begin, count);
}

static void download(struct pollfd *polled, int count, long bytes) {
  while (bytes > 0) {
    must(poll(polled, count, 10000) > 0, "poll");
    for (int i = 0; i < count; i++) {
      if (!polled[i].revents) continue;
      ssize_t got = read(polled[i].fd, block, sizeof block);
      must(got > 0, "read");
      bytes -= got;
    }
  }
}

static void bulk(const char *address, int count, long bytes) {
  struct sockaddr_in to = at(address, endless);
  struct pollfd polled[most];
  must(count <= most, "too many connections");
  for (int i = 0; i < count; i++) polled[i] = (struct pollfd){.fd = connected(&to, SOCK_STREAM), .events = POLLIN};
  download(polled, count, bytes / 5);
  struct moment begin = moment();
  download(polled, count, bytes);
  report(begin, bytes);
}

/* A flow that was answered twice, or -1: multipath routes can give a flow's second packet to another link than its
 * first, where masquerading drops it. */
static int answered(const struct sockaddr_in *to) {
  int s = connected(to, SOCK_DGRAM);
  for (int twice = 0; twice < 2; twice++) {
    struct pollfd answer = {.fd = s, .events = POLLIN};
    must(send(s, "first", 5, 0) == 5, "send");
    if (poll(&answer, 1, 5000) == 1 && recv(s, block, sizeof block, 0) == 5) continue;
    close(s);
    return -1;
  }
  return s;
}

static void datagrams(const char *address, int flows, long count) {
  struct sockaddr_in to = at(address, discard);
  int s[most];
  must(flows <= most, "too many flows");
  for (int i = 0; i < flows; i++) {
    s[i] = -1;
    for (int tries = 0; tries < 5 && s[i] < 0; tries++) s[i] = answered(&to);
    must(s[i] >= 0, "the answer");
  }
  struct moment begin = moment();
  for (long i = 0; i < count; i++) must(send(s[i % flows], block, 64, 0) == 64, "send");
  report(begin, count);
}

static void ask(const char *address, int destinations, long count) {
  struct sockaddr_in to = at(address, who);
  uint32_t first = ntohl(to.sin_addr.s_addr);
  for (long i = 0; i < count; i++) {
    ssize_t got, all = 0;
    to.sin_addr.s_addr = htonl(first + i % destinations);
    int s = connected(&to, SOCK_STREAM);
    while ((got = read(s, block + all, 64)) > 0) all += got;
    must(got == 0 && all > 0, "the answer");
    must(fwrite(block, 1, all, stdout) == (size_t)all, "stdout");
    close(s);
  }
}

static int opened(const struct sockaddr_in *to, long bytes) {
  int s = connected(to, SOCK_STREAM);
  must(write(s, &bytes, sizeof bytes) == sizeof bytes, "write");
  return s;
}

static void fetch(const char *address, int big, int small, long bytes, int seconds) {
  struct sockaddr_in to = at(address, files);
  struct pollfd polled[most];
  long long all = 0;
  int64_t begin = now(), warm = begin + INT64_C(2000000000), end = warm + seconds * INT64_C(1000000000);
  must(big + small <= most, "too many connections");
  for (int i = 0; i < big + small; i++)
    polled[i] = (struct pollfd){.fd = opened(&to, i < big ? LONG_MAX : bytes), .events = POLLIN};
  while (now() < end) {
    must(poll(polled, big + small, 10000) > 0, "poll");
    for (int i = 0; i < big + small; i++) {
      if (!polled[i].revents) continue;
      ssize_t got = read(polled[i].fd, block, sizeof block);
      must(got >= 0, "read");
      if (now() >= warm) all += got;
      if (got > 0) continue;
      close(polled[i].fd);
      polled[i].fd = opened(&to, bytes);
    }
  }
  printf("%lld 0 %lld\n", (long long)(now() - warm), all);
}

/* The attempts of a second, as a ring: what is as old as that is given up when its place is needed. */
static void probe(const char *address, int seconds) {
  enum { every = 50, ring = 20 };
  struct sockaddr_in to = at(address, who);
  uint32_t first = ntohl(to.sin_addr.s_addr);
  struct pollfd polled[ring];
  int began[ring];
  int64_t begin = now();
  for (int i = 0; i < ring; i++) polled[i] = (struct pollfd){.fd = -1};
  for (int n = 0; n < seconds * 1000 / every + ring; n++) {
    int i = n % ring;
    int64_t next = begin + (n + 1) * every * INT64_C(1000000);
    if (polled[i].fd >= 0) {
      printf("%d 0\n", began[i]);
      close(polled[i].fd);
      polled[i].fd = -1;
    }
    if (n < seconds * 1000 / every) {
      began[i] = (now() - begin) / 1000000;
      to.sin_addr.s_addr = htonl(first + n % 1000);
      polled[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .events = POLLIN};
      if (connect(polled[i].fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        printf("%d 0\n", began[i]);
        close(polled[i].fd);
        polled[i].fd = -1;
      }
    }
    while (now() < next) {
      poll(polled, ring, (next - now()) / 1000000 + 1);
      for (int j = 0; j < ring; j++) {
        if (polled[j].fd < 0 || !polled[j].revents) continue;
        printf("%d %d\n", began[j], read(polled[j].fd, block, sizeof block) > 0);
        close(polled[j].fd);
        polled[j].fd = -1;
      }
    }
  }
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "serve") == 0) serve(argv[2]);
  else if (argc > 2 && strcmp(argv[1], "run") == 0) run(argv + 2);
  else if (argc == 4 && strcmp(argv[1], "connect") == 0) connections(argv[2], atol(argv[3]));
  else if (argc == 5 && strcmp(argv[1], "bulk") == 0) bulk(argv[2], atoi(argv[3]), atol(argv[4]));
  else if (argc == 5 && strcmp(argv[1], "datagrams") == 0) datagrams(argv[2], atoi(argv[3]), atol(argv[4]));
  else if (argc == 5 && strcmp(argv[1], "who") == 0) ask(argv[2], atoi(argv[3]), atol(argv[4]));
  else if (argc == 4 && strcmp(argv[1], "probe") == 0) probe(argv[2], atoi(argv[3]));
  else if (argc == 7 && strcmp(argv[1], "fetch") == 0)
    fetch(argv[2], atoi(argv[3]), atoi(argv[4]), atol(argv[5]), atoi(argv[6]));
  else return fprintf(stderr, "load: wrong arguments\n"), 2;
  return 0;
}
