/* Background operations: numbers that are good for nothing, a cancel during a name look-up that hangs, many operations
 * from 32 threads, of which no thread is left, and a system that has none. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "answers.h"

enum { THREADS = 32 };

static const char *url;
static long operations;
static char refresh_one[1024];

/* In place of the C library's: a look-up that hangs as long as the test says. Addresses need none. */
static atomic_int hanging, looked_up;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    (void)name, (void)service, (void)hints, (void)found;
    looked_up++;
    while (hanging) usleep(1000);
    return EAI_NONAME;
}

/* In place of the C library's: a system that has no more threads when the test says so. */
static atomic_int no_threads;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (no_threads) return EAGAIN;
    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, start, argument);
}

static int threads(void) {
    int number = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) number += entry->d_name[0] != '.';
    closedir(tasks);
    return number;
}

static void numbers(void) {
    uint64_t operation = cc_operation_start("cc_refresh_identities", refresh_one);
    CHECK(operation != 0, "0");
    char *done = cc_operation_wait(operation, 60000);
    CHECK(strstr(done, "{\"ok\":true,\"state\":\"done\",\"result\":{\"ok\":true") == done, done);
    for (int i = 0; i < 3; i++) {
        char *again = cc_operation_wait(operation, i);
        CHECK(again != done && strcmp(again, done) == 0, again);
        cc_string_free(again);
    }
    cc_string_free(done);
    answers(cc_operation_cancel(operation), "{\"ok\":true,\"sent\":\"yes\"}");
    answers(cc_operation_cancel(operation), "{\"ok\":true,\"sent\":\"yes\"}");
    cc_operation_free(operation);
    cc_operation_free(operation);
    uint64_t nothing[] = {operation, 0, UINT64_MAX, 1ULL << 40};
    for (int i = 0; i < 4; i++) {
        answers(cc_operation_wait(nothing[i], 60000), "{\"ok\":false,\"state\":\"unknown\"");
        answers(cc_operation_cancel(nothing[i]), "{\"ok\":false,\"state\":\"unknown\"");
        cc_operation_free(nothing[i]);
    }

    const char *wrong[][2] = {{NULL, "{}"}, {"cc_version", "{}"}, {"cc_find_identities", NULL}, {"\xff", "\xff"}, {"cc_find_identities", "[]"}};
    for (int i = 0; i < 5; i++) {
        operation = cc_operation_start(wrong[i][0], wrong[i][1]);
        CHECK(operation != 0, "0");
        answers(cc_operation_wait(operation, 60000), "\"code\":\"invalid_argument\"");
        cc_operation_free(operation);
    }
}

static void *wait_for(void *argument) {
    char *answer = cc_operation_wait(*(uint64_t *)argument, UINT32_MAX);
    CHECK(strstr(answer, "\"state\":\"unknown\"") != NULL, answer);
    cc_string_free(answer);
    return NULL;
}

/* The look-up goes on hanging; the call, its waiters and the next call do not. */
static void hanging_name(void) {
    char text[1024];
    snprintf(text, sizeof text,
             "{\"filter\": \"uid == \\\"x\\\"\", \"configuration\": {\"baseUrl\": \"http://localhost:1\", \"clientId\": \"a\","
             " \"clientSecret\": \"b\", \"lookup\": {}}}");
    hanging = 1;
    uint64_t operation = cc_operation_start("cc_refresh_identities", text);
    while (!looked_up) usleep(1000);
    answers(cc_operation_wait(operation, 0), "{\"ok\":true,\"state\":\"running\",\"progress\":{\"phase\":\"token\"");
    answers(cc_operation_cancel(operation), "{\"ok\":true,\"sent\":\"no\"}");
    answers(cc_operation_wait(operation, 60000), "\"code\":\"cancelled\"");
    cc_operation_free(operation);

    pthread_t waiting[4];
    operation = cc_operation_start("cc_refresh_identities", text);
    for (int i = 0; i < 4; i++) pthread_create(&waiting[i], NULL, wait_for, &operation);
    usleep(20000);
    cc_operation_free(operation);
    for (int i = 0; i < 4; i++) pthread_join(waiting[i], NULL);

    answers(cc_refresh_identities(refresh_one), "{\"ok\":true");
    hanging = 0;
}

/* Told at once, and not for ever. */
static void without_threads(void) {
    no_threads = 1;
    for (int i = 0; i < 3; i++) {
        uint64_t operation = cc_operation_start("cc_refresh_identities", refresh_one);
        answers(cc_operation_wait(operation, 60000), "No thread could be started");
        answers(cc_operation_cancel(operation), "{\"ok\":true,\"sent\":\"no\"}");
        cc_operation_free(operation);
    }
    no_threads = 0;
    uint64_t operation = cc_operation_start("cc_refresh_identities", refresh_one);
    answers(cc_operation_wait(operation, 60000), "\"result\":{\"ok\":true");
    cc_operation_free(operation);
}

static void *work(void *argument) {
    for (long i = (long)(size_t)argument; i < operations; i += THREADS) {
        uint64_t operation = cc_operation_start("cc_refresh_identities", refresh_one);
        if (i % 4 == 1) cc_string_free(cc_operation_wait(operation, 1));
        if (i % 4 == 2) cc_string_free(cc_operation_cancel(operation));
        if (i % 4 >= 2) answers(cc_operation_wait(operation, 600000), "\"state\":\"done\"");
        cc_operation_free(operation);
    }
    return NULL;
}

int main(int count, char **arguments) {
    CHECK(count == 3, "usage: operations URL NUMBER");
    url = arguments[1];
    operations = atol(arguments[2]);
    request(refresh_one, sizeof refresh_one, url, "uid == \\\"amelie.roux\\\"");
    answers(cc_refresh_identities(refresh_one), "{\"ok\":true");
    int before = threads();
    numbers();
    pthread_t workers[THREADS];
    for (size_t i = 0; i < THREADS; i++) CHECK(pthread_create(&workers[i], NULL, work, (void *)i) == 0, "pthread_create");
    for (size_t i = 0; i < THREADS; i++) pthread_join(workers[i], NULL);
    for (int i = 0; threads() > before; i++) {
        CHECK(i < 6000, "threads of operations are left");
        usleep(10000);
    }
    without_threads();
    hanging_name();
    return 0;
}
