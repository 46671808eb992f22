// In which network's features the analyses compare pictures, asked for as `scalewise evaluate` has it.
import { type Command, Option } from 'commander';
import { classifierAt, classifierNetwork, type EvaluationNetwork } from '../recipes/index.js';
import { UsageError } from '../util/errors.js';
import { classifierPath, namedNetwork, type NetworkFlags, openSplits } from './evaluateNetwork.js';
import { say } from './settingsOptions.js';

/** The data whose held-out images are looked at. */
export interface HeldOutData {
  name: string;
  classes: number;
  side: number;
}

/** The network that compares pictures; a data set's classifier is trained where it is missing. */
export async function networkOf(flags: NetworkFlags, data: HeldOutData): Promise<EvaluationNetwork> {
  const path = flags.classifier ?? classifierPath(data.name, data.side);
  const network =
    namedNetwork({ ...flags, classifier: path }) ??
    classifierNetwork(classifierAt(path, await openSplits(data.name, data.side, []), say), flags.device);
  if (network.kind !== 'classifier' || network.classes === data.classes) return network;
  network.dispose();
  throw new UsageError(`${flags.features ?? path}: expected a classifier of ${data.name}'s ${data.classes} classes, found one of ${network.classes}; give another one with --classifier`); // prettier-ignore
}

/** Adds the flags. */
export function withNetwork(command: Command): Command {
  return command
    .optionsGroup('In the features of:')
    .option(
      '--classifier <file>',
      'a classifier of the data, the default; trained and kept in the cache where it is missing',
    ) // prettier-ignore
    .addOption(
      new Option('--inception [file]', 'Inception-v3: the published weights, in the cache by default').conflicts([
        'classifier',
        'features',
      ]),
    ) // prettier-ignore
    .addOption(new Option('--features <file>', 'another network: DINOv2, CLIP').conflicts(['classifier', 'inception']));
}
