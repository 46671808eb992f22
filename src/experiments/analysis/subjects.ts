// The generators that an analysis compares: before refinement, its control, and after it. They share tokenizer, scales and classes.
import { isAbsolute, relative } from 'node:path';
import { fingerprint, type GeneratorCard, loadModels, type Pair } from '../../recipes/index.js';
import { type Family, type Scales, scalesText } from '../../tokenizers/index.js';
import { UsageError } from '../../util/errors.js';
import { sha256File } from '../../util/files.js';

/** What a generator is in the comparison. */
export type Role = 'before' | 'control' | 'after';

/** A generator as the user named it. */
export interface Named {
  role: Role;
  path: string;
  /** In tables and pictures; the role by default. */
  label?: string | undefined;
}

/** A generator of an analysis. */
export interface Subject {
  role: Role;
  label: string;
  path: string;
  /** SHA-256 of its file. */
  weights: string;
  /** Loads it with the tokenizer; dispose of both. */
  open(): Pair;
}

/** All generators of an analysis, and what they share. */
export interface Subjects {
  all: readonly Subject[];
  family: Family;
  card: GeneratorCard;
  scales: Scales;
  /** Path and SHA-256 of the tokenizer's file. */
  tokenizer: { path: string; weights: string; stride: number };
}

const defaultLabels: Record<Role, string> = { before: 'before', control: 'control', after: 'after SAR' };

/** A path below the working folder as it is seen from there: reports name no machine's folders. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return isAbsolute(path) && !short.startsWith('..') ? short : path;
}

interface Looked extends Pick<Subjects, 'family' | 'card' | 'tokenizer'> {
  subject: Subject;
  codes: string;
}

function lookAt(
  { role, path, label = defaultLabels[role] }: Named,
  tokenizerPath: string | undefined,
  device: string,
): Looked {
  const models = loadModels(path, tokenizerPath, device);
  try {
    const { card, tokenizer, generator } = models;
    const open = () => loadModels(models.path, models.tokenizerPath, device);
    const file = { path: models.tokenizerPath, weights: sha256File(models.tokenizerPath), stride: tokenizer.stride };
    return {
      subject: { role, label, path: shortPath(path), weights: sha256File(models.path), open },
      family: generator.family,
      card,
      tokenizer: file,
      codes: fingerprint(tokenizer),
    };
  } finally {
    models.generator.dispose();
    models.tokenizer.dispose();
  }
}

/**
 * Opens generators to compare; the first one's tokenizer serves all.
 * @throws UsageError where there is none, or one cannot be compared with the first: other codes, scales or classes, or the same label
 */
export function openSubjects(named: readonly Named[], tokenizerPath: string | undefined, device: string): Subjects {
  const [first, ...others] = named.map((one) => lookAt(one, tokenizerPath, device));
  if (!first) throw new UsageError('--before: expected at least one generator, found none; give --before, --after or both'); // prettier-ignore
  const shared = ({ card, codes }: Looked) => ({
    scales: scalesText(card.scales),
    classes: card.classes.join(', '),
    'codes of the tokenizer': codes,
  });
  for (const other of others) {
    const [wanted, found] = [Object.entries(shared(first)), Object.values(shared(other))];
    const differing = wanted.find(([, value], i) => value !== found[i]);
    if (differing)
      throw new UsageError(`--${other.subject.role}: expected the ${differing[0]} of ${first.subject.path}, found others in ${other.subject.path}; compare generators of one training`); // prettier-ignore
  }
  const all = [first, ...others].map(({ subject }) => subject);
  const twin = all.find(({ label }, i) => all.some((one, j) => j < i && one.label === label));
  if (twin) throw new UsageError(`--${twin.role}: expected another label than '${twin.label}', which is taken; give it a label of its own`); // prettier-ignore
  const { family, card, tokenizer } = first;
  return { all, family, card, scales: card.scales, tokenizer };
}

/** Runs `body` with a generator, or with the first one's tokenizer, and frees both. */
export function withPair<T>(subject: Subject, body: (pair: Pair) => T): T {
  const pair = subject.open();
  try {
    return body(pair);
  } finally {
    pair.generator.dispose();
    pair.tokenizer.dispose();
  }
}
