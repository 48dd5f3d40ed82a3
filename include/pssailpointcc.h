/*
 * PSSailpointCC: SailPoint's refreshIdentities, and nobody refreshed who was not named.
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
 * Every function takes JSON text and answers with JSON text. This comment is the manual; C++ programs find a
 * wrapper that frees by itself in pssailpointcc.hpp.
 *
 *
 * TEXTS
 *
 * All text is UTF-8 and ends with NUL. What is passed in is read during the call only, and stays the caller's.
 * Every `char *` that is returned is the caller's, never NULL, and goes back by cc_string_free, once. A `const
 * char *` that is returned is static. NULL, text that is not UTF-8, text that is not JSON: an answer that says
 * so, never a crash.
 *
 *
 * THREADS AND PROCESSES
 *
 * Every function may be called from any thread at any time. 256 KiB of stack suffice. The library keeps one thread
 * of its own for the network, started by the first call that needs it, and one for each operation that runs, which
 * ends a second after the last; all signals are blocked on them, and no signal handler is changed. It is never unloaded:
 * dlclose does nothing. After fork without exec, in the child of a process
 * that has used it, every call answers `internal`. Do not call it from signal handlers, or from destructors that run
 * at exit. When memory is exhausted the process is aborted.
 *
 *
 * ANSWERS
 *
 *     { "ok": true, ... }                     what the function did: see each function
 *     { "ok": false, "error": { ... } }       why it did not
 *
 * Members may be added to answers: ignore those that you do not know. The members of `error`:
 *
 *     code           one of ERRORS, for programs
 *     message        one sentence for people: what happened, and to which address or filter
 *     hint           what to do next; may have several lines. Not always there
 *     sent           "no": no refresh left, or the service is known not to have taken it (401, 429): it is safe to
 *                    try again. "maybe": it left, and what became of it is not known. "yes": the service has
 *                    received it, and `response` is its answer
 *     position       of a filter's error, in characters (not bytes) from 0
 *     matched        how many identities the filter matches, where that is the error
 *     trackingId     what SailPoint's support asks for
 *     response       { "status", "headers", "body" }: what came back. `body` is its JSON exactly as it came; where
 *                    it is not JSON, `text` stands in its place
 *     retryAfterSec  how long the service asks to wait
 *
 * An error after a call to the service carries `calls` beside `error`, and where people were named `unmatched` and
 * `ambiguous`: see ACCOUNT. An error without them came before anybody was looked at, and nobody was sent. `warnings` stand
 * beside it as they would beside an answer. Where /cc had been left for its successor, `fallback` says why.
 *
 * No error holds a secret: none is put in, and what a server repeats of one is replaced by ***. The answer to a refresh
 * that succeeded is the service's own, as it came.
 *
 *
 * ERRORS
 *
 *     invalid_argument      NULL, not UTF-8, not JSON, a wrong type, an unknown member or one that stands twice
 *     invalid_filter        the filter does not parse; `position` and `hint` say where and what was probably meant
 *     would_refresh_all     no filter, or one that every identity matches, and not allowFullRefresh; or with
 *                           pruneIdentities, and not allowPruneAll
 *     no_match              the filter matches nobody whom search knows; /cc would refresh everybody. Or none of the
 *                           names means one person
 *     too_many_matches      more than maxIdentities; `matched` says how many
 *     preflight_unavailable matches could not be counted: search is not permitted or not there, only the service can
 *                           judge the filter, an attribute is not known to be searchable. Nothing was sent
 *     not_configured        no base URL or no credentials; the hint lists the places that were looked at
 *     unauthorized          401, or a client id or secret that the token endpoint refused
 *     forbidden             403
 *     not_found             404
 *     gone                  410
 *     rate_limited          429, and it did not end within the retries or the timeout
 *     http_status           another status that is no success; a redirect is one: none is followed
 *     journal_error         the journal cannot be read or written, belongs to another run, or is in use. Nothing more was
 *                           sent
 *     partial_failure       some of several calls failed: `calls` tells which; the hint has the first one's error
 *     unsupported_argument  the successor of /cc cannot do this: a full refresh, a filter that nobody but /cc can judge,
 *                           an argument that it would do more for, or less, than it says. Nothing was sent
 *     timeout               no answer in time: timeoutSec, totalTimeoutSec
 *     connection            no connection, or one that was lost
 *     host_not_found        the host's name has no address
 *     tls                   no encrypted connection: the certificate was refused, or the host does not speak TLS
 *     cancelled             cc_operation_cancel, or cc_operation_free, has stopped it
 *     task_failed           the service has taken the refresh, and its task has failed
 *     invalid_response      an answer that is no HTTP, is too large or broke off; a token endpoint without a token
 *     internal              a defect of this library, or a call in a forked child
 *
 * Codes are never removed and never change their meaning.
 *
 *
 * REQUEST
 *
 * All is optional, but a request that names nobody is refused.
 *
 *     filter         text: whom to refresh, in SailPoint's filter language, such as uid == "amelie.roux"
 *     refreshArgs    object: what to do. Goes out as it comes in: order, unknown names, booleans written as text
 *                    (null members are left out). The documented ones: correlateEntitlements, promoteAttributes,
 *                    refreshManagerStatus, synchronizeAttributes, pruneIdentities (DELETES identities that have no
 *                    account), provision
 *     identities     array of texts: people by name, in place of a filter; any number, each once. See PEOPLE BY NAME
 *     identityAttribute  which attribute those are values of: uid by default, or name (the user name), email, id or
 *                    any other identity attribute
 *     options        object:
 *         backend            "cc", "process", "auto": which way it goes, see BACKENDS. Default: the configuration's
 *         allowBroader       true: the successor may do more, or less, than the arguments say. Default: the
 *                            configuration's
 *         allowFullRefresh   true: without a filter, refresh the whole tenant
 *         allowPruneAll      true: do so with pruneIdentities as well; and prune by a filter that was not counted
 *         preflight          false: send the filter without counting its matches (see PREFLIGHT). Default: the
 *                            configuration's. Not with identities, who are always looked up
 *         maxIdentities      refuse to touch more than so many. Default: the configuration's. Not without preflight
 *         skipFilterCheck    true: send the filter without parsing it, and so without preflight. What the service
 *                            does not understand refreshes the whole tenant
 *         dryRun             true: check everything, send nothing
 *         wait               true: wait until the tasks that the refresh has started have ended (see TASKS), and at the
 *                            most waitTimeoutSec (3600); they are asked after every pollIntervalMs (2000), at
 *                            first sooner
 *         totalTimeoutSec    the most seconds that the call may take in all
 *         journal            the path of a file by which the same call goes on after whatever has stopped it, see JOURNAL
 *         resendUncertain    true: send those again of whom nobody can tell whether an earlier run has sent them
 *     stream         true: the names come while the refresh runs, in place of identities. See STREAMS
 *     client         "c" or "powershell": whose names of options messages use. Default: c
 *     configuration  object: holds for this call instead of the default
 *
 *
 * PREFLIGHT
 *
 * Before a filter is sent, it is made sure of that
 *
 *     - its attributes are searchable: the standard ones (id, name, uid, displayName, email, firstname, lastname,
 *       correlated, protected, inactive, manager, manager.id, manager.name, manager.displayName), or those that the
 *       tenant's list says are
 *     - at least one identity that search finds is judged to match by the filter's own meaning; search alone finds
 *       too many. What nobody documents (case, missing values, lists, other types) is judged "undecided"
 *     - not every identity of the tenant matches, or may match
 *     - no more than maxIdentities match, or may match
 *
 * That is one request before the refresh, in the ordinary case; one more where the filter names another attribute than
 * the standard ones. The tenant's size is kept for ten minutes. A user whom search refuses (HELPDESK) can still refresh by id, name or email with ==.
 *
 * It is as sure as a check just before sending can be: search lags behind by minutes, and does not know uncorrelated
 * identities, which the service may refresh as well.
 *
 *
 * BACKENDS
 *
 *     cc       POST /cc/api/system/refreshIdentities, the documented endpoint. It takes a filter, and refreshes everybody
 *              where it cannot use one
 *     process  its successor, POST /identities/v1/process: takes ids, 250 a call, so that it can never refresh anybody
 *              else. A filter is searched for and judged here: all pages are read before the first call, and only those
 *              are sent whom it matches for certain. `undecided` tells of how many more only the service could tell. There
 *              is no full refresh
 *     auto     cc for a filter, process for people by name. A tenant that has lost /cc is known by its answer (410, 404,
 *              405, or 401 "Unable to route request") and by the answer of its successor: the refresh then goes on by
 *              process, `fallback` says why, and later calls of this program go there at once. A host that has neither
 *              gives the error of /cc
 *
 * The successor always calculates attributes, entitlements, roles, access profiles and managers, and provisions. So an
 * argument that is plainly false where it always acts (correlateEntitlements, promoteAttributes, refreshManagerStatus,
 * provision), pruneIdentities, and any argument that is not one of the documented ones are refused with
 * `unsupported_argument`, unless allowBroader is true: then each is a sentence in `warnings`. Their names are compared
 * ignoring case; one that stands twice is both. What is not mentioned is not refused; a dry run's `plan.sideEffects` names
 * it. synchronizeAttributes is a call of its own for each person, POST /identities/v1/{id}/synchronize-attributes,
 * after the others were accepted; with the four set to false it is the only one.
 *
 *
 * PEOPLE BY NAME
 *
 * `identities` are looked up by search, 250 values a query, and compared character by character: of those whom search
 * finds only the one who has exactly this value is meant. By `id` nothing is looked up, and the service ignores an id
 * that nobody has. A user whom search refuses (HELPDESK) can name people by id, and by name or email with one question
 * each. A value that nobody has is in `unmatched`; one that several people have is in `ambiguous` with all of them, and
 * none of them is sent.
 *
 * With backend cc each person is a call of their own with the filter {attribute} == "{value}", and is looked up again
 * before it where there are many. The attribute must be searchable. Somebody who is gone by then is not sent (`reason`
 * "gone"). It is the service that judges there: `undecided` tells how many others it may take for one of the named, who
 * differ in upper and lower case for instance; they count for maxIdentities.
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
 *     identities  as they were given; their ids where a filter was. Not there for a filter on cc
 *     ids         whom the names mean, where they were looked up
 *     outcome     "accepted"; "rejected": the service has answered that it does not do it; "not_sent"; "maybe_sent": it
 *                 left, and what became of it is not known
 *     reason      why no call was made: "ambiguous"; "gone": found before, and not any more; "stopped": an error has
 *                 stopped the run; "uncertain": see JOURNAL
 *     status      the answer's; error, trackingId: where it failed; task: the task that was started
 *
 * Everybody who was given is in one call or in `unmatched`, once, also where a name was given several times; calls of
 * synchronize-attributes come on top, unless they are the only ones. Where all calls have failed and none can have been
 * taken, the error is the first call's; else `partial_failure`.
 *
 * An error that concerns one call alone does not stop the others: 400 or another status for one batch, a connection or an
 * answer that was lost after the request had left. An error that every other call would meet stops the run, and the others
 * are not_sent: a web page in place of an answer, 401, 403, 404 and 429 unless they are one person's, 405, 410, no token, no
 * connection, no encrypted connection, no such host, the end of totalTimeoutSec, too many people, a journal that cannot be
 * written.
 *
 *
 * TASKS
 *
 * The service takes a refresh and does it later, as a task. With `options.wait` the answer comes when the tasks have ended:
 * `task` of each call then has `state` ("succeeded", "warning", "failed"), `completionStatus` (the service's word) and
 * `messages`; a warning is in `warnings`, and a task that has failed is the error `task_failed`. Then everybody whom
 * `calls` names is looked up (GET /identities/v1, 150 a question at most), and those whom the tenant calls failed, or has
 * last refreshed before the task began, are in `failed`: identity, id, processingState, lastRefresh. Where the time is up
 * the error is `timeout`, `sent` is "yes", and the task goes on: cc_get_task follows it. After `partial_failure` the calls
 * that were accepted are waited for as well, and a task that has failed is one of the `warnings`. That the answer of /cc
 * names a task is nowhere documented; where an answer names none, a warning says so. The task of synchronize-attributes
 * cannot be followed.
 *
 *
 * OPERATIONS
 *
 * A function that uses the network can run in the background: cc_operation_start gives a number, cc_operation_wait waits
 * for the answer for a while or tells how it gets on, cc_operation_cancel stops it at once, whatever it waits for: a
 * name that is looked up, a token that another call fetches, an answer, a pause, the rate limit. cc_operation_free
 * forgets it, once it is done with or before.
 *
 * Numbers are not used again. One that was never given, or was freed, once, twice or while another thread waits, is an
 * answer with the state `unknown`, never a crash. At most 64 operations run at the same time; others queue.
 *
 *
 * STREAMS
 *
 * A refresh that is started with "stream": true takes its names while it runs, any number of them, and gives each finished
 * batch once, in the order of the input. examples/stream.c is a whole program.
 *
 *     operation = cc_operation_start("cc_refresh_identities", "{\"stream\": true, ...}");
 *     cc_operation_send(operation, "{\"identities\": [\"amelie.roux\", \"smith\"]}");      as often as there are names
 *     cc_operation_send(operation, "{\"end\": true}");
 *     cc_operation_wait(operation, 100);                       until its state is "done", and between the sends
 *
 * 250 names are looked up by one query, and 250 people are sent by one call; at most maximumConcurrency requests are under
 * way. A rest of fewer names waits for more, or for the end. cc_operation_wait gives, besides "running" and "done",
 *
 *     { "ok": true, "state": "batch", "result": { "ok": true, "batch": 1, "identityAttribute": "uid", "calls": [ ... ], ... } }
 *
 * `result` is what cc_refresh_identities would answer for this batch alone, with `batch`, counted from 1. Where it is an
 * error and `error.stopsRun` is true, nothing more is sent: calls under way end, and all other names, also those that are
 * sent afterwards, come as batches with the outcome "not_sent". The run is done when the end was sent, or when it is
 * cancelled; the result of "done" is ok where every batch was, and else the first error, with
 *
 *     "totals": { "given", "repeated", "skipped", "accepted", "rejected", "notSent", "maybeSent", "unmatched", "ambiguous" }
 *
 * `given` counts every name as often as it came, `repeated` those that had come before, `skipped` those that the journal has
 * as done. maxIdentities holds for the whole run: a batch that would exceed it is not sent and stops the run. Where the first
 * send brings all names and the end, they are counted before the first is sent.
 *
 * Memory does not grow with the number of names, but for 13 bytes a name by which each is sent once. Batches that nobody
 * takes are kept, 64 of them; then the run pauses.
 *
 *
 * JOURNAL
 *
 * With `options.journal`, what is sent and what becomes of it is written to a file. After a crash, a power failure, a cancel
 * or an error, the same call with the same file goes on: nobody is sent twice, and nobody is left out. It is for people by
 * name, at once or as a stream, and for a filter on the backend process. The file is JSON lines:
 *
 *     {"journal":1,"tenant":"https://acme.api.identitynow.com","backend":"process","identityAttribute":"uid","refreshArgs":{}}
 *     {"unmatched":["nobody.here"],"ambiguous":["smith"]}
 *     {"batch":1,"since":"2026-11-28T10:00:00","identities":["amelie.roux"],"ids":["2c91..."]}
 *     {"batch":1,"call":"process","outcome":"accepted","status":202,"task":"..."}
 *
 * A batch is on the disk before its request can leave; `since` is the service's time then. The next run skips who was
 * accepted, was rejected with 400, 413, 415 or 422, or is unmatched or ambiguous; it sends who was not sent, or was refused
 * for another reason. Of a batch without an outcome it asks the tenant at the end of the names, and not before the service's
 * clock is 10 s past `since`: who was refreshed since then is done. Where every task that has begun since then belongs to
 * people who were refreshed, the others were not sent, and are sent now. Whoever is left may have been sent: they are told
 * with the outcome "maybe_sent" and the reason "uncertain", and are sent with `options.resendUncertain`. For that question
 * the scopes idn:identity:read and idn:task-management:read are needed.
 *
 * A journal of another tenant, backend, attribute, filter or other arguments is refused, and so is one that another process
 * uses, one of a newer form, and one with a damaged line; the last line may have been cut off. Where it cannot be written any
 * more, nothing more is sent. The file holds names and ids, and no secret.
 *
 *
 * RATE LIMIT
 *
 * The service takes 100 requests in 10 seconds of one credential. That is kept on this side as well, for each host and
 * credential, by all threads of the process together, in the order in which they come: a request that finds no room
 * waits, one that finds some does not. A twentieth is left to others who use the same credential. After a 429 all wait
 * as long as its Retry-After says; where that is longer than timeoutSec, the answer is `rate_limited`. Waits count for
 * totalTimeoutSec alone. Requests for tokens do not count.
 *
 *
 * CONFIGURATION
 *
 *     baseUrl               https://{tenant}.api.identitynow.com; http: for loopback addresses only
 *                           (or the variable SAIL_BASE_URL; config.json BaseUrl; config.yaml baseurl)
 *     tokenUrl              default {baseUrl}/oauth/token
 *                           (or config.json TokenUrl)
 *     accessToken           sent as it is, never renewed; "Bearer " before it is dropped
 *     clientId              of a personal access token or an API client: a token is fetched, shared by all threads,
 *                           kept until 30 s before it expires, and fetched again once when the service answers 401
 *                           (or the variable SAIL_CLIENT_ID; config.json ClientId; config.yaml pat.clientid)
 *     clientSecret          belongs to the clientId
 *                           (or the variable SAIL_CLIENT_SECRET; config.json ClientSecret; config.yaml pat.clientsecret)
 *     lookup                object: `environment` (object of texts), `directory`, `home`, instead of the process's
 *                           own environment variables, working directory and home directory
 *     defaultHeaders        {}: object of texts, the headers of every request, in place of the library's own of these
 *                           names. With an Authorization among them no token is fetched. Headers that would change
 *                           how the service reads the body are refused
 *     skipCertificateCheck  false: whether any certificate is accepted
 *     proxy                 http://host:port. Default: HTTPS_PROXY, ALL_PROXY. Loopback addresses are never proxied
 *     noProxy               host names and networks that need no proxy, with commas between. Default: NO_PROXY
 *     caFile                a PEM file: authorities to trust beside this system's
 *     timeoutSec            100: one exchange with its retries, without its waits for the rate limit
 *     connectTimeoutSec     10: for a connection to be made
 *     maximumRetryCount     3: how often a request is repeated that was not sent, or was answered 429 (0 to 100)
 *     retryIntervalSeconds  1: between two tries, where the service does not say how long to wait
 *     rateLimit             { "requests": 100, "seconds": 10 }: what the service allows one credential (see RATE LIMIT)
 *     maximumConcurrency    4: the most calls under way at the same time for one request (1 to 16)
 *     maximumResponseBytes  16777216: a larger answer is an error (1 to 4294967296)
 *     preflight             true: whether the matches of a filter are counted before it is sent
 *     maxIdentities         the most identities that a refresh may touch, a full refresh included (1 to 1000000000)
 *     backend               auto: which endpoint refreshes; or cc, or process, see BACKENDS
 *     apiVersion            v1: the form of the paths. v1 is /{service}/v1/...; v2026, v2025, v2024 and beta are
 *                           /{version}/{service}/... The paths of /cc and /oauth have no version
 *     allowBroader          false: whether scripts that set arguments to false also run on a tenant without /cc
 *     userAgent             PSSailpointCC/{version} ({system}): sent with every request
 *     environment           the environment in ~/.sailpoint/config.yaml; the active one if not given
 *
 * These are accepted and not used: apiKey, apiKeyPrefix, username, password, cookie.
 *
 * The base URL and the credentials come from the first of these places that has credentials, and from it alone, so
 * that no file can send another's secret to its own server: the call, cc_configure, the environment, ./config.json,
 * ~/.sailpoint/config.yaml. The table has their names there; those in config.json are read in any case.
 * Credentials of the first two without a base URL take it from SAIL_BASE_URL or config.yaml, never from
 * ./config.json. All other members come from the call, or from cc_configure where the call has no credentials.
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
 * Static text: not to be freed.
 */
