// Looks through the wrappers of published files: a trainer's checkpoint holds state dicts among optimizer states and settings, under some prefix.
import { UsageError } from '../util/errors.js';
import { didYouMean } from '../util/suggest.js';

/** What a state dict is of. */
export type ModelKind = 'tokenizer' | 'generator';

/** A state dict inside a file. */
export interface StateDict {
  kind: ModelKind;
  /** What comes before its names, with the dot: `trainer.var_wo_ddp.`, or nothing. */
  prefix: string;
}

/** Which state dict of a file is meant. */
export interface Wanted {
  kind?: ModelKind | undefined;
  /** Its prefix without the last dot, or the beginning of it up to one: `trainer.vae_local`; empty for what is not wrapped. */
  select?: string | undefined;
}

/** Two names that every state dict of a kind has, and no other. */
const signatures: Record<ModelKind, readonly [string, string]> = {
  generator: ['class_emb.weight', 'blocks.0.attn.mat_qkv.weight'],
  tokenizer: ['quantize.embedding.weight', 'encoder.conv_in.weight'],
};

/** The state dicts of tokenizers and generators among the names of a file, whatever they are wrapped in. */
export function unwrap(names: ReadonlySet<string>): StateDict[] {
  return (Object.keys(signatures) as ModelKind[]).flatMap((kind) => {
    const [first, second] = signatures[kind];
    return [...names]
      .filter((name) => name === first || name.endsWith(`.${first}`))
      .map((name) => ({ kind, prefix: name.slice(0, -first.length) }))
      .filter(({ prefix }) => names.has(prefix + second));
  });
}

const label = ({ kind, prefix }: StateDict) => `a ${kind} ${prefix ? `under ${prefix.slice(0, -1)}` : 'at the top'}`;

function describeNames(names: ReadonlySet<string>): string {
  const first = [...names].slice(0, 3).map((name) => `'${name}'`);
  return names.size === 0
    ? 'no tensors at all'
    : `${names.size} tensors (${first.join(', ')}${names.size > 3 ? ', …' : ''})`;
}

/** The state dict of just that prefix, or else all that begin with it. */
function selected(all: readonly StateDict[], select: string): StateDict[] {
  const exact = all.filter(({ prefix }) => prefix === (select && `${select}.`));
  return exact.length || !select ? exact : all.filter(({ prefix }) => prefix.startsWith(`${select}.`));
}

/**
 * The one state dict of a file that is meant.
 * @throws UsageError where there is none, or several and it is not said which
 */
export function chooseStateDict(names: ReadonlySet<string>, where: string, wanted: Wanted = {}): StateDict {
  const { kind, select } = wanted;
  const all = unwrap(names);
  const ofKind = all.filter((one) => (kind ?? one.kind) === one.kind);
  const found = select === undefined ? ofKind : selected(ofKind, select);
  if (found.length === 1) return found[0]!;
  const held = all.map(label).join(', ');
  if (found.length > 1)
    throw new UsageError(
      `${where}: it holds ${found.map(label).join(', ')}; take one out with \`scalewise convert FILE OUT --select PREFIX\``,
    );
  if (!all.length)
    throw new UsageError(
      `${where}: expected the state dict of a VAR or FlexVAR tokenizer or generator, found ${describeNames(names)}`,
    );
  if (select === undefined) throw new UsageError(`${where}: expected a ${kind}, it holds ${held}`);
  const prefixes = all.map(({ prefix }) => prefix.slice(0, -1));
  throw new UsageError(`${where}: there is no ${kind ?? 'state dict'} under '${select}'${didYouMean(select, prefixes)}; it holds ${held}`); // prettier-ignore
}
