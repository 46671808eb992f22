// Activation checkpointing (Chen et al. 2016, "Training deep nets with sublinear memory cost"): a segment keeps what it was given instead of
// what it computed on the way, and runs a second time when backward reaches it.
import { autocast, enableGrad, gradEnabled, matrixDtype, noGrad } from './autograd.js';
import { handles, wrap } from './boxed.js';
import { keep, scope } from './memory.js';
import { native } from './native.js';
import { Tensor } from './tensor.js';

/** A computation that is to be done again. */
interface Segment {
  body: (given: unknown) => Tensor;
  /** Its arguments; the tape holds the tensors in them. */
  given: unknown;
  /** A leaf: what is computed from it ends here, and leaves its gradient here. */
  output: Tensor;
  /** Autocast's dtype when it ran. */
  dtype: ReturnType<typeof matrixDtype>;
}

let recording: Tape | undefined;

/** The same value with every tensor in it, its arrays and its plain objects replaced. */
function mapTensors(value: unknown, replace: (one: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return replace(value);
  if (Array.isArray(value)) return value.map((one) => mapTensors(one, replace));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapTensors(one, replace)]));
}

/** A tensor under a handle of our own, which no scope frees. */
const hold = (one: Tensor): Tensor => keep(wrap(native.duplicate(one.handle)));

function free({ given, output }: Segment): void {
  output.dispose();
  mapTensors(given, (one) => (one.dispose(), one));
}

/** Computes a segment again, and takes the gradient of its output back to its parameters and to what it was given. */
function reverse({ body, given, dtype }: Segment, gradient: Tensor): void {
  const sources: Tensor[] = [];
  const leaves: Tensor[] = [];
  const again = mapTensors(given, (one) => {
    if (!one.requiresGrad) return one;
    const leaf = one.detach();
    leaf.requiresGrad = true;
    sources.push(one);
    leaves.push(leaf);
    return leaf;
  });
  const computed = scope(() => autocast({ device: gradient.device, dtype }, () => body(again)));
  computed.backward({ seed: gradient });
  const gradients = leaves.map((leaf) => leaf.grad);
  const reached = sources.filter((_, i) => gradients[i]);
  if (reached.length) native.backward(handles(reached), handles(gradients.filter((one) => one !== null)), false);
}

/** Goes back through a segment, if anything that was differentiated came from it. */
function goBack(segment: Segment): void {
  scope(() => {
    const gradient = segment.output.grad;
    segment.output.dispose(); // its value is not needed again
    if (gradient) enableGrad(() => { reverse(segment, gradient); }); // prettier-ignore
  });
}

function whileRecording<T>(tape: Tape, body: () => T): T {
  const outer = recording;
  recording = tape;
  try {
    return body();
  } finally {
    recording = outer;
  }
}

/** The segments of one forward pass, or of several, in the order in which they ran. */
export class Tape implements Disposable {
  readonly #segments: Segment[] = [];

  /** Runs `body`, in which `recompute` makes segments. */
  record<T>(body: () => T): T {
    return whileRecording(this, body);
  }

  /** `recompute` while this tape records. */
  run(body: Segment['body'], given: unknown): Tensor {
    const output = scope(() => noGrad(() => body(given)));
    output.requiresGrad = true;
    this.#segments.push({ body, given: mapTensors(given, hold), output: hold(output), dtype: matrixDtype() });
    return output;
  }

  /** As `loss.backward()`, through the segments too, from the last to the first: they are freed on the way. */
  backward(loss: Tensor): void {
    loss.backward();
    for (let segment = this.#segments.pop(); segment; segment = this.#segments.pop()) {
      goBack(segment);
      free(segment);
    }
  }

  /** Frees the segments that no backward went through. */
  dispose(): void {
    for (const one of this.#segments.splice(0)) free(one);
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * `body(...given)`. While a tape records, and gradients are on, nothing is kept of it for backward but what it was given and its result: backward
 * computes it again. So it must be a function of its arguments, whose tensors may be in arrays and plain objects, and of parameters, and
 * draw nothing at random.
 *
 * What several segments are given, or a segment and what is outside of them, must be a parameter or the result of another segment: through
 * anything else that saved something for backward, libtorch goes back only once, and says so.
 */
export function recompute<Given extends unknown[]>(body: (...given: Given) => Tensor, ...given: Given): Tensor {
  return recording && gradEnabled() ? recording.run((given) => body(...(given as Given)), given) : body(...given);
}
