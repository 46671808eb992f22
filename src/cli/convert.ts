// `scalewise convert`: checkpoints between PyTorch's format and safetensors.
import { Option, type Command } from 'commander';
import { existsSync } from 'node:fs';
import { convertCheckpoint, type StoredType, storedTypes } from '../checkpoints/index.js';
import { cachedFile, megabytes } from '../hub/index.js';
import { UsageError } from '../util/errors.js';
import { positive, say } from './settingsOptions.js';

interface ConvertFlags {
  select?: string;
  dtype?: StoredType;
  normGroups?: number;
  force?: boolean;
}

function run(given: string, output: string, { force, ...options }: ConvertFlags): void {
  const input = existsSync(given) ? given : (cachedFile(given) ?? given);
  if (existsSync(output) && !force) throw new UsageError(`${output}: it exists already; --force overwrites it`);
  const { what, prefix, tensors, bytes } = convertCheckpoint(input, output, options);
  const where = prefix ? ` of ${prefix.slice(0, -1)}` : '';
  console.log(`${output}: a ${what.family} ${what.kind}${where}, ${tensors} tensors, ${megabytes(bytes)}`);
  if (output.endsWith('.pth'))
    say(
      what.kind === 'tokenizer'
        ? 'a .pth says nothing of normalisation groups and of a pyramid of images; where those matter, keep the safetensors file too'
        : 'a .pth says nothing of scales, image size and classes; where those matter, keep the safetensors file too',
    );
  const same = options.dtype ? `${options.dtype} values` : 'the same values';
  console.log(`read again and compared: both files hold ${same} in every tensor`);
}

export function registerConvert(program: Command): void {
  program
    .command('convert')
    .description('rewrite a checkpoint as safetensors or for PyTorch, and check that both hold the same values')
    .argument('<input>', 'a .pth or safetensors file, or the name of a pulled checkpoint')
    .argument('<output>', 'the new file; its extension, .safetensors or .pth, says the format')
    .option('--select <prefix>', 'which state dict of a trainer’s file, e.g. trainer.vae_local')
    .addOption(new Option('--dtype <type>', 'store floating-point weights as this').choices(Object.keys(storedTypes)))
    .option(
      '--norm-groups <n>',
      'groups of a tokenizer’s normalisations, where they are not 32',
      positive('--norm-groups'),
    ) // prettier-ignore
    .option('--force', 'overwrite the output')
    .addHelpText(
      'after',
      '\nExamples:\n  scalewise convert var_d16.pth var_d16.safetensors --dtype bfloat16\n  scalewise convert ar-ckpt-last.pth tokenizer.safetensors --select trainer.vae_local\n',
    )
    .action(run);
}
