// A folder for what only one piece of work needs: it goes with the work, or with the program where that leaves before.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainIo } from './files.js';

/** A new folder in the system's place for temporary files; disposing of it, or leaving the program, removes it. */
export function temporaryFolder(name: string): { path: string } & Disposable {
  const path = explainIo(tmpdir(), () => mkdtempSync(join(tmpdir(), `${name}-`)));
  const remove = () => {
    rmSync(path, { recursive: true, force: true });
  };
  process.once('exit', remove);
  return {
    path,
    [Symbol.dispose]() {
      process.off('exit', remove);
      remove();
    },
  };
}
