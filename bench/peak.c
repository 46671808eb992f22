/* The peak of this machine: GFLOP/s of chains of multiply-adds that depend on nothing but themselves, all in registers.
   cc -O3 -march=native -pthread peak.c; ./a.out THREADS prints {"float32": …, "bfloat16": …}, bfloat16 only where the CPU has dot products of it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define CHAINS 10
#define STEPS 50000000L
#define ROUNDS 5

typedef float Vector __attribute__((vector_size(BYTES)));

/* keeps the compiler from seeing through a chain, and the chain in a register */
#if defined(__x86_64__)
#define OPAQUE(v) __asm__ volatile("" : "+x"(v))
#elif defined(__aarch64__)
#define OPAQUE(v) __asm__ volatile("" : "+w"(v))
#else
#define OPAQUE(v) __asm__ volatile("" : "+m"(v))
#endif

#define ALL(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9)

static void *float32_chains(void *unused) {
  Vector scale = {0}, shift = {0};
  scale += 0.999f;
  shift += 0.001f;
#define DECLARE(i) Vector chain##i = shift;
#define ADVANCE(i) chain##i = chain##i * scale + shift; OPAQUE(chain##i);
  ALL(DECLARE)
  for (long step = 0; step < STEPS; step++) { ALL(ADVANCE) }
  return unused;
}

#ifdef __AVX512BF16__
static void *bfloat16_chains(void *unused) {
  __m512bh scale = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.001f), _mm512_set1_ps(0.001f));
#define DECLARE_LOW(i) __m512 sum##i = _mm512_setzero_ps();
#define ADVANCE_LOW(i) sum##i = _mm512_dpbf16_ps(sum##i, scale, scale); OPAQUE(sum##i);
  ALL(DECLARE_LOW)
  for (long step = 0; step < STEPS; step++) { ALL(ADVANCE_LOW) }
  return unused;
}
#endif

/* GFLOP/s of all threads together, each making `flops` a chain and step */
static double once(void *(*chains)(void *), int threads, double flops) {
  pthread_t *running = malloc(threads * sizeof *running);
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int i = 0; i < threads; i++) pthread_create(&running[i], NULL, chains, NULL);
  for (int i = 0; i < threads; i++) pthread_join(running[i], NULL);
  clock_gettime(CLOCK_MONOTONIC, &end);
  free(running);
  double seconds = (end.tv_sec - start.tv_sec) + 1e-9 * (end.tv_nsec - start.tv_nsec);
  return threads * flops * CHAINS * STEPS / seconds / 1e9;
}

/* the best of several rounds: whatever disturbs one only makes it slower */
static double measure(void *(*chains)(void *), int threads, double flops) {
  double best = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double found = once(chains, threads, flops);
    if (found > best) best = found;
  }
  return best;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  printf("{\"float32\": %.1f", measure(float32_chains, threads, BYTES / sizeof(float) * 2.0));
#ifdef __AVX512BF16__
  printf(", \"bfloat16\": %.1f", measure(bfloat16_chains, threads, 64));
#endif
  puts("}");
  return 0;
}
