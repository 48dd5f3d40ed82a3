/* People by name: who is found goes out by id, who is not is named, and everything is freed. */
#include "answers.h"

/* A request for people with these further members, in a buffer of the caller's. */
static const char *named(char *buffer, size_t size, const char *url, const char *members) {
    snprintf(buffer, size,
             "{%s, \"configuration\": {\"baseUrl\": \"%s\", \"accessToken\": \"sandbox-token\", \"lookup\": {}}}", members, url);
    return buffer;
}

int main(int count, char **arguments) {
    CHECK(count == 2, "usage: people URL");
    const char *url = arguments[1];
    char buffer[1024];

    char *answer = cc_refresh_identities(
        named(buffer, sizeof buffer, url, "\"identities\": [\"smith\", \"nobody.here\", \"CORP\\\\dana\"]"));
    CHECK(strstr(answer, "\"ok\":true,\"backend\":\"process\"") != NULL, answer);
    CHECK(strstr(answer, "\"matched\":2") != NULL, answer);
    CHECK(strstr(answer, "\"unmatched\":[\"nobody.here\"],\"ambiguous\":[]") != NULL, answer);
    CHECK(strstr(answer, "\"identities\":[\"smith\",\"CORP\\\\dana\"]") != NULL, answer);
    CHECK(strstr(answer, "\"outcome\":\"accepted\",\"status\":202,\"task\":{\"type\":\"TASK_RESULT\"") != NULL, answer);
    cc_string_free(answer);

    answers(cc_refresh_identities(named(buffer, sizeof buffer, url, "\"identities\": [\"nobody\"]")), "\"code\":\"no_match\"");
    answers(cc_refresh_identities(named(buffer, sizeof buffer, url, "\"identities\": []")), "\"matched\":0");
    answers(cc_refresh_identities(named(buffer, sizeof buffer, url, "\"identities\": [\"smith\", 5]")), "identities[1] must be text");
    answers(cc_refresh_identities(named(buffer, sizeof buffer, url,
                                        "\"identities\": [\"smith@example.com\"], \"identityAttribute\": \"email\","
                                        " \"refreshArgs\": {\"provision\": false}")),
            "\"code\":\"unsupported_argument\"");
    answers(cc_refresh_identities(named(buffer, sizeof buffer, url,
                                        "\"identities\": [\"smith@example.com\"], \"identityAttribute\": \"email\","
                                        " \"options\": {\"dryRun\": true}")),
            "\"sideEffects\":[\"correlateEntitlements\"");
    answers(cc_refresh_identities(named(buffer, sizeof buffer, url,
                                        "\"identities\": [\"john.smith\"], \"options\": {\"backend\": \"cc\"}")),
            "\"call\":\"refreshIdentities\",\"identities\":[\"john.smith\"]");
    return 0;
}
