// Packages from npm in pinned versions that are no dependency of Homer's, installed once per machine and outside the checkout.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where such things are kept. */
export function cacheDirectory(name: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'homer', name);
}

/**
 * The directory in which `packages` (`name@version`) are installed, their install scripts not run; made when it is not there or
 * not whole. Throws what npm said.
 */
export async function cachedPackages(
  cache: string,
  name: string,
  packages: readonly string[],
  isWhole: (directory: string) => Promise<boolean>,
): Promise<string> {
  const directory = join(cache, name);
  if (await isWhole(directory)) return directory;

  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, '.fresh-'));
  try {
    await writeFile(join(fresh, 'package.json'), '{"private":true}\n');
    const options = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', [...options, ...packages], { cwd: fresh });
    if (!(await isWhole(fresh))) throw new Error(`${packages.join(', ')}: not for this platform.`);
    await moveIntoPlace(fresh, directory, isWhole);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  if (!(await isWhole(directory))) throw new Error(`${directory} is there but not whole: remove it.`);
  return directory;
}

/** Whoever comes first wins; the loser's install is thrown away. */
async function moveIntoPlace(
  fresh: string,
  directory: string,
  isWhole: (directory: string) => Promise<boolean>,
): Promise<void> {
  try {
    await rename(fresh, directory);
  } catch (error) {
    if (!(await isWhole(directory))) throw error;
  }
}
