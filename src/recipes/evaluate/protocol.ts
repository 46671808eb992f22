// What a result was found with: everything that another one must share to be comparable, and what the distance may be called.
import { readFileSync } from 'node:fs';
import { densityNeighbours, inceptionSplit } from '../../evaluate/index.js';
import { libtorch } from '../../torch/index.js';
import type { KeptSettings } from '../sampleSink.js';
import type { GatherOptions } from './gather.js';
import { kernelSubsets, precisionNeighbours } from './metrics.js';
import { type EvaluationNetwork, networkImages } from './network.js';
import type { Reference } from './reference.js';
import type { Subject } from './subject.js';

/** Samples of ADM's protocol. */
const admSamples = 50_000;

/**
 * What the distance of some samples is called: FID is Inception's alone, and FID-50k of ADM's protocol where 50,000 samples, all classes in equal
 * shares, are compared with one of ADM's own files by the published weights.
 */
export function distanceName(network: EvaluationNetwork, { isAdm }: Reference, { count, balanced }: Subject): string {
  const { name } = network.distance;
  return name === 'FID' && isAdm && count === admSamples && balanced === true ? 'FID-50k (ADM protocol)' : name;
}

/** Why a distance is not FID-50k of ADM's protocol although ADM's reference was asked for; undefined where it is, or was not asked for. */
export function whyNotAdm(
  network: EvaluationNetwork,
  { isAdm }: Reference,
  { count, balanced, name }: Subject,
): string | undefined {
  // prettier-ignore
  if (!isAdm || network.distance.name !== 'FID') return undefined;
  if (count !== admSamples) return `${name}: this is no FID-50k: ${count} images instead of 50000.`;
  if (balanced === undefined) return `${name}: not called FID-50k, since nothing says that all classes have equal shares (no record of \`scalewise sample\` lies beside the file).`; // prettier-ignore
  return balanced ? undefined : `${name}: this is no FID-50k: the classes have no equal shares.`;
}

/** The fingerprint of a result. */
export interface Protocol {
  network: { name: string; sha256: string };
  reference: { name: string } & KeptSettings;
  /** Reference images that precision, recall, density and coverage look at. */
  neighbourReferences: number;
  precisionRecall: { neighbours: number };
  densityCoverage: { neighbours: number };
  inceptionScore?: { split: number };
  kernelDistance: { subsets: number; size: number };
  noise: { replicates: number; level: number; seed: number };
  partSize: number;
  batchSize: number;
  networkBatch: number;
  device: string;
  /** Threads that features were computed with: several where a command went on with others. */
  threads: number[];
  versions: { scalewise: string; libtorch: string; node: string };
}

/** Version of this package. */
function ownVersion(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** The fingerprint. */
export function protocolOf(
  network: EvaluationNetwork,
  reference: Reference,
  { partSize, batchSize }: GatherOptions,
  more: Pick<Protocol, 'neighbourReferences' | 'noise' | 'device' | 'threads'>,
): Protocol {
  const { name, sha256, kind } = network;
  return {
    network: { name, sha256 },
    reference: { name: reference.name, ...reference.identity },
    precisionRecall: { neighbours: precisionNeighbours },
    densityCoverage: { neighbours: densityNeighbours },
    ...(kind === 'inception' && { inceptionScore: { split: inceptionSplit } }),
    kernelDistance: kernelSubsets,
    partSize,
    batchSize,
    networkBatch: networkImages,
    versions: { scalewise: ownVersion(), libtorch: libtorch().version, node: process.versions.node },
    ...more,
  };
}
