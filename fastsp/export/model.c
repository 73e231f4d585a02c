/* Exported by fastsp @version@: see @header@. */
#include "@header@"

#include <float.h>
#include <limits.h>
#include <math.h>

#if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || DBL_MANT_DIG < 53
#error "float must have 24 bits of precision, and double 53, as with -mdouble=64 for AVR"
#endif
#if INT_MAX < 2147483647
#error "int must have 32 bits"
#endif
/* 16 speaks of half precision only. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error "float arithmetic must be done in single precision, as with -mfpmath=sse on x86"
#endif
/* __FINITE_MATH_ONLY__ may be defined as 0. */
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    defined(_M_FP_FAST) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "compile without -ffast-math, -Ofast and the like: codes would not be those of fastsp"
#endif
#if defined(__clang__)
#pragma clang fp contract(off) reassociate(off)
#elif defined(__GNUC__)
#pragma GCC optimize("-ffp-contract=off")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#else
#pragma STDC FP_CONTRACT OFF
#endif

/* -fsingle-precision-constant makes numbers like 1.0 float. */
typedef char model_constants_are_double[sizeof(1.0) == sizeof(double) ? 1 : -1];

/* data */

#if MODEL_CHANNELS > 0
void model_encode(const uint8_t pixels[MODEL_N_PIXELS], uint8_t bits[MODEL_N_INPUTS]) {
    uint64_t sum = 0;
    for (int i = 0; i < MODEL_N_PIXELS; i++) sum += pixels[i];
    for (int i = 0; i < MODEL_N_PIXELS; i++) {
        const uint8_t on = (uint64_t)pixels[i] * MODEL_N_PIXELS >= sum;
        bits[MODEL_CHANNELS * i] = on;
#if MODEL_CHANNELS == 2
        bits[2 * i + 1] = !on;
#endif
    }
}
#endif

/* Connected synapses of a row (a segment of a column) that see an on-bit. */
static int32_t model_overlap_of(int row, const uint8_t *bits) {
    int32_t overlap = 0;
    for (uint32_t i = model_starts[row]; i < model_starts[row + 1]; i++) {
        overlap += bits[model_positions[i]] != 0;
    }
    return overlap;
}

/* Boost factor times the overlap, or its share, with the tie-breaker; 0 under the threshold. */
static float model_excitement(int row, int32_t overlap) {
    if (overlap < model_thresholds[row]) return 0.0f;
#if MODEL_IS_SHARED
    const uint16_t connected = model_connected_counts[row];
    const float seen = (float)overlap / (connected ? (float)connected : 1.0f);
#else
    const float seen = (float)overlap;
#endif
    const float with_tie = seen + model_tie_breakers[row];
    return model_boost_factors[row] * with_tie;
}

/* What rows are compared by; below 0 where one cannot win. */
static double model_key_of(int row, int32_t overlap) {
    if (overlap < model_thresholds[row]) return -1.0;
#if MODEL_OVERLAP_STEP > 0
    return (double)overlap * MODEL_OVERLAP_STEP + model_tie_keys[row];
#else
    return model_excitement(row, overlap);
#endif
}

#if MODEL_IS_GAUSSIAN
/* Multiply along the middle axis of (outer, n, inner) with weights (m, n). */
static void model_multiply(const model_product *step, const float *source, float *target) {
    for (int o = 0; o < step->outer; o++) {
        for (int row = 0; row < step->m; row++) {
            float *out = target + ((long)o * step->m + row) * step->inner;
            for (int i = 0; i < step->inner; i++) out[i] = 0.0f;
            for (int j = 0; j < step->n; j++) {
                const float weight = step->weights[(long)row * step->n + j];
                const float *values = source + ((long)o * step->n + j) * step->inner;
                for (int i = 0; i < step->inner; i++) {
                    const float term = weight * values[i];
                    out[i] = out[i] + term;
                }
            }
        }
    }
}

/* Gaussian mean over the grid of columns, as a chain of products; `work` is two rooms. */
static void model_blur(const float *source, float (*work)[MODEL_ROOM], float *out) {
    for (int i = 0; i < MODEL_N_STEPS; i++) {
        float *target = i == MODEL_N_STEPS - 1 ? out : work[i % 2];
        model_multiply(&model_blur_steps[i], source, target);
        source = target;
    }
    if (source != out) {
        for (int c = 0; c < MODEL_N_COLUMNS; c++) out[c] = source[c];
    }
}

