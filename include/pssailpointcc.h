/*
 * PSSailpointCC: refreshes chosen identities by SailPoint's refreshIdentities, and no others.
 *
 *     #include <stdio.h>
 *     #include "pssailpointcc.h"
 *
 *     int main(void) {
 *         char *answer = cc_refresh_identities(
 *             "{\"filter\": \"uid == \\\"amelie.roux\\\"\","
 *             " \"refreshArgs\": {\"promoteAttributes\": true},"
 *             " \"configuration\": {\"baseUrl\": \"https://acme.api.identitynow.com\","
 *             "                     \"clientId\": \"...\", \"clientSecret\": \"...\"}}");
 *         puts(answer);
 *         cc_string_free(answer);
 *     }
 *
 *     cc program.c -lpssailpointcc
 *
 * Every function takes JSON text and returns JSON text. This comment is the manual. For C++, pssailpointcc.hpp has a
 * wrapper that frees texts and operations by itself.
 *
 *
 * TEXTS
 *
 * All text is UTF-8 and ends with NUL. The library reads its arguments only during the call, and never frees them. A
 * returned `char *` is never NULL and belongs to the caller, who frees it once with cc_string_free. A returned `const
 * char *` is static. For NULL, text that is not UTF-8 and text that is not JSON, the answer is an error.
 *
 *
 * THREADS AND PROCESSES
 *
 * Every function may be called from any thread at any time. 256 KiB of stack suffice. The library starts one thread for
 * each host at the first call that needs it, at most eight, and one for each running operation, which ends one second
 * after the last operation; look-ups of hosts take at most eight more. All signals are blocked on these threads, and no
 * signal handler is changed. On Linux a call may block SIGPIPE on its own thread while it waits. The library is never
 * unloaded: dlclose does nothing. After fork without exec, every call in the child of a process that has used the
 * library returns `internal`. Do not call it from signal handlers, or from destructors that run at exit, and do not
 * cancel a thread (pthread_cancel) during a call. If memory is exhausted, the process is aborted.
 *
 * The environment is read once, by the first call that needs it, and later changes have no effect; with `lookup` in the
 * configuration it is not read. Do not change it (setenv) during that call. The system's look-up of hosts may read it at
 * any time. Where standard streams are closed, the null device is opened in their place, so that no socket becomes one of
 * them.
 *
 *
 * ANSWERS
 *
 *     { "ok": true, ... }                     success: see each function
 *     { "ok": false, "error": { ... } }       failure
 *
 * New members may be added to answers: ignore unknown ones. The members of `error`:
 *
 *     code           one of ERRORS, for programs
 *     message        one sentence for people: what happened, and for which address or filter
 *     hint           what to do next, in one or more lines; optional. It names an option only if the same request can
 *                    succeed with it and refreshes nobody whom it does not name
 *     sent           "no": no refresh was sent, or it is known not to have been taken (400, 401, 403, 404, 429 and the
 *                    like): a retry is safe. "maybe": it was sent, and the result is unknown: no answer, or one that may
 *                    be a proxy's (an empty body, a web page, 302, 408, any 5xx). "yes": the service itself has answered
 *                    that it has taken it, by a 2xx with JSON, for process with the id of a task
 *     position       the position of a filter's error, in characters (not bytes) from 0
 *     matched        the number of identities that the filter matches, if that is the error
 *     trackingId     the id that SailPoint's support asks for
 *     response       { "status", "headers", "body" }: the answer. `body` is its JSON, unchanged; if it is not JSON,
 *                    `text` replaces it
 *     retryAfterSec  how long the service asks to wait
 *
 * After a call to the service, an error also has `calls` beside `error`, and for people by name `unmatched` and
 * `ambiguous`: see ACCOUNT. Without these members, nobody was looked up or sent. `warnings` stand beside an error as they
 * do beside an answer. If the fallback from /cc to its successor was used, `fallback` says why.
 *
 * No answer holds a secret: the library adds none, and replaces secrets that a server repeats by ***, in whatever encoding
 * they are. What has no secret in it is the service's own, unchanged.
 *
 *
 * ERRORS
 *
 *     invalid_argument      NULL, not UTF-8, not JSON, a wrong type, an unknown or a repeated member
 *     invalid_filter        the filter does not parse; `position` and `hint` say where, and what was probably meant
 *     would_refresh_all     no filter, or one that matches every identity, without allowFullRefresh; or the same with
 *                           pruneIdentities, without allowPruneAll
 *     no_match              search finds no identity that the filter matches; /cc would refresh everybody. Or no name
 *                           matches exactly one person
 *     too_many_matches      more than maxIdentities; `matched` is the number
 *     preflight_unavailable matches cannot be counted: the host has no search, or it has failed; only the service can
 *                           evaluate the filter; or an attribute is not known to be searchable. Nothing was sent. A wrong
 *                           token, address or permission and a lost connection keep their own code
 *     not_configured        no base URL or no credentials; the hint lists the places that were searched
 *     unauthorized          401, or the token endpoint refused the client id or secret
 *     forbidden             403
 *     not_found             404
 *     gone                  410
 *     rate_limited          429 that did not end within the retries or the timeout
 *     http_status           another unsuccessful status, redirects included: they are not followed
 *     journal_error         the journal cannot be read or written, belongs to another run, or is in use. Nothing more was
 *                           sent
 *     partial_failure       some of several calls failed: see `calls`; the hint has the first error, and whom to send again
 *     unsupported_argument  the successor of /cc does not support this: a full refresh, a filter that only /cc can
 *                           evaluate, an argument that differs from what it does. Nothing was sent
 *     timeout               no answer in time: timeoutSec, totalTimeoutSec
 *     connection            no connection, or a lost one
 *     host_not_found        the host name does not resolve
 *     tls                   no encrypted connection: the certificate was refused, or the host does not speak TLS
 *     cancelled             stopped by cc_operation_cancel or cc_operation_free
 *     task_failed           the service has accepted the refresh, and its task has failed
 *     invalid_response      an answer that is not HTTP, too large or incomplete; no token from the token endpoint
 *     internal              a defect of this library, or a call in a forked child
 *
 * Codes are never removed and never change their meaning.
 *
 *
 * REQUEST
 *
 * All members are optional, but a request that names nobody is refused.
 *
 *     filter         text: the identities to refresh, in SailPoint's filter language, such as uid == "amelie.roux"
 *     refreshArgs    object: what to do. The documented ones: correlateEntitlements, promoteAttributes,
 *                    refreshManagerStatus, synchronizeAttributes, pruneIdentities (DELETES identities that have no
 *                    account), provision. Their names are accepted in any case, once each, and sent as they are written
 *                    here; their values are true or false, also as text. Everything else is sent unchanged: order,
 *                    other names and their values (only null members are left out). A name that differs from a
 *                    documented one in one or two letters is in `warnings`
 *     identities     array of texts: people by name, instead of a filter; any number, each sent once. See PEOPLE BY NAME
 *     identityAttribute  the attribute of these names: uid by default, or name (the user name), email, id or any other
 *                    identity attribute
 *     options        object:
 *         backend            "cc", "process" or "auto", see BACKENDS. Default: the configuration's
 *         allowBroader       true: the successor may do more or less than the arguments say. Default: the
 *                            configuration's
 *         allowFullRefresh   true: without a filter, refresh the whole tenant
 *         allowPruneAll      true: the same with pruneIdentities; also allows to prune by a filter that was not counted
 *         preflight          false: send the filter without counting its matches (see PREFLIGHT). Default: the
 *                            configuration's. Not with identities, which are always looked up
 *         maxIdentities      the maximum number of identities. Default: the configuration's. Needs the preflight
 *         skipFilterCheck    true: send the filter without parsing it, and so without preflight. A filter that the
 *                            service does not understand refreshes the whole tenant
 *         dryRun             true: check everything, send nothing
 *         wait               true: wait until the tasks of the refresh have ended (see TASKS), at most waitTimeoutSec
 *                            (3600); they are polled every pollIntervalMs (2000), more often at first
 *         totalTimeoutSec    the maximum duration of the call
 *         journal            the path of a file by which the same call continues after an interruption, see JOURNAL
 *         resendUncertain    true: also send people whom an earlier run may have sent
 *     stream         true: the names come while the refresh runs, instead of identities. See STREAMS
 *     client         "c" or "powershell": which interface's names of options messages use. Default: c
 *     configuration  object: used for this call instead of the default
 *
 *
 * PREFLIGHT
 *
 * Before a filter is sent, the preflight checks that
 *
 *     - its attributes are searchable: the standard ones (id, name, uid, displayName, email, firstname, lastname,
 *       correlated, protected, inactive, manager, manager.id, manager.name, manager.displayName), or those that the
 *       tenant lists as searchable
 *     - it matches at least one identity that search finds. Search finds too many, so each is evaluated with the filter
 *       itself. Comparisons that are not documented (case, missing values, lists, other types) are "undecided"
 *     - it does not, and cannot, match every identity of the tenant
 *     - it does not, and cannot, match more than maxIdentities
 *
 * This usually takes one request before the refresh, and one more if the filter has an attribute that is not a standard
 * one. The tenant's size is cached for ten minutes. Users who may not search (HELPDESK) can still refresh by id, name or
 * email with ==.
 *
 * The result holds for 2 s. A refresh that has waited for longer, behind the rate limit, for Retry-After, for a token or for
 * a connection, is not sent before the preflight has passed again: who was removed meanwhile would turn it into a refresh
 * of everybody. The age counts from when the preflight's first request is sent; if the service answers so slowly that
 * five in a row are too old, from its answers. A preflight and its refresh wait for the rate limit together.
 *
 * The preflight can only be as reliable as search, which lags behind by minutes and does not know uncorrelated identities;
 * the service may refresh those as well.
 *
 *
 * BACKENDS
 *
 *     cc       POST /cc/api/system/refreshIdentities, the documented endpoint. It takes a filter, and refreshes everybody
 *              if it cannot use the filter
 *     process  its successor, POST /identities/v1/process. It takes ids, 250 per call, and can never refresh anybody else.
 *              A filter is searched for and evaluated here: all pages are read before the first call, and only certain
 *              matches are sent. `undecided` is the number of further identities that only the service could evaluate. A
 *              full refresh is not possible
 *     auto     cc for a filter, process for people by name. A tenant that has lost /cc is recognised by the answers of
 *              /cc (410, 404, 405, or 401 "Unable to route request") and of the successor. The refresh then falls back to
 *              process, `fallback` says why, and later calls of this program use process at once. If the host has
 *              neither, the error is that of /cc
 *
 * The successor always calculates attributes, entitlements, roles, access profiles and managers, and provisions. These
 * arguments are therefore refused with `unsupported_argument`: correlateEntitlements, promoteAttributes,
 * refreshManagerStatus and provision if they are clearly false; pruneIdentities; and undocumented ones. If allowBroader is
 * true, each is a sentence in `warnings` instead. What it does although refreshArgs do not mention it is not refused: it is
 * one sentence in `warnings`, once a run (in a stream, of the first batch), also if refreshArgs are not given. A dry run
 * lists the arguments in `plan.sideEffects` instead.
 * synchronizeAttributes is a separate call for each person, POST /identities/v1/{id}/synchronize-attributes, after the
 * others were accepted; if the other four are false, it is the only call.
 *
 *
 * PEOPLE BY NAME
 *
 * `identities` are looked up by search, 250 values per query, and compared exactly: of the identities that search finds,
 * only one with exactly this value matches. Search does not have new and uncorrelated identities: values of `id` that it
 * does not find are looked up in the list of identities as well (GET /identities/v1, 150 per request), unless the client
 * may not list. Users who may not search (HELPDESK) can name people by id, and by name or email with one request per
 * person. A value that nobody has, and a text that is no id, is in `unmatched`. A value that several people have is in
 * `ambiguous` with all of them, and none of them is sent.
 *
 * With backend cc, each person is a separate call with the filter {attribute} == "{value}". A look-up that is older than
 * 2 s when the call is sent is repeated for this person, and a person who no longer exists is not sent (`reason` "gone").
 * The attribute must be searchable. There the service evaluates the filter: `undecided` is the number of other identities
 * that it may treat as one of the named, for example because they differ only in case; they count for maxIdentities.
 *
 *
 * ACCOUNT
 *
 *     "calls": [ { "call": "process", "identities": ["amelie.roux"], "ids": ["2c91..."], "outcome": "accepted",
 *                  "status": 202, "task": { "type": "TASK_RESULT", "id": "...", "name": null } } ],
 *     "unmatched": ["nobody.here"],
 *     "ambiguous": [ { "identity": "smith", "people": [ { "id", "name", "displayName" }, ... ] } ]
 *
 *     call        "refreshIdentities" (/cc), "process" or "synchronize-attributes"
 *     identities  as given; ids if a filter was given. Absent for a filter on cc
 *     ids         the ids of the names; absent for people who were not looked up, and if a filter was given
 *     outcome     as `sent` of an error, for this call: "accepted" (yes); "rejected" (no): the call was refused;
 *                 "not_sent" (no); "maybe_sent" (maybe): it was sent, and the result is unknown
 *     reason      why no call was made: "ambiguous"; "gone": found before, and no longer; "stopped": an error has stopped
 *                 the run; "uncertain": see JOURNAL
 *     status      the status of the answer; error, trackingId: of a failed call; task: the task that was started
 *
 * Each given name is in one call or in `unmatched`, once, even if it was given several times. Calls of
 * synchronize-attributes repeat people, unless they are the only ones. If all calls have failed and none can have been
 * accepted, the error is that of the first call; otherwise it is `partial_failure`.
 *
 * An error that concerns only one call does not stop the others: 400 or another status for one batch, a connection or an
 * answer that was lost after the request was sent. An error that every other call would meet stops the run, and the others
 * are not_sent: a web page instead of an answer; 401, 403, 405, 410; 404 and 429 unless they concern one person; no token,
 * no connection, no encrypted connection, no such host; the end of totalTimeoutSec; too many people; a journal that cannot
 * be written.
 *
 *
 * TASKS
 *
 * The service accepts a refresh and runs it later, as a task. With `options.wait` the answer comes when the tasks have
 * ended: `task` of each call then has `state` ("succeeded", "warning", "failed"), `completionStatus` (the service's word)
 * and `messages`. A warning is in `warnings`, and a failed task is the error `task_failed`. Then everybody in `calls` is
 * looked up (GET /identities/v1, at most 150 per request; by search, with a warning, if the client may not list). People
 * whom the tenant marks as failed, has last refreshed before the task began, or no longer has, are in `failed`: identity,
 * id, processingState, lastRefresh (both null for a person whom the tenant does not have).
 *
 * A task is asked for by its id with dashes and without, and may be unknown for 30 s. If it stays unknown, a warning says
 * so, and people are looked up all the same: whoever was last refreshed before the call is in `failed`. If the wait times
 * out, the error is `timeout`, `sent` is "yes", and the task continues: cc_get_task follows it. After `partial_failure` the
 * accepted calls are waited for as well, and a failed task is in `warnings`. It is not documented that the answer of /cc
 * names a task; if an answer names none, a warning says so. The task of synchronize-attributes cannot be followed.
 *
 *
 * OPERATIONS
 *
 * A function that uses the network can run in the background. cc_operation_start returns a number. cc_operation_wait waits
 * for the answer or returns the progress. cc_operation_cancel stops the operation at once, whatever it waits for: a
 * look-up, another call's request for a token, an answer, a pause, the rate limit. cc_operation_free removes it, finished
 * or not. cc_operation_run does in one call what a short operation needs of the three others.
 *
 * Numbers are not reused. A number that was never returned, or was freed (even twice, or while another thread waits),
 * gets an answer with the state `unknown`. At most 64 operations run at the same time; others queue.
 *
 *
 * STREAMS
 *
 * A refresh with "stream": true takes any number of names while it runs, and returns each finished batch once, in the
 * order of the input. examples/stream.c is a whole program.
 *
 *     operation = cc_operation_start("cc_refresh_identities", "{\"stream\": true, ...}");
 *     cc_operation_send(operation, "{\"identities\": [\"amelie.roux\", \"smith\"]}");      any number of times
 *     cc_operation_send(operation, "{\"end\": true}");
 *     cc_operation_wait(operation, 100);                       between the sends, and until its state is "done"
 *
 * 250 names are looked up by one query, and 250 people are sent by one call; at most maximumConcurrency requests are in
 * flight. A smaller number of names waits for more, or for the end. Besides "running" and "done", cc_operation_wait
 * returns
 *
 *     { "ok": true, "state": "batch", "result": { "ok": true, "batch": 1, "identityAttribute": "uid", "calls": [ ... ], ... } }
 *
 * `result` is the answer of cc_refresh_identities for this batch, with `batch`, counted from 1. If it is an error and
 * `error.stopsRun` is true, nothing more is sent: calls in flight end, and all other names, also those sent afterwards,
 * come as batches with the outcome "not_sent". The run is done after the end was sent, or after a cancel. The result of
 * "done" is ok if every batch was, and otherwise the first error, with
 *
 *     "totals": { "given", "repeated", "skipped", "accepted", "rejected", "notSent", "maybeSent", "unmatched", "ambiguous" }
 *
 * `given` counts all names, `repeated` the repetitions, `skipped` the names that are done according to the journal.
 * maxIdentities holds for the whole run: a batch that would exceed it is not sent and stops the run. If the first send
 * brings all names and the end, they are counted before any is sent.
 *
 * Memory does not grow with the number of names, except for 13 bytes per name, by which each is sent once. If the caller
 * does not take finished batches, the run pauses after 64 of them.
 *
 *
 * JOURNAL
 *
 * With `options.journal`, every batch and its outcome are written to a file. After a crash, a power failure, a cancel or an
 * error, the same call with the same file continues: nobody is sent twice, and nobody is left out. A journal is possible
 * for people by name, with or without a stream, and for a filter with the backend process. The file is JSON lines:
 *
 *     {"journal":1,"tenant":"https://acme.api.identitynow.com","backend":"process","identityAttribute":"uid","refreshArgs":{}}
 *     {"unmatched":["nobody.here"],"ambiguous":["smith"]}
 *     {"batch":1,"since":"2026-11-28T10:00:00","identities":["amelie.roux"],"ids":["2c91..."]}
 *     {"batch":1,"call":"process","outcome":"accepted","status":202,"task":"..."}
 *     {"failed":["amelie.roux"]}
 *
 * A batch is on the disk before its request is sent; `since` is the service's time then. The next run skips people who
 * were accepted, or were rejected with 400, 413, 415 or 422, and names that are unmatched or ambiguous. It sends people who
 * were not sent, or were rejected for another reason, and those whom their task has not refreshed (`failed`), which is known
 * only with `options.wait`. About a batch without an outcome it asks the tenant, after all other
 * names and not before 10 s after the file was opened. People who were refreshed since then are done. If every
 * task since then belongs to people who were refreshed, the others were not sent, and are sent now. Anybody else may have
 * been sent: they are reported with the outcome "maybe_sent" and the reason "uncertain", and are sent with
 * `options.resendUncertain`. These requests need the scopes idn:identity:read and idn:task-management:read. Nothing in the
 * tenant shows that attributes were synchronized: if that is all that a run does, people without an outcome stay uncertain;
 * after a refresh, synchronize-attributes is called again for people without an outcome of it.
 *
 * A journal of another tenant, backend, attribute, filter or other arguments is refused; so is one that another process
 * uses, one of a newer format, and one with a damaged line, except the last line, which may be incomplete. If the journal
 * cannot be written, nothing more is sent. The file holds names and ids, and no secret.
 *
 * RATE LIMIT
 *
 * The service accepts 100 requests in 10 seconds per credential. The library keeps this limit for each host and
 * credential, over all threads of the process, first come, first served: a request waits only if there is no room. Five
 * percent are left to other programs with the same credential. After a 429 all requests wait as long as its Retry-After
 * says; if that is longer than timeoutSec, the answer is `rate_limited`. These waits count only for totalTimeoutSec.
 * Requests for tokens do not count.
 *
 * VERSIONS
 *
 * All paths except those of /cc and /oauth have the version `apiVersion`. If the host answers a question as if it did not
 * have that version (404, 405, 410, or 401 "Unable to route request"), the question is repeated once with the next one:
 * v2026 instead of v1, v1 instead of any other. If that is answered, a warning says so, and it is used from now on for this
 * address and these credentials. A refresh is never repeated. All these requests have the header
 * X-SailPoint-Experimental: true, which some of them require.
 *
 * CONFIGURATION
 *
 *     baseUrl               https://{tenant}.api.identitynow.com; http: for loopback addresses only
 *                           (or the variable SAIL_BASE_URL; config.json BaseUrl; config.yaml baseurl)
 *     tokenUrl              default {baseUrl}/oauth/token
 *                           (or config.json TokenUrl)
 *     accessToken           never renewed; a leading "Bearer " is removed
 *     clientId              of a personal access token or an API client: the library fetches a token, shares it between
 *                           threads, caches it until 30 s before it expires (one that lives at most a minute: until it
 *                           expires), and renews it once after a 401
 *                           (or the variable SAIL_CLIENT_ID; config.json ClientId; config.yaml pat.clientid)
 *     clientSecret          the secret of the clientId
 *                           (or the variable SAIL_CLIENT_SECRET; config.json ClientSecret; config.yaml pat.clientsecret)
 *     lookup                object: `environment` (object of texts), `directory`, `home`, which replace the process's
 *                           environment variables, working directory and home directory (default: HOME of `environment`,
 *                           on Windows USERPROFILE); `proxy`, the system's, where `environment` names none
 *     defaultHeaders        {}: object of texts: headers of every request; they replace the library's headers of the same
 *                           name. With an Authorization header no token is fetched. Headers that would change how the
 *                           service reads the body are refused. They are not sent to an address that only a file names
 *     skipCertificateCheck  false: whether to accept any certificate
 *     proxy                 an HTTP proxy, http://user:password@host:port, user and password percent-encoded. Default:
 *                           HTTPS_PROXY, ALL_PROXY; one that cannot be used is an error. Never for loopback addresses
 *     noProxy               what is reached without proxy, separated by commas: names with their subdomains, *.name,
 *                           addresses, networks (10.0.0.0/8), each name or address with an optional port, or *.
 *                           Default: NO_PROXY
 *     caFile                a PEM file with authorities to trust beside the system's; it is read again when it has
 *                           changed. On Unix, SSL_CERT_FILE and SSL_CERT_DIR replace the system's
 *     timeoutSec            100: for one exchange with its retries, without waits for the rate limit
 *     connectTimeoutSec     10: to open a connection
 *     maximumRetryCount     3: the maximum number of retries of a request that was not sent, or was answered with 429 (0 to 100)
 *     retryIntervalSeconds  1: between two attempts, unless the service sends Retry-After
 *     rateLimit             { "requests": 100, "seconds": 10 }: the service's limit per credential (see RATE LIMIT)
 *     maximumConcurrency    4: the maximum number of concurrent calls of one request (1 to 16)
 *     maximumResponseBytes  16777216: the maximum size of an answer (1 to 4294967296)
 *     preflight             true: whether to count the matches of a filter before it is sent
 *     maxIdentities         the maximum number of identities of a refresh, also of a full one (1 to 1000000000)
 *     backend               auto: or cc, or process, see BACKENDS
 *     apiVersion            v1: the form of paths. v1: /{service}/v1/...; v2026, v2025 and v2024: /{version}/{service}/...
 *                           On a host without v1, questions are repeated with v2026, and on one without another version
 *                           with v1: see VERSIONS. The paths of /cc and /oauth have no version
 *     allowBroader          false: whether the successor of /cc may do more or less than the arguments say
 *     userAgent             PSSailpointCC/{version} ({system}): sent with every request
 *     environment           the environment in ~/.sailpoint/config.yaml; by default the active one
 *
 * These are accepted and ignored: apiKey, apiKeyPrefix, username, password, cookie, experimental, consumerIdentifier, consumerVersion, nermBaseUrl.
 *
 * The base URL and the credentials come from the first of these places that has credentials, and only from it, so that no
 * file can send another's secret to its own server: the call, cc_configure, the environment, ./config.json,
 * ~/.sailpoint/config.yaml. The table has the names of the members there; those of the files are read ignoring case. A
 * place with a part of the credentials, or with credentials and no base URL, is `not_configured`. What is wrong in a place
 * that is not used is no error. White space and invisible characters at the ends of texts are taken off. Of `identities`,
 * line breaks, tabs, no-break blanks and invisible characters are, where nobody has the name with them.
 *
 * Credentials of the first two without a base URL take it from SAIL_BASE_URL or config.yaml, never from ./config.json. All
 * other members come from the call, or from cc_configure if the call has no credentials. defaultHeaders, which may hold
 * keys and cookies, are not sent to an address that only a file names: `not_configured`.
 */


