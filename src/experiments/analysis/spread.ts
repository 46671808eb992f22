// How far numbers spread: over images, and over the seeds of what is sampled. And the jackknife, for figures that have no value an image.
import { summarise } from '../summary.js';

/** A mean with its spreads. */
export interface Spread {
  mean: number;
  /**
   * Over images: the standard deviation of the images' values (of each seed, averaged over seeds), or the jackknife's standard error where a figure
   * has no value an image; absent where it was not measured.
   */
  images?: number;
  /** Standard deviation of the seeds' means; absent where nothing was sampled, or with one seed. */
  seeds?: number;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Values an image, `[seed][image]`; one seed where nothing was sampled. */
export function spreadOfImages(values: readonly (readonly number[])[]): Spread {
  const each = values.map((own) => summarise(own));
  const means = each.map(({ mean }) => mean);
  return {
    mean: meanOf(means),
    images: meanOf(each.map(({ deviation }) => deviation)),
    ...(means.length > 1 && { seeds: summarise(means).deviation }),
  };
}

/** A figure a seed that belongs to all images together, with its jackknife errors where they were computed. */
export function spreadOfFigures(figures: readonly { value: number; error?: number }[]): Spread {
  const values = figures.map(({ value }) => value);
  const errors = figures.flatMap(({ error }) => (error === undefined ? [] : [error]));
  return {
    mean: meanOf(values),
    ...(errors.length && { images: meanOf(errors) }),
    ...(values.length > 1 && { seeds: summarise(values).deviation }),
  };
}

/** `0.312 ± 0.101 [0.004]`: mean, spread over images, and in brackets that over seeds; what is absent is left out. */
export function spreadCell({ mean, images, seeds }: Spread, digits: number): string {
  const parts = [
    mean.toFixed(digits),
    ...(images === undefined ? [] : [`± ${images.toFixed(digits)}`]),
    ...(seeds === undefined ? [] : [`[${seeds.toFixed(digits)}]`]),
  ];
  return parts.join(' ');
}

/** Widest features whose Fréchet distances get a jackknife, which takes eleven of them. */
const mostForJackknife = 512;

/** Whether a Fréchet distance of features this wide is computed in tenths too. */
export const affordsJackknife = (width: number): boolean => width <= mostForJackknife;

/**
 * A figure of many items, with the standard error of the delete-a-group jackknife (Shao and Wu 1989): `figure` is asked for all items, then for all
 * but a tenth, each tenth in turn. Tenths are runs of neighbours: of items that come by class in turn, every tenth has all classes.
 * @param figure of the items whose indices it is given
 */
export function jackknife(
  count: number,
  figure: (items: readonly number[]) => number,
): { value: number; error: number } {
  const all = Array.from({ length: count }, (_, i) => i);
  const groups = Math.min(10, count);
  const without = Array.from({ length: groups }, (_, group) =>
    figure(all.filter((i) => Math.floor((i * groups) / count) !== group)),
  );
  const middle = meanOf(without);
  const squares = without.reduce((sum, one) => sum + (one - middle) ** 2, 0);
  return { value: figure(all), error: Math.sqrt(((groups - 1) / groups) * squares) };
}
