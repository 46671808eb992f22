// One set-up at a time in one clone: a second one waits for the first. A lock whose process is gone (Ctrl-C) is taken over.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { say, SetupError } from './run.mjs';

const longest = 20 * 60; // seconds

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  let pid;
  try {
    pid = Number(readFileSync(file, 'utf8'));
  } catch {
    return false; // released this very moment
  }
  if (!isAlive(pid)) rmSync(file, { force: true });
  return false;
}

/** Runs `body` while holding the lock `file`. */
export function locked(file, body) {
  mkdirSync(dirname(file), { recursive: true });
  for (let waited = 0; !take(file); waited += 0.2) {
    if (waited > longest)
      throw new SetupError(`another set-up holds ${file} for 20 minutes; remove it if none is running`);
    if (Math.abs(waited - 1) < 0.1) say('waiting for another set-up of this clone');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return body();
  } finally {
    process.off('exit', release);
    release();
  }
}