#ifndef PSSAILPOINTCC_H
#define PSSAILPOINTCC_H

/* Made by cbindgen from src/ffi.rs: `UPDATE_HEADER=1 cargo test --test header`. */

#include <stdint.h>
/** The version of this header; cc_version() tells that of the library. */
#define CC_VERSION "0.1.0"
#define CC_VERSION_MAJOR 0
#define CC_VERSION_MINOR 1
#define CC_VERSION_PATCH 0

/**
 * The version of the ABI that this header describes.
 */
#define CC_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of this library, such as "0.1.0".
 *
 * Static text: do not free it.
 */
const char *cc_version(void);

/**
 * The version of this ABI: CC_ABI_VERSION of the header that the library was built with.
 *
 * It changes when programs built against the older header could break. New functions and new members of answers do not
 * change it. A program that loads the library at run time compares it first.
 */
uint32_t cc_abi_version(void);

/**
 * Sets the process-wide configuration, for calls without their own.
 *
 * `json`: a configuration (see CONFIGURATION above), which replaces the former one completely; `{}` resets it to the
 * environment and the files. The former one's secrets and tokens leave the memory, and connections without a call are
 * closed. NULL changes nothing. With the member `"preview": true` nothing is changed either: the answer then shows the
 * values for a call with this configuration.
 *
 * The answer, freed with cc_string_free:
 *
 *     { "ok": true,
 *       "configuration": { "baseUrl": "https://acme.api.identitynow.com", "clientSecret": "***", ... },
 *       "sources": { "baseUrl": "environment", "timeoutSec": "default", ... } }
 *
 * It holds the values in force, each with its source: `call` (only for a preview), `configure`, `environment`,
 * `config.json`, `config.yaml` or `default`. Secrets are redacted. The configuration may be incomplete here; a call
 * that needs more returns `not_configured`.
 *
 * Errors: `invalid_argument`, `not_configured` (an incomplete pair of client id and secret, or credentials of one
 * source with the address of another).
 */
