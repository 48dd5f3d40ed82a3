/* What the library takes in memory: `resident LIBRARY URL CA_FILE`. Prints the resident bytes after a refresh over https, less
   those before the library was loaded. Linux. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long resident(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1) break;
    if (status != NULL) fclose(status);
    return kilobytes * 1024;
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    long before = resident();
    void *library = dlopen(arguments[1], RTLD_NOW);
    if (library == NULL) return fputs(dlerror(), stderr), 1;
    char *(*refresh)(const char *);
    *(void **)&refresh = dlsym(library, "cc_refresh_identities");
    char request[4096];
    snprintf(request, sizeof request,
             "{\"filter\":\"uid == \\\"amelie.roux\\\"\",\"configuration\":{\"baseUrl\":\"%s\",\"accessToken\":\"sandbox-token\",\"caFile\":\"%s\"}}",
             arguments[2], arguments[3]);
    char *answer = refresh(request);
    if (strncmp(answer, "{\"ok\":true", 10) != 0) return fputs(answer, stderr), 1;
    printf("%ld\n", resident() - before);
    return 0;
}
