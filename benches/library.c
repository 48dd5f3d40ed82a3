/* N refreshes through the library: `library URL N`. `library URL N preflight`: the same with preflight. `library URL N
   threads T`: N refreshes by each of T threads, which share the library's connections. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pssailpointcc.h"

static char request[1024];
static long calls;

static void *refresh(void *unused) {
    (void)unused;
    for (long i = calls; i > 0; i--) {
        char *answer = cc_refresh_identities(request);
        if (strncmp(answer, "{\"ok\":true", 10) != 0) fputs(answer, stderr), exit(1);
        cc_string_free(answer);
    }
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    int preflight = count > 3 && strcmp(arguments[3], "preflight") == 0;
    int threads = count > 4 && strcmp(arguments[3], "threads") == 0 ? atoi(arguments[4]) : 0;
    snprintf(request, sizeof request,
             "{\"filter\":\"uid == \\\"amelie.roux\\\"\",\"refreshArgs\":{\"correlateEntitlements\":true,\"promoteAttributes\":true},"
             "\"options\":{\"preflight\":%s},\"configuration\":{\"baseUrl\":\"%s\",\"accessToken\":\"sandbox-token\",\"rateLimit\":{\"requests\":10000,\"seconds\":0.001}}}",
             preflight ? "true" : "false", arguments[1]);
    calls = atol(arguments[2]);
    if (threads == 0) return refresh(NULL), 0;
    pthread_t started[threads];
    for (int i = 0; i < threads; i++)
        if (pthread_create(&started[i], NULL, refresh, NULL) != 0) return 1;
    for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
    return 0;
}