char *cc_configure(const char *json);

/**
 * Refreshes identities, by `POST /cc/api/system/refreshIdentities` or its successor (see BACKENDS above), and blocks
 * until the service has answered.
 *
 * `json`: a request (see REQUEST above), such as
 *
 *     { "filter": "uid == \"amelie.roux\"",
 *       "refreshArgs": { "correlateEntitlements": true, "promoteAttributes": true } }
 *
 * THE SERVICE REFRESHES THE WHOLE COMPANY if a filter is missing, cannot be parsed, has an attribute that is not
 * searchable, or matches nobody. Therefore a filter is parsed and its matches are counted before anything is sent (see
 * PREFLIGHT above), and a request without a filter is refused unless `options.allowFullRefresh` is true.
 *
 * The answer, freed with cc_string_free:
 *
 *     { "ok": true, "backend": "cc", "baseUrl": "https://acme.api.identitynow.com",
 *       "matched": 3, "matchedExactly": true, "undecided": 0,
 *       "response": { "status": 200, "headers": { "content-type": ["application/json"] }, "body": { ... } },
 *       "calls": [ { "call": "refreshIdentities", "outcome": "accepted", "status": 200 } ] }
 *
 * `backend`: the backend that was used. `response`: the service's answer; for several calls, the last one. `calls`,
 * `unmatched`, `ambiguous`: see ACCOUNT above. `fallback`: why the fallback from /cc was used, in the call that found
 * it out. `warnings`: sentences on differences from the request and on deprecated endpoints; optional.
 *
 * `matched`: the number of identities known to search that the filter matches. If `matchedExactly` is false, it is a
 * lower bound: no more were counted than necessary, or there are `undecided` ones, which only the service can
 * evaluate. The three are absent if nothing was counted.
 *
 * With `options.dryRun` everything is checked and counted completely, nothing is sent, and `plan` replaces `response`:
 * `url`, `filter` in canonical form, `everybody`, `identities` (`id`, `name`, `displayName` of the first ten matches),
 * `body` (of the call of /cc). For the successor: `calls` (`call`, `method`, `url`, `count` of each kind),
 * `sideEffects` (arguments that are not set although the call has their effect). For a full refresh, `everybody` is
 * true, and `matched` is the tenant's size if it can be counted.
 *
 * A refresh is sent at most once, unless the service is known not to have accepted it: after a failed connection,
 * after 401 (once, with a new token), after 429. `error.sent` says whether it was sent.
 *
 * Errors: all of ERRORS above.
 */
