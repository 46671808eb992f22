// The thread that writes checkpoints while training goes on: it gets copies of the tensors and answers when they are on the disk.
import { parentPort } from 'node:worker_threads';
import { UsageError } from '../util/errors.js';
import { type CheckpointWork, writeCheckpoint } from './checkpointFiles.js';

/** What it answers: nothing went wrong, or what did. */
export type Written = { error?: undefined } | { error: string; usage: boolean };

parentPort!.on('message', (work: CheckpointWork) => {
  let answer: Written = {};
  try {
    writeCheckpoint(work);
  } catch (error) {
    const usage = error instanceof UsageError;
    answer = { error: usage ? error.message : String((error as Error).stack), usage };
  }
  parentPort!.postMessage(answer);
});
