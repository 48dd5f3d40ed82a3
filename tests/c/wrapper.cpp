// The C++ wrapper does what the C functions do.
#include "pssailpointcc.hpp"

#include <iostream>

static int failed(const char *what, const std::string &found) {
    std::cerr << what << "\n  found: " << found << '\n';
    return 1;
}

int main(int count, char **arguments) {
    if (count != 2) return failed("usage", "wrapper URL");
    if (pssailpointcc::abi_version() != CC_ABI_VERSION) return failed("abi_version", pssailpointcc::version());
    const std::string url = arguments[1];
    const std::string set = pssailpointcc::configure(R"({"baseUrl": ")" + url + R"(", "accessToken": "sandbox-token", "lookup": {}})");
    if (set != pssailpointcc::configuration()) return failed("configuration", set);
    const std::string answer = pssailpointcc::refresh_identities(R"({"filter": "uid == \"amelie.roux\""})");
    if (answer.rfind(R"({"ok":true)", 0) != 0) return failed("refresh_identities", answer);
    const std::string checked = pssailpointcc::check_filter(R"({"filter": "uid==\"amelie.roux\""})");
    if (checked.find(R"("canonical":"uid == \"amelie.roux\"")") == std::string::npos) return failed("check_filter", checked);
    const std::string found = pssailpointcc::find_identities(R"({"filter": "uid == \"amelie.roux\""})");
    if (found.find(R"("total":1)") == std::string::npos) return failed("find_identities", found);
    pssailpointcc::operation first("cc_find_identities", R"({"filter": "uid == \"amelie.roux\""})");
    pssailpointcc::operation moved = std::move(first);
    const std::string done = moved.wait(60000);
    if (done != R"({"ok":true,"state":"done","result":)" + found + "}") return failed("operation::wait", done);
    if (moved.cancel() != R"({"ok":true,"sent":"no"})") return failed("operation::cancel", moved.cancel());
    const std::string empty = first.wait(0);
    if (empty.rfind(R"({"ok":false,"state":"unknown")", 0) != 0) return failed("an operation that was moved", empty);
    moved = pssailpointcc::operation("cc_nothing", "{}");
    const std::string wrong = moved.wait(60000);
    if (wrong.find(R"("code":"invalid_argument")") == std::string::npos) return failed("operation::operation", wrong);
    pssailpointcc::operation stream("cc_refresh_identities", R"({"stream": true, "options": {"backend": "process"}})");
    const std::string sent = stream.send(R"({"identities": ["smith", "CORP\\dana"]})");
    if (sent.rfind(R"({"ok":true,"waiting":)", 0) != 0) return failed("operation::send", sent);
    const std::string ended = stream.end();
    if (ended.rfind(R"({"ok":true,)", 0) != 0) return failed("operation::end", ended);
    const std::string late = stream.send(R"({"identities": ["john.smith"]})");
    if (late.find(R"("code":"invalid_argument")") == std::string::npos) return failed("operation::send after the end", late);
    const std::string batch = stream.wait(60000);
    if (batch.rfind(R"({"ok":true,"state":"batch","result":{"ok":true,)", 0) != 0) return failed("a batch", batch);
    const std::string totals = stream.wait(60000);
    if (totals.find(R"("state":"done","result":{"ok":true,)") == std::string::npos || totals.find(R"("accepted":2,)") == std::string::npos)
        return failed("the end of a stream", totals);
    return 0;
}