const char *cc_version(void);

/**
 * The version of this ABI: CC_ABI_VERSION of the header that the library was built with.
 *
 * It changes when a program that was built against the older header could break; functions and members of answers
 * that are new do not change it. A program that loads the library by hand compares it before anything else.
 */
uint32_t cc_abi_version(void);

/**
 * Sets the configuration that holds for calls which bring none, for the whole process.
 *
 * `json`: a configuration (see CONFIGURATION above), which replaces the former one whole; `{}` goes back to the
 * environment and the files. NULL changes nothing. With the member `"preview": true` nothing is changed either:
 * the answer then tells what a call with this configuration would go by.
 *
 * The answer, to be freed with cc_string_free:
 *
 *     { "ok": true,
 *       "configuration": { "baseUrl": "https://acme.api.identitynow.com", "clientSecret": "***", ... },
 *       "sources": { "baseUrl": "environment", "timeoutSec": "default", ... } }
 *
 * It is the configuration in force, each value with the source that it came from: `call` (a preview's own),
 * `configure`, `environment`, `config.json`, `config.yaml` or `default`. Secrets are redacted. A configuration need
 * not be complete here; a call that finds it incomplete answers `not_configured`.
 *
 * Errors: `invalid_argument`, `not_configured` (half of a client's credentials, or credentials of one source with
 * the address of another).
 */
