/* Walks down a bowl. Values come in the environment:
 *
 *   cc -O2 -o train train.c
 *   osetra run study.toml -- ./train
 *
 * It keeps its state when it is asked to end (SIGTERM), and goes on from it the next time.
 */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile sig_atomic_t asked_to_end = 0;

static void ask_to_end(int signal_number) {
    (void)signal_number;
    asked_to_end = 1;
}

static double number(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

int main(void) {
    const double lr = number("OSETRA_LR", 0.1), layers = number("OSETRA_LAYERS", 2);
    const double pause = number("PAUSE", 0.05);
    const struct timespec rest = {(time_t)pause, (long)((pause - (double)(time_t)pause) * 1e9)};
    const char *folder = getenv("OSETRA_CHECKPOINT_DIR");
    char whole[4096] = "", part[4096] = "";
    const int steps = 20;
    int step = 0;
    double x = 1;

    if (folder) {
        snprintf(whole, sizeof whole, "%s/state", folder);
        snprintf(part, sizeof part, "%s/state.part", folder);
        FILE *file = fopen(whole, "r");
        if (file) {
            if (fscanf(file, "%d %lf", &step, &x) != 2) return 1;
            fclose(file);
        }
    }
    signal(SIGTERM, ask_to_end);
    printf("{\"steps\": %d}\n", steps);
    while (step < steps && !asked_to_end) {
        step++;
        x = x * (1 - lr) + 0.01 * (layers - 2) * (layers - 2);
        printf("{\"step\": %d, \"val_loss\": %.17g}\n", step, x);
        fflush(stdout); /* a pipe is buffered: without this, all lines come at the end */
        nanosleep(&rest, NULL);
    }
    if (step == steps) return 0;
    FILE *file = folder ? fopen(part, "w") : NULL;
    if (!file) return 1;
    fprintf(file, "%d %.17g\n", step, x);
    fclose(file);
    if (rename(part, whole) != 0) return 1;
    return 75; /* handed back: goes on later */
}
