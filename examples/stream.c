/* Refreshes the people whose uid is in a file, one a line, while the file is read; `-` is the standard input. Prints each
 * finished batch as a line of JSON, and the totals at the end. With a journal the same command goes on after a crash.
 * The tenant and its credentials come from SAIL_BASE_URL, SAIL_CLIENT_ID and SAIL_CLIENT_SECRET.
 *
 *     cc examples/stream.c -Iinclude -Ltarget/release -lpssailpointcc -o stream
 *     LD_LIBRARY_PATH=target/release ./stream people.txt people.jsonl
 */
#include <stdio.h>
#include <string.h>

#include "pssailpointcc.h"

#define NAMES 100   /* of one send */
#define LENGTH 1024 /* of a line, in bytes */

/* Writes a text as JSON, at most six times as long and two quotes; gives the end of what it wrote. */
static char *write_text(char *to, const char *text) {
    *to++ = '"';
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20) {
            to += sprintf(to, "\\u%04x", (unsigned)*text);
            continue;
        }
        if (*text == '"' || *text == '\\') *to++ = '\\';
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return to;
}

/* Reads names and writes what is to be sent. Tells whether there may be more; -1 where a line is too long. */
static int read_names(FILE *file, char *to) {
    char line[LENGTH];
    int count = 0;
    to += sprintf(to, "{\"identities\": [");
    while (count < NAMES && fgets(line, sizeof line, file) != NULL) {
        if (strlen(line) == sizeof line - 1) {
            fprintf(stderr, "This line is too long: %.40s...\n", line);
            return -1;
        }
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0') continue;
        if (count++ > 0) *to++ = ',';
        to = write_text(to, line);
    }
    int more = count == NAMES;
    sprintf(to, "], \"end\": %s}", more ? "false" : "true");
    return more;
}

/* Tells whether the buffer is full, or -1 where the names were not taken. */
static int send_names(uint64_t operation, const char *json) {
    char *answer = cc_operation_send(operation, json);
    int taken = strncmp(answer, "{\"ok\":true", 10) == 0;
    int full = strstr(answer, "\"full\":true") != NULL;
    if (!taken) fprintf(stderr, "%s\n", answer);
    cc_string_free(answer);
    return taken ? full : -1;
}

int main(int count, char **arguments) {
    static char names[64 + NAMES * (6 * LENGTH + 3)], request[256 + 6 * LENGTH];
    if (count < 2 || count > 3 || (count == 3 && strlen(arguments[2]) >= LENGTH)) {
        fprintf(stderr, "usage: stream FILE [JOURNAL]\n");
        return 2;
    }
    FILE *file = strcmp(arguments[1], "-") == 0 ? stdin : fopen(arguments[1], "r");
    if (file == NULL) {
        perror(arguments[1]);
        return 2;
    }
    char *end = request + sprintf(request, "{\"stream\": true, \"identityAttribute\": \"uid\","
                                           " \"refreshArgs\": {\"promoteAttributes\": true}, \"options\": {");
    if (count == 3) end = write_text(end + sprintf(end, "\"journal\": "), arguments[2]);
    sprintf(end, "}}");

    uint64_t operation = cc_operation_start("cc_refresh_identities", request);
    int more = 1, full = 0, done = 0, succeeded = 0;
    while (!done) {
        if (more && full) {
            /* Asks whether there is room now: names that the journal knows as done leave without a batch. */
            full = send_names(operation, "{\"identities\": []}");
        } else if (more) {
            more = read_names(file, names);
            full = more < 0 ? -1 : send_names(operation, names);
        }
        if (full < 0) {
            /* The end tells what had become of everybody by then. */
            cc_string_free(cc_operation_cancel(operation));
            more = full = 0;
        }
        char *answer = cc_operation_wait(operation, more && !full ? 0 : 200);
        done = strncmp(answer, "{\"ok\":true,\"state\":\"done\"", 25) == 0;
        succeeded = done && strstr(answer, "\"result\":{\"ok\":true") != NULL;
        if (strstr(answer, "\"state\":\"running\"") == NULL) puts(answer);
        cc_string_free(answer);
    }
    cc_operation_free(operation);
    return succeeded ? 0 : 1;
}
