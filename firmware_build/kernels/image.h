// A camera's picture becomes a model's input: cut to its shape, made smaller by area averages, and
// turned into its levels. Integers only, no memory but the picture's and the output's.

#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum _image_format_t {
    IMAGE_GRAY, // a byte
    IMAGE_RGB565_LE, // red, green and blue of 5, 6 and 5 bits from the highest on; low byte first
    IMAGE_RGB565_BE, // ... high byte first, as most cameras send it
    IMAGE_RGB888, // a byte each: red, green, blue
} image_format_t;

#define IMAGE_MOST (4095) // pixels of a side of the picture

typedef struct _image_t {
    const uint8_t *data; // rows from the top, without gaps
    uint32_t width, height;
    image_format_t format;
} image_t;

// Bytes of a pixel.
size_t image_depth(image_format_t format);

// The largest part of the shape width:height in the middle of the picture, as width x height pixels of
// so many channels: 3 are red, green and blue, 1 is gray. Each is the average of the area that it
// covers of values from 0 to 255, rounded, half up. Of 5 or 6 bits a value is these and the highest
// of them once more. Gray is (19595 R + 38470 G + 7471 B) / 65536, rounded, the weights of ITU-R
// BT.601; of the 5, 6 and 5 bits (1259 R + 1217 G + 480 B) / 512.
//
// No side is longer than IMAGE_MOST. A value v becomes levels[v], of 256.
void image_fit(const image_t *image, uint32_t width, uint32_t height, uint32_t channels,
    const uint8_t *levels, uint8_t *output);

#ifdef __cplusplus
}
#endif

#endif // IMAGE_H
