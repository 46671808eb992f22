// VAR's running sum by its definition, in plain loops over JavaScript numbers: what the tests of VAR and of SAR on it compare with.
// Legend: C code width, h and w sides of a map, N tokens of a scale.
import type { VarTokenizer } from '../src/tokenizers/index.js';
import type { Tensor } from '../src/torch/index.js';

/** Values [C][h][w] of one image. */
export type PlainMap = number[][][];
type Size = readonly [height: number, width: number];

/** Which of four φ each of S scales uses: the published table, and the first φ for a scale by itself. */
export const phiTable: Readonly<Record<number, readonly number[]>> = {
  1: [0],
  2: [0, 3],
  3: [0, 2, 3],
  4: [0, 1, 2, 3],
  5: [0, 1, 2, 2, 3],
  6: [0, 0, 1, 2, 3, 3],
  7: [0, 0, 1, 2, 2, 3, 3],
  8: [0, 0, 1, 1, 2, 2, 3, 3],
  9: [0, 0, 1, 1, 2, 2, 2, 3, 3],
  10: [0, 0, 1, 1, 1, 2, 2, 3, 3, 3],
  11: [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3],
  12: [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3],
  13: [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3],
  14: [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3],
  15: [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3],
};

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A map of a size whose values a function gives. */
function build([h, w]: Size, value: (y: number, x: number) => number): number[][] {
  return range(h).map((y) => range(w).map((x) => value(y, x)));
}

/** Numbers [C · h · w] as a map. */
export function mapOf(values: readonly number[], width: number, size: Size): PlainMap {
  return range(width).map((c) => build(size, (y, x) => values[(c * size[0] + y) * size[1] + x]!));
}

/** Each new pixel is the mean of those from ⌊i·in/out⌋ to ⌈(i + 1)·in/out⌉. */
export function area(map: PlainMap, [h, w]: Size): PlainMap {
  const span = (i: number, from: number, to: number) => {
    const [first, end] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
    return range(end - first).map((k) => first + k);
  };
  return map.map((rows) =>
    build([h, w], (y, x) => {
      const [ys, xs] = [span(y, rows.length, h), span(x, rows[0]!.length, w)];
      const sum = ys.reduce((all, i) => all + xs.reduce((row, j) => row + rows[i]![j]!, 0), 0);
      return sum / (ys.length * xs.length);
    }),
  );
}

/** The weight of a pixel at a distance, a = −0.75. */
function cubic(distance: number): number {
  const [a, t] = [-0.75, Math.abs(distance)];
  if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
  return t < 2 ? a * (t ** 3 - 5 * t ** 2 + 8 * t - 4) : 0;
}

/** Sixteen pixels about (i + ½)·in/out − ½, the border's repeated. */
export function bicubic(map: PlainMap, [h, w]: Size): PlainMap {
  const taps = (i: number, from: number, to: number) => {
    const place = ((i + 0.5) * from) / to - 0.5;
    return [-1, 0, 1, 2].map((k) => {
      const pixel = Math.floor(place) + k;
      return { at: Math.min(from - 1, Math.max(0, pixel)), weight: cubic(place - pixel) };
    });
  };
  return map.map((rows) =>
    build([h, w], (y, x) => {
      const across = taps(x, rows[0]!.length, w);
      return taps(y, rows.length, h).reduce(
        (all, { at, weight }) => all + weight * across.reduce((row, tap) => row + tap.weight * rows[at]![tap.at]!, 0),
        0,
      );
    }),
  );
}

/** A 3 × 3 convolution with a border of zeros; weights [C out, C in, 3, 3]. */
function convolve(map: PlainMap, weights: readonly number[], bias: readonly number[]): PlainMap {
  const size: Size = [map[0]!.length, map[0]![0]!.length];
  return bias.map((offset, out) =>
    build(size, (y, x) => {
      let sum = offset;
      map.forEach((rows, c) => {
        for (const dy of [0, 1, 2])
          for (const dx of [0, 1, 2])
            sum += weights[((out * map.length + c) * 3 + dy) * 3 + dx]! * (rows[y + dy - 1]?.[x + dx - 1] ?? 0);
      });
      return sum;
    }),
  );
}

