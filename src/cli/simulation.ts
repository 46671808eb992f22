// `--simulate-ranks`: a training played through for numbers of processes that are not here, before anything is trained.
import { openTrainingData } from '../data/index.js';
import { ranksText, simulateRanks, storedCount, type TrainingSettings } from '../recipes/index.js';
import { say, type TrainingFlags } from './settingsOptions.js';

/** Images of the set that the settings name, or as many as the flag says where they are elsewhere. */
async function countOf(
  settings: TrainingSettings & { tokens?: string | undefined },
  flags: TrainingFlags,
): Promise<number> {
  if (flags.simulateImages !== undefined) return flags.simulateImages;
  if (settings.tokens !== undefined) return storedCount(settings.tokens);
  const { images } = await openTrainingData(settings.data, settings, say);
  return images.labels.length;
}

/** Plays the training through where the flag asks for it; whether it did. */
export async function simulated(settings: TrainingSettings, flags: TrainingFlags): Promise<boolean> {
  if (!flags.simulateRanks) return false;
  const report = simulateRanks(settings, await countOf(settings, flags), flags.simulateRanks);
  for (const line of ranksText(report)) console.log(line);
  say('nothing was trained (--simulate-ranks)');
  return true;
}
