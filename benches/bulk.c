/* Refreshes many people, and prints the peak memory in bytes. `bulk FILE`: one call, where FILE holds the request;
 * `bulk FILE NUMBER`: the names of so many people, streamed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "pssailpointcc.h"

static long peak(void) {
    /* getrusage counts on Linux what the process was before exec, too. */
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes;
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1) return kilobytes * 1024;
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

/* Streams the names of so many people; tells whether all were refreshed. */
static int stream(const char *request, long people) {
    uint64_t operation = cc_operation_start("cc_refresh_identities", request);
    long sent = 0;
    int full = 0, ended = 0, done = 0, succeeded = 0;
    while (!done) {
        if (!ended) {
            /* With no names it asks whether there is room again. */
            char json[8192], *end = json + sprintf(json, "{\"identities\": [");
            for (int names = 0; !full && names < 250 && sent < people; names++, sent++)
                end += sprintf(end, "%s\"person.%06ld\"", names > 0 ? "," : "", sent);
            ended = sent == people;
            sprintf(end, "], \"end\": %s}", ended ? "true" : "false");
            char *answer = cc_operation_send(operation, json);
            full = strstr(answer, "\"full\":true") != NULL;
            cc_string_free(answer);
        }
        char *answer = cc_operation_wait(operation, full || ended ? 100 : 0);
        done = strncmp(answer, "{\"ok\":true,\"state\":\"done\"", 25) == 0;
        succeeded = done && strstr(answer, "\"result\":{\"ok\":true") != NULL;
        if (done && !succeeded) fprintf(stderr, "%.2000s\n", answer);
        cc_string_free(answer);
    }
    return succeeded;
}

int main(int count, char **arguments) {
    FILE *file = count > 1 ? fopen(arguments[1], "rb") : NULL;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) return 2;
    long length = ftell(file);
    rewind(file);
    char *request = calloc((size_t)length + 1, 1);
    if (request == NULL || fread(request, 1, (size_t)length, file) != (size_t)length) return 2;
    fclose(file);
    if (count > 2) {
        if (!stream(request, atol(arguments[2]))) return 1;
    } else {
        char *answer = cc_refresh_identities(request);
        if (strncmp(answer, "{\"ok\":true", 10) != 0) return fprintf(stderr, "%.2000s\n", answer), 1;
        cc_string_free(answer);
    }
    printf("%ld\n", peak());
    return 0;
}
