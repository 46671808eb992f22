// A worker as the server sees it: something that takes messages, sends some, and may end at any time.
import { fork } from 'node:child_process';
import { workerFile } from '../../util/workerFile.js';
import type { FromWorker, ToWorker, WorkerSettings } from '../worker/messages.js';

/** A running worker. */
export interface WorkerProcess {
  send(message: ToWorker): void;
  /** Ends it at once. */
  kill(): void;
}

/** What a worker's owner hears of it. */
export interface WorkerEvents {
  onMessage: (message: FromWorker) => void;
  /** It ended; `how` says it in words. */
  onExit: (how: string) => void;
}

/** Starts a worker. */
export type StartWorker = (events: WorkerEvents) => WorkerProcess;

/** Starts workers as processes of their own: what ends one does not end the server. */
export function processStarter(settings: WorkerSettings): StartWorker {
  return ({ onMessage, onExit }) => {
    const child = fork(workerFile(import.meta.url, '../worker/main.js'), [JSON.stringify(settings)], {
      serialization: 'advanced', // typed arrays as they are
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let isOver = false;
    const end = (how: string) => {
      if (isOver) return;
      isOver = true;
      onExit(how);
    };
    child.on('message', (message) => {
      if (!isOver) onMessage(message as FromWorker); // messages may come after the exit
    });
    child.on('error', (error) => {
      end(error.message);
    });
    child.on('exit', (code, signal) => {
      end(signal ? `signal ${signal}` : `exit code ${code}`);
    });
    return {
      send: (message) => {
        if (child.connected) child.send(message, () => undefined); // where it ended meanwhile, `exit` tells
      },
      kill: () => {
        child.kill('SIGKILL');
      },
    };
  };
}
