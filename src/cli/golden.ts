// `scalewise golden FOLDER`: does this build reproduce golden values on this machine?
import type { Command } from 'commander';
import pc from 'picocolors';

interface Counts {
  checks: number;
  failed: number;
  files: number;
}

async function golden(folder: string): Promise<void> {
  const { checkFolder } = await import('../golden/index.js');
  const counts: Counts = { checks: 0, failed: 0, files: 0 };
  for (const { file, checks, unread } of checkFolder(folder)) {
    counts.files++;
    for (const { name, ok, detail } of checks) {
      console.log(`${ok ? pc.green('✓') : pc.red('✗')} ${file} ${name}: ${detail}`);
      counts.checks++;
      if (!ok) counts.failed++;
    }
    if (unread.length) console.log(`${pc.yellow('–')} ${file}: no check has read ${unread.join(', ')}`);
  }
  const outcome = counts.failed ? pc.red(`${counts.failed} failed`) : pc.green('all hold');
  console.log(`${counts.checks} checks of ${counts.files} file${counts.files === 1 ? '' : 's'}: ${outcome}`);
  if (counts.failed) process.exitCode = 1;
}

/** Adds the command `golden`. */
export function registerGolden(program: Command): void {
  program
    .command('golden')
    .description('check golden values: outputs of the public implementations that this build must reproduce')
    .argument('<folder>', 'folder of golden files (*.safetensors, *_keys.json)')
    .addHelpText('after', '\nExit code 1 where a check fails.\n\nExample:\n  scalewise golden test/golden\n')
    .action(golden);
}
