/* The main job in C: configured for the process, configured for the call, refused by the service. */
#include "answers.h"

int main(int count, char **arguments) {
    CHECK(count == 2, "usage: refresh URL");
    char buffer[1024];

    answers(cc_refresh_identities(request(buffer, sizeof buffer, arguments[1], "uid == \\\"amelie.roux\\\"")), "{\"ok\":true");

    snprintf(buffer, sizeof buffer,
             "{\"baseUrl\": \"%s\", \"accessToken\": \"Bearer sandbox-token\", \"lookup\": {}}", arguments[1]);
    answers(cc_configure(buffer), "\"accessToken\":\"***\"");
    answers(cc_configure(NULL), "\"baseUrl\":\"configure\"");
    answers(cc_refresh_identities("{\"filter\": \"name == \\\"john.smith\\\"\", \"refreshArgs\": {\"refreshLinks\": \"True\"}}"),
            "\"outcome\":\"accepted\"");
    answers(cc_refresh_identities("{\"filter\": \"uid == \\\"amelie.roux\\\"\", \"options\": {\"dryRun\": true}}"), "\"plan\":");

    /* The text that the sandbox has no other use for: UTF-8 of two, three and four bytes. */
    answers(cc_refresh_identities("{\"filter\": \"displayName == \\\"Am\xc3\xa9lie Roux\\\" || uid == \\\"\xe6\x9d\x8e\xf0\x9f\x98\x80\\\"\"}"),
            "{\"ok\":true");
    answers(cc_configure("{\"lookup\": {}}"), "\"baseUrl\":null");
    answers(cc_refresh_identities("{\"filter\": \"uid == \\\"amelie.roux\\\"\"}"), "\"code\":\"not_configured\"");
    return 0;
}