char *cc_configure(const char *json);

/**
 * Refreshes identities, by `POST /cc/api/system/refreshIdentities` or its successor (see BACKENDS above), and blocks until
 * the service has answered.
 *
 * `json`: a request (see REQUEST above), such as
 *
 *     { "filter": "uid == \"amelie.roux\"",
 *       "refreshArgs": { "correlateEntitlements": true, "promoteAttributes": true } }
 *
 * THE SERVICE REFRESHES THE WHOLE COMPANY when a filter cannot be parsed, names an attribute that is not searchable,
 * matches nobody, or is not there. So a filter is parsed and its matches are counted before anything is sent (see
 * PREFLIGHT above), and a request without one is refused unless `options.allowFullRefresh` is true.
 *
 * The answer, to be freed with cc_string_free:
 *
 *     { "ok": true, "backend": "cc", "baseUrl": "https://acme.api.identitynow.com",
 *       "matched": 3, "matchedExactly": true, "undecided": 0,
 *       "response": { "status": 200, "headers": { "content-type": ["application/json"] }, "body": { ... } },
 *       "calls": [ { "call": "refreshIdentities", "outcome": "accepted", "status": 200 } ] }
 *
 * `backend`: the way it went. `response`: the service's answer, of the last call where there were several. `calls`,
 * `unmatched`, `ambiguous`: see ACCOUNT above. `fallback`: why it was not /cc that was asked in the end, in the call where
 * that was found out. `warnings`: sentences on what was done otherwise than asked, or will not work for ever, where there
 * are any.
 *
 * `matched`: how many identities that search knows the filter matches; at least so many where `matchedExactly` is
 * false: no more were counted than had to be, or there are `undecided` ones, of whom only the service can tell whether
 * it takes them as well. The three are not there where nothing was counted.
 *
 * With `options.dryRun` everything is checked and counted to the end, nothing is sent, and `plan` stands where
 * `response` would: `url`, `filter` in its canonical form, `everybody`, `identities` (`id`, `name`, `displayName` of
 * the first ten that match), `body` (of /cc's call). By the successor: `calls` (`call`, `method`, `url`, `count` of each
 * kind), `sideEffects` (the arguments that are not set, and done nevertheless). For a full refresh `everybody` is true, and `matched` the tenant's size, where
 * it can be counted.
 *
 * A refresh is sent at most once, unless the service is known not to have taken it: after a connection that could
 * not be made, after 401 (once, with a new token), after 429. `error.sent` tells whether it left.
 *
 * Errors: all of ERRORS above.
 */
