// `scalewise info`: what a file of weights is.
import type { Command } from 'commander';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { describeFile, type FileDescription } from '../checkpoints/index.js';
import { cachedFile, megabytes } from '../hub/index.js';
import { UsageError } from '../util/errors.js';
import { explainIo } from '../util/files.js';
import { positive } from './settingsOptions.js';

interface InfoFlags {
  json?: boolean;
  tensors?: boolean;
  normGroups?: number;
}

/** The files that a path stands for: itself, those of weights in a folder and its checkpoints, or a published name's. */
function filesAt(path: string): string[] {
  if (!existsSync(path)) {
    const cached = cachedFile(path);
    if (cached !== undefined) return [cached];
    throw new UsageError(`${path}: there is no such file or folder, and no such published checkpoint was pulled`);
  }
  if (statSync(path).isFile()) return [path];
  const entries = explainIo(path, () => readdirSync(path, { recursive: true, encoding: 'utf8' })).sort();
  const found = entries.filter((name) => /(^|[\\/])(tokenizer|generator)\.safetensors$|\.pth$/.test(name));
  if (!found.length) throw new UsageError(`${path}: the folder holds no tokenizer.safetensors, generator.safetensors or *.pth`); // prettier-ignore
  return found.map((name) => join(path, name));
}

/** Metadata as values where it is JSON. */
function readable(metadata: Readonly<Record<string, string>>): Record<string, unknown> {
  const entries = Object.entries(metadata).filter(([name]) => !['kind', 'family', 'config'].includes(name));
  return Object.fromEntries(
    entries.map(([name, text]) => {
      try {
        return [name, JSON.parse(text) as unknown];
      } catch {
        return [name, text];
      }
    }),
  );
}

/** A description as plain data. */
function plain({ path, format, bytes, models, dtypes, tensors, metadata, rest }: FileDescription, all: boolean) {
  return {
    file: path,
    format,
    size: megabytes(bytes),
    models: models.map(({ kind, family, config, prefix, parameters, buffers }) => ({
      kind,
      family,
      ...(prefix && { inside: prefix.slice(0, -1) }),
      parameters,
      ...config,
      ...(buffers.length && { rebuilt: buffers.length }),
    })),
    tensors: all
      ? Object.fromEntries(Array.from(tensors, ([name, { dtype, shape }]) => [name, `${dtype} [${shape.join(', ')}]`]))
      : dtypes,
    ...readable(metadata),
    ...(rest !== undefined && JSON.stringify(rest) !== '{}' && { rest }),
  };
}

function run(path: string, { json, tensors = false, normGroups }: InfoFlags): void {
  const files = filesAt(path).map((file) => plain(describeFile(file, { normGroups }), tensors));
  const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  if (json) console.log(JSON.stringify(files, bigints, 2));
  else for (const one of files) console.log(stringify(JSON.parse(JSON.stringify(one, bigints)), { flowCollectionPadding: false, lineWidth: 110 })); // prettier-ignore
}

export function registerInfo(program: Command): void {
  program
    .command('info')
    .description('tell what a file of weights is: family, sizes, scales, told from its tensors alone')
    .argument('<path>', 'a safetensors or .pth file, a folder with such files, or the name of a pulled checkpoint')
    .option('--tensors', 'list every tensor')
    .option(
      '--norm-groups <n>',
      'groups of a tokenizer’s normalisations, where they are not 32',
      positive('--norm-groups'),
    ) // prettier-ignore
    .option('--json', 'JSON instead of YAML')
    .addHelpText('after', '\nExamples:\n  scalewise info var_d16.pth\n  scalewise info runs/sar --json\n')
    .action(run);
}
