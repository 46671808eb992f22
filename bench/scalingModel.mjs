// What a training step takes on many GPUs, by formula: docs/scaling.md has the reasons. Seconds, bytes, bytes a second; F is a forward pass.

const bucket = 25 * 2 ** 20; // bytes of gradients that travel together

/**
 * Passes of a step in F, and those in which gradients become final, which is what communication can hide behind: of SAR's one backward
 * that is the second half, since each weight's gradient is the sum of both passes' and the student's comes first.
 */
export const works = {
  teacher: { passes: 3, window: 2 },
  'sar-causal': { passes: 6, window: 2 },
  'sar-guided': { passes: 7, window: 2 },
};

/** Seconds of an all-reduce in a ring of `size` processes: each sends and receives 2 (N − 1) pieces of bytes / N. */
export function ringSeconds(size, bytes, { bandwidth, latency }) {
  const hops = 2 * (size - 1);
  return (hops / size) * (bytes / bandwidth) + hops * latency;
}

/**
 * Seconds of an all-reduce over nodes of `perNode` GPUs: reduced inside each node, each piece in a ring over nodes, gathered inside each.
 * @param link.inside bandwidth and latency of a GPU's links in its node
 * @param link.between bandwidth of all of a node's network ports together, and latency
 */
export function hierarchicalSeconds(nodes, perNode, bytes, { inside, between }) {
  return ringSeconds(perNode, bytes, inside) + (nodes > 1 ? ringSeconds(nodes, bytes, between) : 0);
}

/** Seconds of one all-reduce over all GPUs. A flat ring goes as fast as its slowest link, and waits for every hop. */
export function reduceSeconds({ gpus, perNode, inside, between, hierarchical }, bytes) {
  const local = Math.min(gpus, perNode);
  const nodes = Math.ceil(gpus / perNode);
  if (nodes === 1) return ringSeconds(local, bytes, inside);
  if (hierarchical) return hierarchicalSeconds(nodes, local, bytes, { inside, between });
  const hops = 2 * (gpus - 1);
  const bandwidth = Math.min(inside.bandwidth, between.bandwidth);
  const latency = (nodes * between.latency + (gpus - nodes) * inside.latency) / gpus; // of the hops of a round, a node has one outward
  return (hops / gpus) * (bytes / bandwidth) + hops * latency;
}

/**
 * Seconds that a step waits for communication: buckets become ready evenly over `window` seconds, travel one after the other, and the last can
 * only start when backward has ended.
 */
export function exposedSeconds(gradientBytes, window, reduce) {
  const count = Math.max(1, Math.ceil(gradientBytes / bucket));
  let free = 0;
  let left = gradientBytes;
  for (let i = 1; i <= count; i++) {
    const bytes = Math.min(bucket, left);
    free = Math.max(free, (i / count) * window) + reduce(bytes);
    left -= bytes;
  }
  return free - window;
}

/** By how many standard deviations the slowest of `size` is expected to lag behind the mean, if times are normal (Blom's approximation). */
export function slowestOf(size) {
  if (size < 2) return 0;
  return normalQuantile((size - 0.375) / (size + 0.25));
}

/** The inverse of the normal distribution function, by bisection. */
function normalQuantile(p) {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Abramowitz and Stegun 26.2.17: right to 7.5e-8. */
function normalDistribution(x) {
  if (x < 0) return 1 - normalDistribution(-x);
  const t = 1 / (1 + 0.2316419 * x);
  const series = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = series.reduceRight((rest, coefficient) => t * (coefficient + rest), 0);
  return 1 - (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

/**
 * A step of `batch` images a GPU, part by part, and the efficiency: images a second of all GPUs by those of as many GPUs alone that take
 * `reference` images a step.
 * @param o.model { parameters, forwardFlops (an image), gradientBytes }
 * @param o.gpu { flops (a second, reached), memoryBandwidth, launch (seconds of the host a forward pass) }
 * @param o.cluster see `reduceSeconds`
 * @param o.node { imagesPerSecond (of the loader), checkpointBytesPerSecond }
 */
export function stepOf({ work, batch, reference, model, gpu, cluster, node, jitter, checkpointEvery }) {
  const { passes, window } = works[work];
  const alone = computeOf({ passes, batch, model, gpu });
  const pass = alone.passes / passes;
  const exposed = cluster.gpus > 1 ? exposedSeconds(model.gradientBytes, window * pass, (bytes) => reduceSeconds(cluster, bytes)) : 0; // prettier-ignore
  const straggling = jitter * slowestOf(cluster.gpus) * alone.seconds;
  const computed = alone.seconds + exposed + straggling;
  const loading = (batch * Math.min(cluster.gpus, cluster.perNode)) / node.imagesPerSecond;
  const waiting = Math.max(0, loading - computed);
  const checkpoint = (12 * model.parameters) / node.checkpointBytesPerSecond / checkpointEvery; // weights and two moments, float32
  const seconds = computed + waiting + checkpoint;
  const best = computeOf({ passes, batch: reference, model, gpu });
  const efficiency = batch / seconds / (reference / best.seconds);
  return { seconds, efficiency, alone: alone.seconds, exposed, straggling, waiting, checkpoint };
}

/** Seconds of a step that one GPU computes by itself: the passes, no faster than the host can launch them, and the update. */
export function computeOf({ passes, batch, model, gpu }) {
  const computing = (passes * batch * model.forwardFlops) / gpu.flops;
  const launching = passes * gpu.launch;
  const update = (32 * model.parameters) / gpu.memoryBandwidth; // AdamW reads four float32 and writes three, clipping reads one
  return { passes: Math.max(computing, launching), seconds: Math.max(computing, launching) + update };
}
