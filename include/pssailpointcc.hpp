// PSSailpointCC for C++17: texts and operations that free themselves. The manual is pssailpointcc.h.
//
//     #include <pssailpointcc.hpp>
//
//     std::string answer = pssailpointcc::refresh_identities(R"({"filter": "uid == \"amelie.roux\""})");
//
// Every function takes and gives JSON text, and throws nothing but std::bad_alloc.

#ifndef PSSAILPOINTCC_HPP
#define PSSAILPOINTCC_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "pssailpointcc.h"

namespace pssailpointcc {

namespace detail {

struct Free {
    void operator()(char *text) const noexcept { cc_string_free(text); }
};

// Takes over an answer of the C functions.
inline std::string take(char *answer) {
    std::unique_ptr<char, Free> owned(answer);
    return std::string(owned.get());
}

} // namespace detail

// The library's version, and that of its ABI; compare the latter with CC_ABI_VERSION.
inline std::string version() { return cc_version(); }
inline std::uint32_t abi_version() { return cc_abi_version(); }

// cc_configure: sets the process-wide configuration.
inline std::string configure(const std::string &json) { return detail::take(cc_configure(json.c_str())); }

// cc_configure(NULL): the configuration in force.
inline std::string configuration() { return detail::take(cc_configure(nullptr)); }

// cc_refresh_identities: refreshes, and waits for the service's answer.
inline std::string refresh_identities(const std::string &json) {
    return detail::take(cc_refresh_identities(json.c_str()));
}

// cc_check_filter: tells what a filter says, without any network.
inline std::string check_filter(const std::string &json) { return detail::take(cc_check_filter(json.c_str())); }

// cc_get_task: how a task gets on, or its end.
inline std::string get_task(const std::string &json) { return detail::take(cc_get_task(json.c_str())); }

// cc_find_identities: whom a refresh with a filter would touch, a page of them.
inline std::string find_identities(const std::string &json) {
    return detail::take(cc_find_identities(json.c_str()));
}

// An operation in the background; cancelled and freed at the end of its life. wait, send and cancel may be called from
// several threads at once, as long as it lives.
class operation {
public:
    // cc_operation_start: begins; what is wrong with the arguments is told by the first wait.
    operation(const std::string &function, const std::string &json)
        : number_(cc_operation_start(function.c_str(), json.c_str())) {}

    operation(operation &&other) noexcept : number_(std::exchange(other.number_, 0)) {}
    operation &operator=(operation &&other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    operation(const operation &) = delete;
    operation &operator=(const operation &) = delete;

    ~operation() {
        if (number_ != 0) cc_operation_free(number_);
    }

    // cc_operation_wait: the answer within so many milliseconds, or how it gets on.
    std::string wait(std::uint32_t timeout_ms) const { return detail::take(cc_operation_wait(number_, timeout_ms)); }

    // cc_operation_send: gives names to a streamed refresh, and waits for nothing.
    std::string send(const std::string &json) const { return detail::take(cc_operation_send(number_, json.c_str())); }

    // cc_operation_send: no more names come.
    std::string end() const { return send(R"({"end": true})"); }

    // cc_operation_cancel: stops it, and tells whether a refresh has left.
    std::string cancel() const { return detail::take(cc_operation_cancel(number_)); }

private:
    std::uint64_t number_;
};

} // namespace pssailpointcc

#endif // PSSAILPOINTCC_HPP
