/* Whatever comes in, an error envelope comes out, and nothing is sent. */
#include "answers.h"

static void refused(const char *json) {
    answers(cc_refresh_identities(json), "\"code\":\"invalid_argument\"");
    answers(cc_configure(json != NULL ? json : "null"), "\"code\":\"invalid_argument\"");
}

/* `prefix`, then `count` times `part`. The caller frees it. */
static char *repeated(const char *prefix, const char *part, size_t count) {
    size_t length = strlen(part), head = strlen(prefix);
    char *text = malloc(head + length * count + 1);
    CHECK(text != NULL, "no memory");
    memcpy(text, prefix, head);
    for (size_t i = 0; i < count; i++) memcpy(text + head + i * length, part, length);
    text[head + length * count] = '\0';
    return text;
}

int main(void) {
    cc_string_free(NULL);
    CHECK(cc_abi_version() == CC_ABI_VERSION, "another ABI");
    CHECK(strcmp(cc_version(), CC_VERSION) == 0, cc_version());

    refused(NULL);
    refused("");
    refused("\xff\xfe");
    refused("{\"filter\": \"\xe9\"}");
    refused("refresh everybody, please");
    refused("[]");
    refused("[\"uid == \\\"amelie.roux\\\"\"]");
    refused("\"text\"");
    refused("null");
    refused("42");
    refused("{\"filter\": 42}");
    refused("{\"filter\": [\"uid == \\\"amelie.roux\\\"\"]}");
    refused("{\"filter\": \"uid == \\\"\\ud800\\\"\"}");
    refused("{\"\\ud800\": 1}");
    refused("{\"refreshArgs\": [], \"filter\": \"uid == \\\"a\\\"\"}");
    refused("{\"refreshArgs\": {\"a\": \"\\udfff\"}, \"filter\": \"uid == \\\"a\\\"\"}");
    refused("{\"refreshArgs\": {\"provision\": true, \"provision\": false}, \"filter\": \"uid == \\\"a\\\"\"}");
    refused("{\"filter\": \"uid == \\\"a\\\"\", \"filter\": \"uid == \\\"b\\\"\"}");
    refused("{\"fliter\": \"uid == \\\"a\\\"\"}");
    refused("{\"filter\": \"uid == \\\"a\\\"\"} trailing");

    char *brackets = repeated("", "[", 200000);
    refused(brackets);
    free(brackets);
    char *objects = repeated("{\"refreshArgs\": {\"a\": ", "[", 200000);
    refused(objects);
    free(objects);
    char *large = repeated("{\"filter\": \"", "aaaaaaaaaa", 10000000);
    refused(large);
    free(large);

    /* No filter is never an invitation. */
    answers(cc_refresh_identities("{}"), "\"code\":\"would_refresh_all\"");
    answers(cc_refresh_identities("{\"filter\": null}"), "\"code\":\"would_refresh_all\"");
    answers(cc_refresh_identities("{\"filter\": \" \"}"), "\"code\":\"invalid_filter\"");
    answers(cc_refresh_identities("{\"filter\": \"MyVarFilter\"}"), "\"code\":\"invalid_filter\"");
    return 0;
}
