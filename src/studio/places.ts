// What is told of places: those below the opened folder by where they lie in it, all others by their last name alone.
import { basename, isAbsolute, relative, resolve, sep } from 'node:path';

/** Names of places for people who are not to know this machine. */
export class Places {
  readonly #root: string | undefined;

  /** @param root the opened folder */
  constructor(root: string | undefined) {
    this.#root = root === undefined ? undefined : resolve(root);
  }

  /** A path as it is shown. */
  nameOf(path: string): string {
    const within = this.#root === undefined ? '..' : relative(this.#root, path);
    const isOutside = within === '' || within === '..' || within.startsWith(`..${sep}`) || isAbsolute(within);
    return isOutside ? basename(path) : within.split(sep).join('/');
  }

  /** A sentence in which places are named so. */
  said(sentence: string): string {
    const root = this.#root;
    const shorter =
      root === undefined ? sentence : sentence.replaceAll(root + sep, '').replaceAll(root, basename(root));
    return shorter.replaceAll(/(?<=^|[\s'"(])\/[^\s:'"()]*\/(?=[^\s:'"()]+)/g, '');
  }

  /** Settings in which places are named so; what is nested deeper than settings are is left out. */
  shown(value: unknown, levels = 16): unknown {
    if (typeof value === 'string') return isAbsolute(value) ? this.nameOf(value) || value : value;
    if (value === null || typeof value !== 'object') return value;
    if (levels === 0) return '…';
    if (Array.isArray(value)) return value.map((one) => this.shown(one, levels - 1));
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.shown(one, levels - 1)]));
  }
}
