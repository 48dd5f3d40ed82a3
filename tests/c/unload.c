/* The library, loaded at run time, is freed after a refresh: its threads run on, and its functions stay good. Linked with
 * nothing. */
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
static void *load(const char *path) { return (void *)LoadLibraryA(path); }
static intptr_t find(void *library, const char *name) { return (intptr_t)GetProcAddress((HMODULE)library, name); }
static int unload(void *library) { return FreeLibrary((HMODULE)library) ? 0 : 1; }
static void pause_ms(unsigned ms) { Sleep(ms); }
#else
#include <dlfcn.h>
#include <time.h>
static void *load(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
static intptr_t find(void *library, const char *name) { return (intptr_t)dlsym(library, name); }
static int unload(void *library) { return dlclose(library); }
static void pause_ms(unsigned ms) {
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}
#endif

#include "check.h"

int main(int count, char **arguments) {
    CHECK(count == 3, "usage: unload LIBRARY URL");
    void *library = load(arguments[1]);
    CHECK(library != NULL, arguments[1]);
    call refresh = (call)find(library, "cc_refresh_identities");
    release string_free = (release)find(library, "cc_string_free");
    start operation_start = (start)find(library, "cc_operation_start");
    await operation_wait = (await)find(library, "cc_operation_wait");
    CHECK(refresh && string_free && operation_start && operation_wait, "no such function");
    char request[1024];
    snprintf(request, sizeof request,
             "{\"filter\": \"uid == \\\"amelie.roux\\\"\", \"configuration\": {\"baseUrl\": \"%s\", \"accessToken\":"
             " \"sandbox-token\", \"lookup\": {}}}",
             arguments[2]);
    /* Starts the thread of the network. */
    string_free(refresh(request));
    /* Starts the thread of an operation, which outlives it for a second. */
    uint64_t operation = operation_start("cc_refresh_identities", request);
    CHECK(unload(library) == 0, "it is not unloaded");
    /* Each of these threads has something to do now, and the idle one ends. */
    char *done = operation_wait(operation, 60000);
    CHECK(strstr(done, "\"state\":\"done\",\"result\":{\"ok\":true") != NULL, done);
    string_free(done);
    pause_ms(1500);
    char *answer = refresh(request);
    CHECK(strncmp(answer, "{\"ok\":true", 10) == 0, answer);
    string_free(answer);
    return 0;
}
