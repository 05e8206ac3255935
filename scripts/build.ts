// Compiles src/ to dist/: JavaScript file by file, since Node strips no types under node_modules, and beside it every
// other file that the program reads. Tests stay out.

import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
// And the types of what others import.
for (const project of ['tsconfig.build.json', 'tsconfig.client.json']) {
  const { status } = spawnSync('tsc', ['-p', project], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}
// npm marks a bin executable itself; nothing else needs a mode.
cpSync('src', 'dist', { recursive: true, filter: (source) => !source.endsWith('.ts') });
