// Where a worker's program lies: beside the module that starts it. Tests run modules from src/, whose TypeScript Node cannot start: they take dist/.

/** The URL of `name` (e.g. `checkpointWorker.js`) beside the module of `from`, its `import.meta.url`. */
export function workerFile(from: string, name: string): URL {
  const beside = new URL(name, from);
  if (from.endsWith('.ts')) beside.pathname = beside.pathname.replace(/\/src\/(?!.*\/src\/)/, '/dist/');
  return beside;
}