char *cc_refresh_identities(const char *json);

/**
 * Tells what a filter says. No network, no configuration.
 *
 * `json`: { "filter": "..." }
 *
 * The answer, to be freed with cc_string_free:
 *
 *     { "ok": true,
 *       "filter": { "canonical": "uid == \"amelie.roux\"", "attributes": ["uid"], "warnings": [], "undecidable": [] } }
 *
 * `canonical`: the same filter in its one form. `attributes`: the names that must be searchable in the tenant.
 * `warnings`: what is legal and seldom meant, a sentence or two each. `undecidable`: the parts, in canonical form,
 * that only the service itself can judge, so that no preflight can.
 *
 * Errors: `invalid_argument`; `invalid_filter` with `position`, and a `hint` that shows the place and what was
 * probably meant.
 */
char *cc_check_filter(const char *json);

/**
 * Finds whom a refresh with a filter would touch, and blocks until it has them. Nothing is changed.
 *
 * `json`: { "filter": "...", "limit": 250, "after": null, "configuration": { ... } }. `limit`: the most identities
 * of one answer, 1 to 10000. `after`: what the last answer had, for the next page.
 *
 * The answer, to be freed with cc_string_free:
 *
 *     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "total": 3, "undecided": 0,
 *       "identities": [ { "id": "2c91...", "name": "amelie.roux", "displayName": "Amelie Roux" }, ... ],
 *       "after": null }
 *
 * `total`: how many match, on all pages together; counted with the first page, and repeated with the others.
 * `undecided`: of how many more only the service can tell; they are on no page. `identities`: sorted by id; who comes
 * or goes meanwhile may be missed, and nobody is there twice. `after`: null on the last page.
 *
 * Whom search does not know is not found: who has just come, and uncorrelated identities.
 *
 * Errors: `invalid_argument`, `invalid_filter`, `preflight_unavailable` (nobody but the service can judge the
 * filter), and those of the network.
 */
