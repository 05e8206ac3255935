// A package that `npm install -g` put into a prefix.

import {
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HomerError } from '../core/errors.ts';
import type { ProgramVersion, UpdateRecord } from '../lifecycle/update-record.ts';
import { readManifest, type Installation, type Target } from './installation.ts';
import { runProgram } from './run-program.ts';

const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

export class InstalledPackage implements Installation {
  readonly kind = 'package';
  readonly root: string;
  readonly #prefix: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #scratch: string;

  /** `scratch`: a directory of ours, for what is fetched. */
  constructor(root: string, env: Readonly<Record<string, string | undefined>>, scratch: string) {
    this.root = root;
    this.#prefix = resolve(root, '../../..');
    this.#env = env;
    this.#scratch = scratch;
  }

  /** Whether npm put this program where it stands. */
  static isOne(root: string): boolean {
    return basename(root) === 'homer' && basename(dirname(root)) === 'node_modules';
  }

  async installed(): Promise<ProgramVersion> {
    return versionOf(readFileSync(join(this.root, 'package.json'), 'utf8'), this.root);
  }

  async newest(): Promise<string | null> {
    const text = await this.#npm('view', 'homer', '--json', 'name', 'version', 'homer');
    const manifest = readManifest(text);
    // A registry may have a package of this name that is somebody else's.
    return manifest?.knowsTrial === true ? manifest.version : null;
  }

  async find(wanted: string): Promise<Target> {
    const tarball = isFile(wanted) ? resolve(wanted) : await this.#fetch(wanted);
    const text = await runProgram('tar', ['-xOzf', tarball, 'package/package.json'], { env: this.#env });
    const manifest = readManifest(text);
    if (manifest?.name !== 'homer' || !manifest.knowsTrial)
      throw new HomerError(
        'HOMER_UPDATE_REFUSED',
        `${wanted} is no Homer that can be tried before it is taken over.`,
      );
    return { version: versionOf(text, tarball), tarball };
  }

  async check(): Promise<void> {
    if (this.root !== join(this.#prefix, 'lib', 'node_modules', 'homer'))
      throw new HomerError('HOMER_UPDATE_REFUSED', `${this.root} is no place of \`npm install -g\`.`, {
        hint: 'It belongs to another package; update that one.',
      });
  }

  async keep(): Promise<string> {
    const previous = join(dirname(this.root), '.homer-previous');
    rmSync(previous, { recursive: true, force: true });
    cpSync(this.root, previous, { recursive: true, verbatimSymlinks: true });
    return previous;
  }

  async switchTo({ tarball }: Target, previous: string): Promise<void> {
    const where = ['--global', '--prefix', this.#prefix];
    await this.#npm(
      'install',
      ...where,
      '--ignore-scripts',
      '--omit=dev',
      '--omit=optional',
      String(tarball),
    );
    // With it a Node that was brought; the record in it names this place.
    const runtime = join(previous, '.runtime');
    if (existsSync(runtime) && !existsSync(join(this.root, '.runtime')))
      cpSync(runtime, join(this.root, '.runtime'), { recursive: true, verbatimSymlinks: true });
  }

  async switchBack({ previous }: UpdateRecord): Promise<void> {
    const copy = join(dirname(this.root), '.homer-back');
    rmSync(copy, { recursive: true, force: true });
    cpSync(previous, copy, { recursive: true, verbatimSymlinks: true });
    rmSync(this.root, { recursive: true, force: true });
    renameSync(copy, this.root);
    const command = join(this.#prefix, 'bin', 'homer');
    if (lstatSync(command, { throwIfNoEntry: false }) === undefined)
      symlinkSync('../lib/node_modules/homer/homer', command);
  }

  async #fetch(wanted: string): Promise<string> {
    const packed = await this.#npm('pack', '--json', '--pack-destination', this.#scratch, `homer@${wanted}`);
    const [made] = JSON.parse(packed) as readonly { readonly filename: string }[];
    if (made === undefined) throw new HomerError('HOMER_UPDATE_REFUSED', `npm has no homer@${wanted}.`);
    return join(this.#scratch, basename(made.filename));
  }

  #npm(...args: readonly string[]): Promise<string> {
    return runProgram('npm', [...args, ...quiet], { cwd: this.#scratch, env: this.#env });
  }
}

function versionOf(text: string, path: string): ProgramVersion {
  const manifest = readManifest(text);
  if (manifest === null)
    throw new HomerError('HOMER_UPDATE_REFUSED', `The package.json of ${path} cannot be read.`);
  return { version: manifest.version, commit: null, branch: null };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
