// The images that the Dockerfile begins with, made here: a minimal Debian and the Node that runs the tests. No registry of images
// has to be reached, and the same Dockerfile is built that everybody builds.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, realpath, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Counted up when what is made changes. */
const edition = 'bookworm-1';

/** The path of a tar with the root of a small Debian; made once per machine (half a minute), outside of the checkout. */
export async function cachedDebian(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'homer/images');
  const tar = join(cache, `${edition}.tar`);
  if (await exists(tar)) return tar;
  await mkdir(cache, { recursive: true });
  const stage = await mkdtemp(join(cache, '.stage-'));
  try {
    const root = join(stage, 'root');
    const log = await run('debootstrap', ['--variant=minbase', 'bookworm', root], {
      maxBuffer: 1 << 26,
    }).catch((error: unknown) => Promise.reject(new Error('debootstrap made no Debian', { cause: error })));
    if (log.stdout === '') throw new Error('debootstrap said nothing');
    await slim(root);
    const fresh = join(stage, 'root.tar');
    await run('tar', ['-C', root, '-cf', fresh, '.']);
    await rename(fresh, tar);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  return tar;
}

/** What the `slim` images of Debian leave out, too. */
async function slim(root: string): Promise<void> {
  const emptied = ['man', 'info', 'locale', 'groff', 'lintian'].map((name) => `usr/share/${name}`);
  for (const directory of [...emptied, 'var/cache/apt', 'var/lib/apt/lists', 'var/log'])
    for (const name of await readdir(join(root, directory)).catch(() => []))
      await rm(join(root, directory, name), { recursive: true });
  const docs = join(root, 'usr/share/doc');
  await run('find', [docs, '-mindepth', '2', '!', '-type', 'd', '!', '-name', 'copyright', '-delete']);
}

/** Fills a directory with what the Node image has above its Debian: node and npm below /usr/local. */
export async function layNode(root: string): Promise<void> {
  const [bin, modules] = [join(root, 'usr/local/bin'), join(root, 'usr/local/lib/node_modules')];
  for (const directory of [bin, modules]) await mkdir(directory, { recursive: true });
  await run('cp', [await realpath(process.execPath), join(bin, 'node')]);
  await run('cp', ['-r', await npmDirectory(), join(modules, 'npm')]);
  for (const name of ['npm', 'npx'])
    await run('ln', ['-s', `../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name)]);
}

/** npm tells its scripts where it is: its own directory is two above its entry. */
async function npmDirectory(): Promise<string> {
  const { stdout } = await run('npm', ['exec', '--call', 'printenv npm_execpath']);
  return dirname(dirname(await realpath(stdout.trim())));
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