char *cc_refresh_identities(const char *json);

/**
 * Parses a filter and describes it, without network and configuration.
 *
 * `json`: { "filter": "..." }
 *
 * The answer, freed with cc_string_free:
 *
 *     { "ok": true,
 *       "filter": { "canonical": "uid == \"amelie.roux\"", "attributes": ["uid"], "warnings": [], "undecidable": [] } }
 *
 * `canonical`: the filter in its canonical form. `attributes`: the names that must be searchable in the tenant.
 * `warnings`: sentences on valid expressions that are usually mistakes. `undecidable`: the parts, in canonical form,
 * that only the service can evaluate, so that a preflight cannot.
 *
 * Errors: `invalid_argument`; `invalid_filter` with `position`, and a `hint` that shows the place and what was
 * probably meant.
 */
char *cc_check_filter(const char *json);

/**
 * Finds the identities that a refresh with a filter would touch, and blocks until they are found. It changes nothing.
 *
 * `json`: { "filter": "...", "limit": 250, "after": null, "configuration": { ... } }. `limit`: the page size, 1 to
 * 10000. `after`: the value in the last answer, for the next page.
 *
 * The answer, freed with cc_string_free:
 *
 *     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "total": 3, "undecided": 0,
 *       "identities": [ { "id": "2c91...", "name": "amelie.roux", "displayName": "Amelie Roux" }, ... ],
 *       "after": null }
 *
 * `total`: the number of matches on all pages, counted with the first page and repeated with the others. `undecided`:
 * the number of further identities that only the service can evaluate; no page has them. `identities`: sorted by id.
 * Identities that come or go meanwhile may be missed, but none is returned twice. `after`: null on the last page.
 *
 * Identities that search does not know are not found: new ones, and uncorrelated ones.
 *
 * Errors: `invalid_argument`, `invalid_filter`, `preflight_unavailable` (only the service can evaluate the filter),
 * and network errors.
 */