char *cc_find_identities(const char *json);

/**
 * Tells how a task gets on that a refresh has started, or waits for its end.
 *
 * `json`: { "id": "...", "wait": true, "waitTimeoutSec": 3600, "pollIntervalMs": 2000, "ids": [ ... ],
 * "configuration": { ... } }. Without `wait` it is asked after once. `ids`: of the people whom the task is for; each is
 * looked up where it has ended.
 *
 * The answer, to be freed with cc_string_free:
 *
 *     { "ok": true, "baseUrl": "https://acme.api.identitynow.com", "state": "succeeded", "messages": [ "..." ],
 *       "failed": [ { "identity", "id", "processingState", "lastRefresh" } ], "task": { ... } }
 *
 * `state`: `running`, `succeeded`, `warning` or `failed`. `messages`: what the task has to say. `failed`: those of `ids`
 * whom the tenant calls failed, or has last refreshed before the task began; not there where there are none. `task`: the
 * service's object as it came. `warnings`: as in cc_refresh_identities, and where those of `ids` could not be looked up.
 *
 * Errors: `invalid_argument`; `not_found` (no such task; they are kept for 90 days); with `wait` also `task_failed`, whose
 * hint has the task's messages, and `timeout` (the task goes on); those of the network.
 */
char *cc_get_task(const char *json);

