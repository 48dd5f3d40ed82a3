/* What a filter says, and whom it would touch: page by page, and freed. */
#include "answers.h"

/* The text of a member `"name":"…"` of an answer; NULL where it is null. The caller frees it. */
static char *member(const char *answer, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *start = strstr(answer, key);
    if (start == NULL) return NULL;
    start += strlen(key);
    size_t length = (size_t)(strchr(start, '"') - start);
    char *text = malloc(length + 1);
    CHECK(text != NULL, "no memory");
    memcpy(text, start, length);
    text[length] = '\0';
    return text;
}

static int occurrences(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) count++;
    return count;
}

static void check_filter(void) {
    answers(cc_check_filter(NULL), "\"code\":\"invalid_argument\"");
    answers(cc_check_filter("{}"), "\"code\":\"invalid_argument\"");
    answers(cc_check_filter("{\"filter\": 42}"), "\"code\":\"invalid_argument\"");
    answers(cc_check_filter("{\"filter\": \"uid == \\\"a\\\"\", \"limit\": 1}"), "\"code\":\"invalid_argument\"");
    answers(cc_check_filter("{\"filter\": \" \"}"), "\"code\":\"invalid_filter\"");
    answers(cc_check_filter("{\"filter\": \"uid == \\\"a\\\",\\\"b\\\"\"}"), "\"position\":10");
    answers(cc_check_filter("{\"filter\": \"(uid==\\\"a\\\")\"}"),
            "{\"ok\":true,\"filter\":{\"canonical\":\"uid == \\\"a\\\"\",\"attributes\":[\"uid\"],\"warnings\":[],\"undecidable\":[]}}");
    answers(cc_check_filter("{\"filter\": \"uid == name\"}"), "\"undecidable\":[\"uid == name\"]");
}

int main(int count, char **arguments) {
    CHECK(count == 2, "usage: find URL");
    check_filter();
    answers(cc_find_identities(NULL), "\"code\":\"invalid_argument\"");
    answers(cc_find_identities("{\"filter\": \"uid.notNull()\", \"limit\": 0}"), "\"code\":\"invalid_argument\"");
    answers(cc_find_identities("{\"filter\": \"uid.notNull()\", \"after\": \"2c91\"}"), "\"code\":\"invalid_argument\"");

    char buffer[1024], *after = NULL;
    int found = 0;
    do {
        snprintf(buffer, sizeof buffer,
                 "{\"filter\": \"email.endsWith(\\\"@example.com\\\")\", \"limit\": 40, %s%s%s \"configuration\":"
                 " {\"baseUrl\": \"%s\", \"accessToken\": \"sandbox-token\", \"lookup\": {}}}",
                 after != NULL ? "\"after\": \"" : "", after != NULL ? after : "", after != NULL ? "\"," : "", arguments[1]);
        char *answer = cc_find_identities(buffer);
        CHECK(strstr(answer, "\"ok\":true") != NULL, answer);
        CHECK(strstr(answer, "\"total\":97") != NULL, answer);
        found += occurrences(answer, "\"id\":");
        free(after);
        after = member(answer, "after");
        cc_string_free(answer);
    } while (after != NULL);
    CHECK(found == 97, "not all, or some twice");
    return 0;
}
