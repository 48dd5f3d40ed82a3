/* A check that names what it found; for programs that load the library at run time too. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition, found)                                                                \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: %s\n  found: %s\n", __FILE__, __LINE__, #condition, found); \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

/* The functions that such programs look up. */
typedef char *(*call)(const char *);
typedef void (*release)(char *);
typedef uint64_t (*start)(const char *, const char *);
typedef char *(*await)(uint64_t, uint32_t);
typedef void (*forget)(uint64_t);

#endif
