// The program of a worker: the only process of the studio that loads libtorch. Where that does not load, it says why before it ends.
import type { FromWorker } from './messages.js';

try {
  await import('./serve.js');
} catch (error) {
  const { name, message, stack } = error as Error;
  const why = name === 'UsageError' ? message : (stack ?? message);
  process.send?.({ type: 'broken', why } satisfies FromWorker, () => process.exit(1));
}
