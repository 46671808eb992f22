// In which network's features the analyses compare pictures, asked for as `scalewise evaluate` has it.
import { type Command, Option } from 'commander';
import { existsSync } from 'node:fs';
import { openData } from '../data/index.js';
import { classifierAt, classifierNetwork, type EvaluationNetwork, featureNetwork, inceptionNetwork } from '../recipes/index.js'; // prettier-ignore
import { UsageError } from '../util/errors.js';
import { classifierPath } from './evaluateNetwork.js';
import { say } from './settingsOptions.js';

/** The flags that name a network. */
export interface NetworkFlags {
  classifier?: string;
  inception?: string | true;
  features?: string;
  device: string;
}

/** The data whose held-out images are looked at. */
export interface HeldOutData {
  name: string;
  classes: number;
  side: number;
}

/** The network that compares pictures; a data set's classifier is trained where it is missing. */
export async function networkOf(flags: NetworkFlags, { name, classes, side }: HeldOutData): Promise<EvaluationNetwork> {
  const { classifier, inception, features, device } = flags;
  if (features !== undefined) return featureNetwork(features, device);
  if (inception !== undefined) return inceptionNetwork(inception === true ? undefined : inception, device);
  const path = classifier ?? classifierPath(name, side);
  if (!existsSync(path)) {
    const { set: train } = await openData(name, 'train', side);
    const { set: heldOut } = await openData(name, 'test', side);
    classifierAt(path, { train, heldOut }, say);
  }
  const network = classifierNetwork(path, device);
  const known = network.classes;
  if (known === classes) return network;
  network.dispose();
  throw new UsageError(`${path}: expected a classifier of ${name}'s ${classes} classes, found one of ${known}; give another one with --classifier`); // prettier-ignore
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
