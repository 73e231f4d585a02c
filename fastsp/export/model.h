/* A Spatial Pooler and its readout, exported by fastsp @version@: inference in C99.
 *
 *   static model_stages stages;
 *   uint8_t bits[MODEL_N_INPUTS];
 *   int32_t active[MODEL_MAX_ACTIVE];
 *   model_encode(pixels, bits);
 *   int n = model_active_columns(bits, &stages, active);
 *
 * Active columns are those of fastsp where products and sums are not fused: compile with
 * -ffp-contract=off (GCC, Clang; /fp:precise with MSVC), and without -ffast-math. Nothing is
 * allocated, and nothing is kept between calls.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

/* sizes */

#ifdef __cplusplus
extern "C" {
#endif

/* The stages of one input, and room for its inference. */
typedef struct {
    int32_t overlaps[MODEL_N_COLUMNS]; /* connected synapses that see an on-bit */
    float boosted[MODEL_N_COLUMNS];    /* boosted overlaps; 0 under the stimulus threshold */
    float inhibited[MODEL_N_COLUMNS];  /* what the largest are chosen by, unless keys are */
    double keys[MODEL_N_COLUMNS];      /* what they are chosen by; -1 where one cannot win */
#if MODEL_IS_GAUSSIAN
    float room[4][MODEL_ROOM];
#endif
} model_stages;

#if MODEL_CHANNELS > 0
/* Input bits of an image: on where a pixel is at least the mean of all. */
void model_encode(const uint8_t pixels[MODEL_N_PIXELS], uint8_t bits[MODEL_N_INPUTS]);
#endif

/* Write the active columns of an input, ascending; return their number. A bit is on unless 0. */
int model_active_columns(const uint8_t bits[MODEL_N_INPUTS], model_stages *stages,
                         int32_t active[MODEL_MAX_ACTIVE]);

#if MODEL_N_LABELS > 0
extern const char *const model_labels[MODEL_N_LABELS];

/* Write the probabilities of labels, or their scores where MODEL_IS_RIDGE; return the number of the
 * label with the largest. */
int model_classify(const int32_t *active, int n_active, double probabilities[MODEL_N_LABELS]);
#endif

#ifdef __cplusplus
}
#endif

#endif
