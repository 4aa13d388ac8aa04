/* A gateway's chunk code in C99 as an external client of smpsim:
 *
 *     cc -O2 -o client client.c
 *     smpsim run --set client.mode=upload-only --set expect.outcome=uploaded --strategy exec:./client
 *
 * It uploads with one request at a time and repeats a request that is not answered within a
 * second. What you would try in your own firmware is in next_chunk() and on_answer(); the rest is
 * the wire and the lines, which docs/exec.md describes. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 8
#define SHA 32
#define RETRY_US 1000000u
#define RETRIES 10

static uint8_t *image;
static size_t image_len;
static uint8_t sha[SHA];
static size_t write_max;
static size_t off;
static unsigned retries;
static uint8_t seq;

/* ---- CBOR, as much as an upload needs ---- */

static size_t put_head(uint8_t *out, uint8_t major, uint32_t n)
{
    major <<= 5;
    if (n < 24) {
        out[0] = major | (uint8_t)n;
        return 1;
    }
    if (n < 0x100) {
        out[0] = major | 24;
        out[1] = (uint8_t)n;
        return 2;
    }
    if (n < 0x10000) {
        out[0] = major | 25;
        out[1] = (uint8_t)(n >> 8);
        out[2] = (uint8_t)n;
        return 3;
    }
    out[0] = major | 26;
    for (int i = 0; i < 4; i++)
        out[1 + i] = (uint8_t)(n >> (24 - 8 * i));
    return 5;
}

static size_t put_key(uint8_t *out, const char *key)
{
    size_t n = put_head(out, 3, (uint32_t)strlen(key));
    memcpy(out + n, key, strlen(key));
    return n + strlen(key);
}

/* The number behind a key of a CBOR map, or -1. Keys of an upload's answer are short texts. */
static int64_t number_of(const uint8_t *map, size_t len, const char *key)
{
    uint8_t wanted[16];
    size_t n = put_key(wanted, key);
    for (size_t i = 0; i + n < len; i++) {
        if (memcmp(map + i, wanted, n) != 0)
            continue;
        const uint8_t *value = map + i + n;
        size_t left = len - i - n, octets = 0;
        if (value[0] < 24)
            return value[0];
        if (value[0] >= 24 && value[0] <= 26)
            octets = (size_t)1 << (value[0] - 24);
        if (octets == 0 || left <= octets)
            return -1;
        uint32_t number = 0;
        for (size_t k = 1; k <= octets; k++)
            number = number << 8 | value[k];
        return number;
    }
    return -1;
}

/* ---- the chunk code ---- */

/* Writes the request for the chunk at `off` into `frame` and returns its length. */
static size_t next_chunk(uint8_t *frame)
{
    size_t n = HEADER;
    int first = off == 0;
    n += put_head(frame + n, 5, first ? 4 : 2);
    n += put_key(frame + n, "off");
    n += put_head(frame + n, 0, (uint32_t)off);
    if (first) {
        n += put_key(frame + n, "len");
        n += put_head(frame + n, 0, (uint32_t)image_len);
        n += put_key(frame + n, "sha");
        n += put_head(frame + n, 2, SHA);
        memcpy(frame + n, sha, SHA);
        n += SHA;
    }
    n += put_key(frame + n, "data");
    size_t len = write_max - n - 3; /* the head of 256 octets and more has three */
    if (len > image_len - off)
        len = image_len - off;
    n += put_head(frame + n, 2, (uint32_t)len);
    memcpy(frame + n, image + off, len);
    n += len;
    const uint8_t header[HEADER] = {
        1 << 3 | 2, 0, (uint8_t)((n - HEADER) >> 8), (uint8_t)(n - HEADER), 0, 1, seq++, 1,
    };
    memcpy(frame, header, HEADER);
    return n;
}

static void send_chunk(void)
{
    uint8_t frame[70000];
    size_t n = next_chunk(frame);
    printf("{\"do\":\"send\",\"hex\":\"");
    for (size_t i = 0; i < n; i++)
        printf("%02x", frame[i]);
    printf("\"}\n{\"do\":\"timer\",\"after_us\":%u}\n", RETRY_US);
}

static void on_answer(const uint8_t *frame, size_t len)
{
    if (len < HEADER || frame[6] != (uint8_t)(seq - 1))
        return; /* a late answer to a request that was repeated */
    int64_t rc = number_of(frame + HEADER, len - HEADER, "rc");
    int64_t next = number_of(frame + HEADER, len - HEADER, "off");
    if (rc > 0 || next < 0) {
        printf("{\"do\":\"failed\",\"reason\":\"rc %" PRId64 " at offset %zu\"}\n", rc, off);
        return;
    }
    off = (size_t)next;
    retries = 0;
    if (off == image_len)
        printf("{\"do\":\"done\",\"outcome\":\"uploaded\"}\n");
    else
        send_chunk();
}

/* ---- the lines ---- */

static const char *text_of(const char *line, const char *key)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"%s\":\"", key);
    const char *at = strstr(line, wanted);
    return at ? at + strlen(wanted) : NULL;
}

static long value_of(const char *line, const char *key)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *at = strstr(line, wanted);
    return at ? strtol(at + strlen(wanted), NULL, 10) : -1;
}

static size_t octets(const char *hex, uint8_t *out, size_t most)
{
    size_t n = 0;
    unsigned octet;
    while (n < most && hex && sscanf(hex + 2 * n, "%2x", &octet) == 1)
        out[n++] = (uint8_t)octet;
    return n;
}

static void start(const char *line)
{
    char name[4096] = "";
    const char *from = text_of(line, "image_file");
    if (from)
        snprintf(name, sizeof name, "%.*s", (int)strcspn(from, "\""), from);
    FILE *file = fopen(name, "rb");
    if (!file) {
        printf("{\"do\":\"failed\",\"reason\":\"the image cannot be read\"}\n");
        return;
    }
    image_len = (size_t)value_of(line, "image_size");
    image = malloc(image_len);
    if (!image || fread(image, 1, image_len, file) != image_len) {
        printf("{\"do\":\"failed\",\"reason\":\"the image cannot be read\"}\n");
    } else {
        octets(text_of(line, "image_sha256"), sha, SHA);
        printf("{\"do\":\"connect\"}\n");
    }
    fclose(file);
}

int main(void)
{
    static char line[200000];
    static uint8_t frame[70000];
    while (fgets(line, sizeof line, stdin)) {
        const char *event = text_of(line, "event");
        if (!event)
            return 1;
        if (strncmp(event, "start\"", 6) == 0) {
            start(line);
        } else if (strncmp(event, "connected\"", 10) == 0) {
            write_max = (size_t)value_of(line, "write_max");
            off = 0; /* the server answers how far an interrupted upload had come */
            send_chunk();
        } else if (strncmp(event, "frame\"", 6) == 0) {
            on_answer(frame, octets(text_of(line, "hex"), frame, sizeof frame));
        } else if (strncmp(event, "timer\"", 6) == 0) {
            if (++retries > RETRIES)
                printf("{\"do\":\"failed\",\"reason\":\"not answered\"}\n");
            else
                send_chunk();
        } else if (strncmp(event, "lost\"", 5) == 0) {
            printf("{\"do\":\"connect\"}\n");
        } else {
            printf("{\"do\":\"failed\",\"reason\":\"not connected\"}\n");
        }
        printf("{\"do\":\"wait\"}\n");
        fflush(stdout);
    }
    return 0;
}