char *cc_find_identities(const char *json);

/**
 * Returns the state of a task that a refresh has started, or waits for its end.
 *
 * `json`: { "id": "...", "wait": true, "waitTimeoutSec": 3600, "pollIntervalMs": 2000, "ids": [ ... ],
 * "configuration": { ... } }. Without `wait` the task is queried once, by its id with dashes and without. With `wait` a
 * new task may be unknown for 30 s; a text that has not the form of a task's id is not found at once, unless `ids` are
 * given. `ids`: the ids of the task's people; each is looked up when the task has ended.
 *
 * The answer, freed with cc_string_free:
 *
 *     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "state": "succeeded", "messages": [ "..." ],
 *       "failed": [ { "identity", "id", "processingState", "lastRefresh" } ], "task": { ... } }
 *
 * `state`: `running`, `succeeded`, `warning` or `failed`. `messages`: the task's messages. `failed`: the people of
 * `ids` whom the tenant marks as failed, or has last refreshed before the task began; absent if there are none.
 * `task`: the service's object, unchanged. `warnings`: as in cc_refresh_identities, and if `ids` could not be looked
 * up.
 *
 * Errors: `invalid_argument`; `not_found` (no such task; tasks are kept for 90 days); with `wait` also `task_failed`,
 * whose hint has the task's messages, and `timeout` (the task continues); network errors. `error.stopsRun` is true if the
 * query of any other task would meet the same error.
 */
