// Where the weights of Inception-v3 come from: the PyTorch port that pytorch-fid published, or the same tensors in a safetensors file.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../data/index.js';
import { type OpenWeights, openWeights } from '../../nn/index.js';
import { sha256File } from '../../util/files.js';
import { UsageError } from '../../util/errors.js';
import { Inception } from './network.js';

/**
 * The published file. Its name carries the first 8 digits of its SHA-256; the whole sum and the size are those that public repositories which
 * pin the file state, several of them independently, among them ports of StyleGAN's metrics and training recipes. torch-fidelity publishes the
 * same bytes under another name.
 */
export const publishedInception = {
  name: 'pt_inception-2015-12-05-6726825d.pth',
  url: 'https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth',
  sha256: '6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2',
  bytes: 95_628_359,
} as const;

const howToFetch = `fetch ${publishedInception.url}`;

/** Where the published file is looked for when no path is given. */
export function inceptionPath(): string {
  return join(cacheFolder(), 'inception', publishedInception.name);
}

/** A loaded network, and whether its weights are known to be the published ones. */
export interface LoadedInception {
  network: Inception;
  /** Whether the file's SHA-256 is the published one: of a safetensors file nobody can tell, and its distances are no FID that compares. */
  published: boolean;
}

/** Whether a state dict's names are Inception-v3's. */
export function isInception(names: { has(name: string): boolean }): boolean {
  return names.has('Conv2d_1a_3x3.conv.weight') && names.has('Mixed_7c.branch_pool.conv.weight');
}

/** Refuses other files than the published one. */
function checkSum(path: string): void {
  const { size } = statSync(path);
  const { sha256, bytes, name } = publishedInception;
  const found = size === bytes ? sha256File(path) : undefined;
  if (found === sha256) return;
  const what = found === undefined ? `${size} bytes instead of ${bytes}` : `the SHA-256 ${found} instead of ${sha256}`;
  throw new UsageError(`${path}: expected the published ${name}, found ${what}; ${howToFetch} again`);
}

/** Fills a network from an open file of weights, whatever its sum is. */
function fillInception(network: Inception, file: OpenWeights): void {
  const head = file.shapes.get('fc.weight');
  if (!isInception(file.shapes) || !head)
    throw new UsageError(`${file.path}: expected the weights of Inception-v3, found those of something else; ${howToFetch}`); // prettier-ignore
  if (head[0] !== network.head.outputs)
    throw new UsageError(
      `${file.path}: expected Inception-v3 of 2015-12-05 with ${network.head.outputs} classes, found ${head[0]} classes: torchvision's own network is another; ${howToFetch}`,
    );
  network.loadStateDict(file, file.path, /\.num_batches_tracked$/);
}

/**
 * Reads the network for inference: gradients off, normalisations folded, channels last.
 * @param path the published `.pth`, whose SHA-256 is checked, or a safetensors file of the same tensors; the cache's copy where it is absent
 * @throws UsageError where there is no file (it says what to fetch and where to put it), or where it is another one or a damaged one
 */
export function loadInception(path = inceptionPath(), device = 'cpu'): LoadedInception {
  if (!existsSync(path))
    throw new UsageError(`${path}: expected the weights of Inception-v3, found no such file; ${howToFetch} and put it there`); // prettier-ignore
  const published = !path.endsWith('.safetensors');
  if (published) checkSum(path);
  using file = openWeights(path);
  const network = new Inception();
  fillInception(network, file);
  network.requireGrad(false).eval();
  network.to({ device, memoryFormat: 'channelsLast' });
  return { network: network.fold(), published };
}
