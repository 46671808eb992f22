// Loaded before a command: where checkpoints are written, syncing a file takes a second, as on a disk that others keep busy.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const { fsyncSync } = fs;
  const never = new Int32Array(new SharedArrayBuffer(4));
  fs.fsyncSync = (descriptor) => {
    Atomics.wait(never, 0, 0, 1000);
    fsyncSync(descriptor);
  };
  syncBuiltinESMExports();
}