/* Boosted overlaps in units of their neighbourhood's spread. */
static void model_inhibit(model_stages *stages) {
    float *mean = stages->room[0], *variance = stages->room[1];
    model_blur(stages->boosted, stages->room + 2, mean);
    for (int c = 0; c < MODEL_N_COLUMNS; c++) {
        const float away = stages->boosted[c] - mean[c];
        stages->inhibited[c] = away;
        mean[c] = away * away;
    }
    model_blur(mean, stages->room + 2, variance);
    for (int c = 0; c < MODEL_N_COLUMNS; c++) {
        const float spread = (variance[c] > 0.0f ? variance[c] : 0.0f) + (float)1e-6;
        stages->inhibited[c] = stages->inhibited[c] / sqrtf(spread);
    }
}
#endif

/* Write the largest of a group of columns, ascending, of equal ones the first; count them. */
static int model_select_in(int first, const model_stages *stages, int32_t *active) {
#if MODEL_IS_GAUSSIAN
    const float *values = stages->inhibited;
#else
    const double *values = stages->keys;
#endif
    int n = 0;
    for (int32_t c = first; c < first + MODEL_GROUP_SIZE; c++) {
        if (stages->keys[c] < 0.0) continue;
        if (n == MODEL_N_ACTIVE && !(values[c] > values[active[n - 1]])) continue;
        int place = n < MODEL_N_ACTIVE ? n++ : n - 1;
        for (; place > 0 && values[c] > values[active[place - 1]]; place--) {
            active[place] = active[place - 1];
        }
        active[place] = c;
    }
    for (int i = 1; i < n; i++) {
        const int32_t c = active[i];
        int place = i;
        for (; place > 0 && active[place - 1] > c; place--) active[place] = active[place - 1];
        active[place] = c;
    }
    return n;
}

int model_active_columns(const uint8_t bits[MODEL_N_INPUTS], model_stages *stages,
                         int32_t active[MODEL_MAX_ACTIVE]) {
    int n = 0;
    for (int c = 0; c < MODEL_N_COLUMNS; c++) {
        int best = c * MODEL_N_SEGMENTS;
        stages->overlaps[c] = model_overlap_of(best, bits);
        stages->keys[c] = model_key_of(best, stages->overlaps[c]);
        for (int row = best + 1; row < (c + 1) * MODEL_N_SEGMENTS; row++) {
            const int32_t overlap = model_overlap_of(row, bits);
            const double key = model_key_of(row, overlap);
            if (key > stages->keys[c]) {
                best = row;
                stages->overlaps[c] = overlap;
                stages->keys[c] = key;
            }
        }
        stages->boosted[c] = model_excitement(best, stages->overlaps[c]);
        stages->inhibited[c] = stages->boosted[c];
    }
#if MODEL_IS_GAUSSIAN
    model_inhibit(stages);
#endif
    for (int first = 0; first < MODEL_N_COLUMNS; first += MODEL_GROUP_SIZE) {
        n += model_select_in(first, stages, active + n);
    }
    return n;
}

#if MODEL_N_LABELS > 0
int model_classify(const int32_t *active, int n_active, double probabilities[MODEL_N_LABELS]) {
    int best = 0;
    for (int l = 0; l < MODEL_N_LABELS; l++) {
        double score = 0.0;
        for (int i = 0; i < n_active; i++) score += model_of_active[active[i]][l];
#if MODEL_IS_MEAN
        score = n_active > 0 ? score / n_active : model_of_label[l];
#else
        score += model_of_label[l];
#endif
        probabilities[l] = score;
        if (score > probabilities[best]) best = l;
    }
#if !MODEL_IS_MEAN && !MODEL_IS_RIDGE
    const double largest = probabilities[best];
    double sum = 0.0;
    for (int l = 0; l < MODEL_N_LABELS; l++) {
        probabilities[l] = exp(probabilities[l] - largest);
        sum += probabilities[l];
    }
    for (int l = 0; l < MODEL_N_LABELS; l++) probabilities[l] /= sum;
#endif
    return best;
}
#endif
