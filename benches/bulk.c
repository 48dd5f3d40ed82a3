/* One call for many people: `bulk FILE`, where FILE holds the request. Prints the peak memory in bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "pssailpointcc.h"

static long peak(void) {
    /* On Linux, getrusage includes the time before exec. */
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes;
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1) return kilobytes * 1024;
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

int main(int count, char **arguments) {
    FILE *file = count > 1 ? fopen(arguments[1], "rb") : NULL;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) return 2;
    long length = ftell(file);
    rewind(file);
    char *request = calloc((size_t)length + 1, 1);
    if (request == NULL || fread(request, 1, (size_t)length, file) != (size_t)length) return 2;
    fclose(file);
    char *answer = cc_refresh_identities(request);
    if (strncmp(answer, "{\"ok\":true", 10) != 0) return fprintf(stderr, "%.2000s\n", answer), 1;
    cc_string_free(answer);
    printf("%ld\n", peak());
    return 0;
}