char *cc_get_task(const char *json);

/**
 * Starts a function in the background (see OPERATIONS above), without waiting for it.
 *
 * `function`: "cc_refresh_identities", "cc_find_identities" or "cc_get_task". `json`: the argument of that function.
 * Both are read only during the call.
 *
 * Returns the number of the operation, freed with cc_operation_free; never 0. The first cc_operation_wait reports
 * errors in the arguments.
 */
uint64_t cc_operation_start(const char *function,
                            const char *json);

/**
 * Starts a function in the background and waits for it, at most `timeout_ms` milliseconds: cc_operation_start,
 * cc_operation_wait and, if it has ended by then, cc_operation_free in one call.
 *
 * `*operation` becomes 0 if the operation has ended, and its number otherwise. NULL is allowed: the operation is then
 * freed, and cancelled, if it has not ended in time.
 *
 * The answer, freed with cc_string_free, is that of cc_operation_wait.
 *
 * Errors: in `result`, the errors of the function and those in the arguments.
 */
char *cc_operation_run(const char *function,
                       const char *json,
                       uint32_t timeout_ms,
                       uint64_t *operation);

/**
 * Waits for an operation, at most `timeout_ms` milliseconds; 0 returns at once.
 *
 * The answer, freed with cc_string_free, is one of
 *
 *     { "ok": true, "state": "running",
 *       "progress": { "phase": "sending", "done": 2, "total": 40, "percent": 5, "message": "The refresh" } }
 *     { "ok": true, "state": "done", "result": { "ok": ..., ... } }
 *     { "ok": false, "state": "unknown", "error": { ... } }
 *
 * `result` is the answer of the function, the same for each wait and each thread until the operation is freed.
 * `progress` is for people: `phase` is a short name of the current activity, such as `queued`, `token`, `searching`,
 * `sending`, `rate limit`, `waiting`; `total` and `percent` are null if unknown. `done` and `total` of a refresh count its
 * people over the whole run, with `options.wait` those whose task has ended; of a task they are percent. A streamed refresh
 * also returns batches (see STREAMS above).
 *
 * Errors: `invalid_argument` (an unknown operation, or one that was freed, also during this wait).
 */