/**
 * Starts a function in the background (see OPERATIONS above), and does not wait for it.
 *
 * `function`: "cc_refresh_identities", "cc_find_identities" or "cc_get_task". `json`: what that function takes; both are read during
 * the call only.
 *
 * The operation's number, to be freed with cc_operation_free; never 0. Whatever is wrong with the arguments is told by
 * the first cc_operation_wait.
 */
uint64_t cc_operation_start(const char *function,
                            const char *json);

/**
 * Waits for an operation, `timeout_ms` milliseconds at the most; 0 asks how it gets on.
 *
 * The answer, to be freed with cc_string_free, is one of
 *
 *     { "ok": true, "state": "running",
 *       "progress": { "phase": "sending", "done": 2, "total": 40, "percent": 5, "message": "The refresh" } }
 *     { "ok": true, "state": "done", "result": { "ok": ..., ... } }
 *     { "ok": false, "state": "unknown", "error": { ... } }
 *
 * `result` is the answer that the function itself gives, the same for each wait and each thread until the operation is
 * freed. `progress` is for people: `phase` is one word or two for what it does or waits for, such as `queued`, `token`,
 * `searching`, `sending`, `rate limit`, `waiting`; `total` and `percent` are null where they are not known.
 *
 * Errors: `invalid_argument` (no such operation, or one that was freed, also while this function waited).
 */
