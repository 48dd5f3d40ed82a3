/* Refreshes of one person from several threads at once: `many URL THREADS CALLS`, so many calls on each thread. Prints the
 * nanoseconds that all of them took, after a first call that is not counted. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pssailpointcc.h"

static char request[1024];
static long calls;

static int refresh(void) {
    char *answer = cc_refresh_identities(request);
    int done = strncmp(answer, "{\"ok\":true", 10) == 0;
    if (!done) fputs(answer, stderr);
    cc_string_free(answer);
    return done;
}

static void *work(void *failed) {
    for (long i = 0; i < calls; i++)
        if (!refresh()) *(int *)failed = 1;
    return NULL;
}

int main(int count, char **arguments) {
    enum { MOST = 256 };
    pthread_t threads[MOST];
    int failed[MOST] = {0};
    long number = count > 3 ? atol(arguments[2]) : 0;
    if (number < 1 || number > MOST) return 2;
    calls = atol(arguments[3]);
    snprintf(request, sizeof request,
             "{\"filter\":\"uid == \\\"amelie.roux\\\"\",\"refreshArgs\":{\"correlateEntitlements\":true,\"promoteAttributes\":true},"
             "\"options\":{\"preflight\":false},\"configuration\":{\"baseUrl\":\"%s\",\"accessToken\":\"sandbox-token\",\"rateLimit\":{\"requests\":10000,\"seconds\":0.001}}}",
             arguments[1]);
    if (!refresh()) return 1;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (long i = 0; i < number; i++)
        if (pthread_create(&threads[i], NULL, work, &failed[i]) != 0) return 1;
    for (long i = 0; i < number; i++) {
        pthread_join(threads[i], NULL);
        if (failed[i]) return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.0f\n", (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec));
    return 0;
}
