// What a process owes to the launcher that started it.
import { writeFileSync } from 'node:fs';
import { UsageError } from '../util/errors.js';

const patience = 10_000; // milliseconds for a checkpoint after the launcher is gone

/** Under `scalewise launch` the channel to it breaks when it dies, even by SIGKILL: its processes must not train on without it. */
export function leaveWithLauncher(): void {
  if (process.env['SCALEWISE_LAUNCHED'] === undefined || !process.channel) return;
  process.once('disconnect', () => {
    setTimeout(() => process.exit(143), patience).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  process.channel.unref();
}

/** Tells torchrun why this worker fails, in the file and form that it asks for; without one nothing happens. */
export function writeElasticError(error: unknown): void {
  const file = process.env['TORCHELASTIC_ERROR_FILE'];
  if (!file) return;
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const ours = error instanceof UsageError || name === 'CommanderError'; // its sentence says all; torchrun prints py_callstack
  const extraInfo = {
    py_callstack: ours ? message : (stack ?? message),
    timestamp: String(Math.floor(Date.now() / 1000)),
  };
  try {
    writeFileSync(file, JSON.stringify({ message: { message: `${name}: ${message}`, extraInfo } }));
  } catch {
    // the error itself is on stderr and must not be hidden by this one
  }
}