const combine = (a: PlainMap, b: PlainMap, how: (x: number, y: number) => number): PlainMap =>
  a.map((rows, c) => rows.map((row, y) => row.map((value, x) => how(value, b[c]![y]![x]!))));
export const plus = (a: PlainMap, b: PlainMap): PlainMap => combine(a, b, (x, y) => x + y);
export const minus = (a: PlainMap, b: PlainMap): PlainMap => combine(a, b, (x, y) => x - y);

/** Rows [N][C] of a map, in reading order. */
export function rowsOf(map: PlainMap): number[][] {
  const [h, w] = [map[0]!.length, map[0]![0]!.length];
  return range(h * w).map((n) => map.map((rows) => rows[Math.floor(n / w)]![n % w]!));
}

/** A VAR tokenizer's codes and φ as plain numbers, for a list of scales of which the last is the latent's size. */
export class PlainVar {
  readonly codes: number[][];
  readonly #phis: { weights: number[]; bias: number[] }[];
  readonly #ratio: number;

  constructor(
    { codebook, phis, config }: VarTokenizer,
    readonly scales: readonly Size[],
  ) {
    const values = codebook.embedding.weight_VD.toArray();
    this.codes = range(codebook.size).map((code) => values.slice(code * codebook.width, (code + 1) * codebook.width));
    this.#phis = phis.map(({ weight_OIKK, bias_O }) => ({ weights: weight_OIKK.toArray(), bias: bias_O.toArray() }));
    this.#ratio = config.phiRatio;
  }

  /** What the tokens of a scale add to the running sum: (1 − r)·h + r·conv(h) of their resized codes h. */
  contribution(tokens: readonly number[], index: number): PlainMap {
    const [size, last] = [this.scales[index]!, this.scales.at(-1)!];
    const map = this.codes[0]!.map((_, c) => build(size, (y, x) => this.codes[tokens[y * size[1] + x]!]![c]!));
    const full = index === this.scales.length - 1 ? map : bicubic(map, last);
    const { weights, bias } = this.#phis[phiTable[this.scales.length]![index]!]!;
    return combine(
      full,
      convolve(full, weights, bias),
      (h, smoothed) => (1 - this.#ratio) * h + this.#ratio * smoothed,
    );
  }

  /** The running sums after each scale. */
  sums(tokens: readonly (readonly number[])[]): PlainMap[] {
    const sums: PlainMap[] = [];
    tokens.forEach((one, i) => {
      const added = this.contribution(one, i);
      sums.push(i === 0 ? added : plus(sums[i - 1]!, added));
    });
    return sums;
  }

  /** The generator's inputs of scales 2 … S [tokens][C]: each the pooled sum of ALL scales before it. */
  inputs(tokens: readonly (readonly number[])[]): number[][] {
    return this.sums(tokens.slice(0, -1)).flatMap((sum, i) => rowsOf(area(sum, this.scales[i + 1]!)));
  }

  /** The code nearest to a row, by squared distance. */
  nearest(row: readonly number[]): number {
    const distances = this.codes.map((code) => code.reduce((sum, x, c) => sum + (x - row[c]!) ** 2, 0));
    return distances.indexOf(Math.min(...distances));
  }

  /** Tokens of a latent, scale after scale, with the rows that the codebook was asked about. */
  quantise(latent: PlainMap): { tokens: number[][]; rows: number[][] } {
    const [tokens, rows]: [number[][], number[][]] = [[], []];
    let rest = latent;
    this.scales.forEach((size, i) => {
      const asked = rowsOf(i === this.scales.length - 1 ? rest : area(rest, size));
      tokens.push(asked.map((row) => this.nearest(row)));
      rows.push(...asked);
      rest = minus(rest, this.contribution(tokens[i]!, i));
    });
    return { tokens, rows };
  }
}

/** Tokens [B, N] of each scale as plain numbers of each image: [B][scales][N]. */
export function tokensByImage(tokens: readonly Tensor[]): number[][][] {
  return range(tokens[0]!.size(0)).map((b) => tokens.map((one) => one.select(0, b).toArray()));
}
