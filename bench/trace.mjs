// What a trace of libtorch's profiler says of a step: the time by kind of kernel, and the time in which nothing ran.
import { readFileSync } from 'node:fs';

/** By a part of a kernel's or an operator's name; the first that fits. */
const kinds = [
  ['attention', /flash|fmha|attention|sdpa/i],
  ['optimiser and clipping', /adam|multi_tensor|foreach|lpnorm/i],
  ['matrix products', /gemm|cutlass|xmma|nvjet|cublas|gemv|splitk|mkldnn_linear|aten::(addmm|mm|bmm|linear|matmul)/i],
  ['choice of tokens', /sort|topk|multinomial|cumsum|scan|radix|bitonic|exponential|argmax/i],
  ['softmax and loss', /softmax|nll_loss|cross_entropy/i],
  ['fused by the compiler', /triton|cpp_fused/i],
  ['norms', /norm/i],
  ['copies and casts', /memcpy|memset|copy|cat|fill|zero|clone/i],
  ['reductions', /reduce|aten::(sum|mean)/i],
  ['element by element', /elementwise|vectorized|unrolled|aten::(add|mul|div|gelu|silu|exp|sub|neg)/i],
];

/** The kind of a kernel or operator. */
export function kindOf(name) {
  return kinds.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other';
}

/** Microseconds of each event that no event within it takes. Events of one row either follow each other or lie within each other. */
function ownTimes(events) {
  const rows = groupByRow(events);
  const own = [];
  for (const row of rows.values()) {
    const open = [];
    for (const event of [...row].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
      while (open.length && event.ts >= open.at(-1).end) open.pop();
      const entry = { name: event.name, us: event.dur, end: event.ts + event.dur };
      if (open.length) open.at(-1).us -= event.dur;
      open.push(entry);
      own.push(entry);
    }
  }
  return own;
}

function groupByRow(events) {
  const rows = new Map();
  for (const event of events) {
    if (!rows.has(event.tid)) rows.set(event.tid, []);
    rows.get(event.tid).push(event);
  }
  return rows;
}

/** Microseconds in which at least one event was under way. */
function busyTime(events) {
  let [busy, until] = [0, -Infinity];
  for (const { ts, dur } of [...events].sort((a, b) => a.ts - b.ts)) {
    busy += Math.max(0, ts + dur - Math.max(ts, until));
    until = Math.max(until, ts + dur);
  }
  return busy;
}

/**
 * Milliseconds a step by kind, most first; how many kernels (on a CPU, operators) a step has; the time in which none ran; and the
 * longest of no known kind, by name.
 */
export function readTrace(text, steps) {
  const all = JSON.parse(text).traceEvents.filter(({ ph, dur }) => ph === 'X' && dur !== undefined);
  const kernels = all.filter(({ cat }) => ['kernel', 'gpu_memcpy', 'gpu_memset'].includes(cat));
  const events = kernels.length ? kernels : all.filter(({ cat }) => cat === 'cpu_op');
  const [byKind, others] = [new Map(), new Map()];
  for (const { name, us } of ownTimes(events)) {
    const kind = kindOf(name);
    byKind.set(kind, (byKind.get(kind) ?? 0) + us);
    if (kind === 'other') others.set(name, (others.get(name) ?? 0) + us);
  }
  const perStep = (us) => us / 1000 / steps;
  const sorted = (map) => [...map].sort((a, b) => b[1] - a[1]).map(([name, us]) => ({ name, ms: perStep(us) }));
  const start = events.reduce((least, { ts }) => Math.min(least, ts), Infinity);
  const end = events.reduce((most, { ts, dur }) => Math.max(most, ts + dur), -Infinity);
  return {
    on: kernels.length ? 'gpu' : 'cpu',
    events: events.length / steps,
    ms: perStep(end - start),
    idle: perStep(end - start - busyTime(events)),
    kinds: sorted(byKind),
    others: sorted(others).slice(0, 8),
  };
}

/** The same of a file. */
export function readTraceFile(file, steps) {
  return readTrace(readFileSync(file, 'utf8'), steps);
}