char *cc_operation_wait(uint64_t operation,
                        uint32_t timeout_ms);

/**
 * Gives names to a refresh that was started with `"stream": true` (see STREAMS above). It waits for nothing.
 *
 * `json`: { "identities": [ "amelie.roux", ... ] }, any number of them, { "end": true } after the last ones, or both
 * together. `identityAttribute`: which attribute these are values of, where it is another one than the request's.
 *
 * The answer, to be freed with cc_string_free:
 *
 *     { "ok": true, "waiting": 250, "full": false, "stopped": false }
 *
 * `waiting`: how many names wait to be looked up. `full`: send no more until cc_operation_wait has given a batch; what
 * is sent nevertheless is taken, and takes memory. `stopped`: an error keeps everything else from being sent; names are
 * still taken, and told as `not_sent`.
 *
 * Errors: `invalid_argument` (no such operation; one that takes no names; after the end, or after a cancel; what is
 * sent is no list of texts). The operation goes on, and none of the names was taken.
 */
char *cc_operation_send(uint64_t operation,
                        const char *json);

/**
 * Stops an operation, and does not wait for its end. From now on nothing of it is sent.
 *
 * The answer, to be freed with cc_string_free:
 *
 *     { "ok": true, "sent": "no" }
 *
 * `sent`: as in errors; what is "maybe" or "yes" goes on at the service. The operation's result is `cancelled`, with
 * `calls` as they have come to be, and is there as soon as its thread has seen it. One that had ended keeps its result,
 * and one that is cancelled twice stays as it is.
 *
 * Errors: `invalid_argument` (no such operation).
 */
char *cc_operation_cancel(uint64_t operation);

/**
 * Forgets an operation, and cancels it first. A number that is no operation's is fine.
 */
void cc_operation_free(uint64_t operation);

/**
 * Gives back a text that a function of this library has returned, once. NULL is fine.
 *
 * Not `free()`: the text belongs to this library's allocator.
 */
void cc_string_free(char *text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PSSAILPOINTCC_H */