char *cc_operation_wait(uint64_t operation,
                        uint32_t timeout_ms);

/**
 * Sends names to a refresh that was started with `"stream": true` (see STREAMS above). It does not block.
 *
 * `json`: { "identities": [ "amelie.roux", ... ] }, any number of names; { "end": true } after the last ones; or both
 * together. `identityAttribute`: the attribute of these names, if it is not the request's.
 *
 * The answer, freed with cc_string_free:
 *
 *     { "ok": true, "waiting": 250, "full": false, "stopped": false }
 *
 * `waiting`: the number of names that wait to be looked up. `full`: call cc_operation_wait before more names are sent,
 * until an empty `identities` is answered with false; further names are accepted, but take memory. `stopped`: an error has stopped the run; names are still
 * accepted, and reported as `not_sent`.
 *
 * Errors: `invalid_argument` (an unknown operation; one that takes no names; after the end, or after a cancel; not an
 * array of texts). The operation continues, and none of the names was accepted.
 */
char *cc_operation_send(uint64_t operation,
                        const char *json);

/**
 * Stops an operation, without waiting for its end. Nothing of it is sent from now on.
 *
 * The answer, freed with cc_string_free:
 *
 *     { "ok": true, "sent": "no" }
 *
 * `sent`: as in errors; a refresh with "maybe" or "yes" continues at the service. The result of the operation is
 * `cancelled`, with the `calls` so far, as soon as its thread has seen the cancel. A finished operation keeps its
 * result. A second cancel has no effect.
 *
 * Errors: `invalid_argument` (an unknown operation).
 */
char *cc_operation_cancel(uint64_t operation);

/**
 * Cancels and removes an operation. Unknown numbers are ignored.
 */
void cc_operation_free(uint64_t operation);

/**
 * Frees a text that a function of this library has returned. NULL is ignored.
 *
 * Do not use `free()`: the text belongs to this library's allocator.
 */
void cc_string_free(char *text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PSSAILPOINTCC_H */
