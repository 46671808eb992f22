// The files that the authors of VAR and FlexVAR published on the Hugging Face hub, by short names, and how any other file there is named.
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';

/** A file on the hub. */
export interface HubFile {
  /** Owner and name, e.g. `FoundationVision/var`. */
  repository: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Its path in the repository. */
  path: string;
}

/** A published checkpoint. */
export interface PublishedFile extends HubFile {
  name: string;
  family: 'var' | 'flexvar';
  kind: 'tokenizer' | 'generator';
  /** Bytes of its weights in float32; the file may hold more than them. */
  leastBytes: number;
}

function rows(
  family: PublishedFile['family'],
  repository: string,
  files: Readonly<Record<string, [path: string, leastBytes: number]>>,
): PublishedFile[] {
  return Object.entries(files).map(([what, [path, leastBytes]]) => ({
    name: `${family}-${what}`,
    family,
    kind: what === 'tokenizer' ? 'tokenizer' : 'generator',
    repository,
    revision: 'main',
    path,
    leastBytes,
  }));
}

/** Every published checkpoint. VAR's depth 36 makes images of 512 pixels, all others of 256. */
export const publishedFiles: readonly PublishedFile[] = [
  ...rows('var', 'FoundationVision/var', {
    tokenizer: ['vae_ch160v4096z32.pth', 436e6],
    d16: ['var_d16.pth', 1.24e9],
    d20: ['var_d20.pth', 2.41e9],
    d24: ['var_d24.pth', 4.14e9],
    d30: ['var_d30.pth', 8.04e9],
    d36: ['var_d36.pth', 9.44e9],
  }),
  ...rows('flexvar', 'jiaosiyu1999/FlexVAR', {
    tokenizer: ['FlexVAE.pth', 288e6],
    d16: ['FlexVARd16-epo179.pth', 1.26e9],
    d20: ['FlexVARd20-epo249.pth', 2.43e9],
    d24: ['FlexVARd24-epo349.pth', 4.17e9],
  }),
];

/** The published file of a name, or undefined. */
export function findPublished(name: string): PublishedFile | undefined {
  return publishedFiles.find((file) => file.name === name);
}

/** The published tokenizer whose codes a generator predicts. */
export function tokenizerOf(generator: PublishedFile): PublishedFile {
  return findPublished(`${generator.family}-tokenizer`)!;
}

const isSafePath = (path: string) => path.split('/').every((part) => !['', '.', '..'].includes(part));

/**
 * The file of a known name, or of `hf:OWNER/REPOSITORY[@REVISION]:FILE`.
 * @throws UsageError where it is neither.
 */
export function parseHubName(name: string): HubFile | PublishedFile {
  const known = findPublished(name);
  if (known) return known;
  const names = publishedFiles.map((file) => file.name);
  if (!name.startsWith('hf:'))
    throw new UsageError(
      `'${name}' is none of ${names.join(', ')}, nor of the form hf:OWNER/REPOSITORY[@REVISION]:FILE${didYouMean(name, names)}`,
    );
  const [, repository, revision = 'main', path] = /^hf:([\w.-]+\/[\w.-]+)(?:@([^:]+))?:(.+)$/.exec(name) ?? [];
  if (repository === undefined || path === undefined || ![repository, revision, path].every(isSafePath))
    throw new UsageError(`'${name}': expected hf:OWNER/REPOSITORY[@REVISION]:FILE, e.g. hf:FoundationVision/var:var_d16.pth`); // prettier-ignore
  return { repository, revision, path };
}
