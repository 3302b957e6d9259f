/* The nearest known word: optimal string alignment distance over short words.
 *
 * Costs are counted in halves, so that a difference of case alone costs less than any other edit. A word
 * counts as meant within a third of its length, at least one edit. Pure; never fails. */
#include "common/base/suggest.h"

#define WORD_MAX 64
#define EDIT_COST 2

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int replace_cost(char a, char b) {
    if (a == b)
        return 0;
    return lower(a) == lower(b) ? 1 : EDIT_COST;
}

/* Three rolling rows: a swap of neighbours looks two rows back. */
static int distance(weir_str a, weir_str b) {
    int rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = (int)j * EDIT_COST;
    for (size_t i = 1; i <= a.size; i++) {
        int *row = rows[i % 3], *above = rows[(i - 1) % 3];
        row[0] = (int)i * EDIT_COST;
        for (size_t j = 1; j <= b.size; j++) {
            int best = above[j - 1] + replace_cost(a.data[i - 1], b.data[j - 1]);
            best = WEIR_MIN(best, above[j] + EDIT_COST);
            best = WEIR_MIN(best, row[j - 1] + EDIT_COST);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                best = WEIR_MIN(best, rows[(i - 2) % 3][j - 2] + EDIT_COST);
            row[j] = best;
        }
    }
    return rows[a.size % 3][b.size];
}

int32_t weir_suggest(weir_str word, const char *const *known, int32_t count) {
    int32_t nearest = -1;
    int nearest_distance = 0;
    if (word.size == 0 || word.size > WORD_MAX)
        return -1;
    for (int32_t i = 0; i < count; i++) {
        weir_str candidate = weir_str_from(known[i]);
        if (candidate.size == 0 || candidate.size > WORD_MAX)
            continue;
        int here = distance(word, candidate);
        if (nearest < 0 || here < nearest_distance) {
            nearest = i;
            nearest_distance = here;
        }
    }
    /* A word that differs in case alone is meant however long it is. */
    if (nearest >= 0 && weir_str_equal_nocase(word, weir_str_from(known[nearest])))
        return nearest;
    int limit = WEIR_MAX(1, (int)word.size / 3) * EDIT_COST;
    return nearest >= 0 && nearest_distance <= limit ? nearest : -1;
}
