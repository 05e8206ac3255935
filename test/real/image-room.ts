// Builds and runs images with buildah and podman, without a daemon, in a directory of its own. As root; without
// networks, for tests stay on this machine.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedDebian, layNode } from './image-base.ts';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '../..');
export const image = 'localhost/homer:test';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Container {
  readonly name: string;
  podman(verb: string, ...args: string[]): Promise<Said>;
  /** A command in it; throws when it fails, resolves with its output. */
  exec(...argv: string[]): Promise<string>;
  /** Of its first process, as this machine counts. */
  pid(): Promise<number>;
  logs(): Promise<string>;
}

export interface ImageRoom {
  readonly directory: string;
  /** A new directory that a container may have as its volume; of Homer's own user unless said otherwise. */
  volume(user?: string): Promise<string>;
  /** Makes and starts a container as the docs say, with more options; `argv` is its command. */
  start(options: readonly string[], argv?: readonly string[]): Promise<Container>;
  /** One with these options only, of any image that is here. */
  startBare(options: readonly string[], of: string, argv: readonly string[]): Promise<Container>;
  /** Runs one to its end. */
  once(options: readonly string[], argv: readonly string[]): Promise<Said>;
  inspect(): Promise<ImageFacts>;
  clean(): Promise<void>;
}

/** The part of `podman image inspect` that is read here. */
export interface ImageFacts {
  readonly Size: number;
  readonly User: string;
  readonly Healthcheck?: { readonly Test: readonly string[] };
  readonly Config: {
    readonly Entrypoint: readonly string[];
    readonly Cmd: readonly string[];
    readonly StopSignal: string;
    readonly Volumes: Readonly<Record<string, unknown>>;
  };
}

/**
 * Drops limits that only CAP_SYS_RESOURCE may set, which root need not have (in a container, on some virtual machines).
 * podman takes the runtime for crun by its file name.
 */
const runtime = `
import { readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
const args = process.argv.slice(2);
const after = (name) => args.includes(name) ? args[args.indexOf(name) + 1] : null;
const mend = (file, of) => {
  const spec = JSON.parse(readFileSync(file, 'utf8'));
  delete of(spec).rlimits;
  writeFileSync(file, JSON.stringify(spec));
};
if (after('--bundle') !== null) mend(after('--bundle') + '/config.json', (spec) => spec.process);
if (after('--process') !== null) mend(after('--process'), (spec) => spec);
process.exitCode = spawnSync('crun', args, { stdio: 'inherit' }).status ?? 1;
`;

/** podman wants one kind of control groups; each call gets a view of its own in which there is only the second. */
const ownView =
  'mount --make-rprivate / && umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec podman "$@"';

/** What podman needs in order to work anywhere. */
const needed = ['--no-healthcheck', '--cgroups=disabled', '--log-driver', 'k8s-file'];
/** And what docs/containers.md gives to `docker run`. */
const usual = [
  ...['--read-only', '--tmpfs', '/tmp:exec,mode=1777', '--cap-drop', 'ALL'],
  ...['--security-opt', 'no-new-privileges', ...needed],
];

/** Builds the bases and the image from the Dockerfile of this checkout. */
export async function createImageRoom(): Promise<ImageRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'homer-image-'));
  try {
    return await fillRoom(directory);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function fillRoom(directory: string): Promise<ImageRoom> {
  const wrap = join(directory, 'wrap');
  await mkdir(wrap);
  await writeFile(join(wrap, 'runtime.mjs'), runtime);
  await writeFile(join(wrap, 'crun'), `#!/bin/sh\nexec '${process.execPath}' '${wrap}/runtime.mjs' "$@"\n`);
  await chmod(join(wrap, 'crun'), 0o755);
  const store = ['--root', join(directory, 'store'), '--runroot', join(directory, 'run')];
  const driver = await fittingDriver(store);
  await buildImages(directory, [...store, '--storage-driver', driver]);

  const engine = [
    ...[...store, '--storage-driver', driver, '--runtime', join(wrap, 'crun')],
    ...['--cgroup-manager=cgroupfs', '--events-backend=file'],
  ];
  const podman = (...args: readonly string[]): Promise<Said> =>
    say('unshare', ['--mount', 'sh', '-c', ownView, 'podman', ...engine, ...args]);
  const containers: Container[] = [];
  const start = async (
    options: readonly string[],
    of: string,
    argv: readonly string[],
  ): Promise<Container> => {
    const name = `homer-${process.pid}-${containers.length}`;
    const container: Container = {
      name,
      podman: (verb, ...args) => podman(verb, ...args, name),
      exec: async (...args) => expectGood(await podman('exec', name, ...args)).stdout,
      pid: async () => Number(expectGood(await podman('inspect', '-f', '{{.State.Pid}}', name)).stdout),
      logs: async () => {
        const { stdout, stderr } = await podman('logs', name);
        return stdout + stderr;
      },
    };
    containers.push(container);
    expectGood(await podman('run', '--detach', '--name', name, ...options, of, ...argv));
    return container;
  };
  return {
    directory,
    async volume(user = '10001:10001') {
      const path = await mkdtemp(join(directory, 'volume-'));
      await run('chown', [user, path]);
      return path;
    },
    start: (options, argv = []) => start([...usual, ...options], image, argv),
    startBare: (options, of, argv) => start([...needed, ...options], of, argv),
    once: (options, argv) => podman('run', '--rm', ...usual, ...options, image, ...argv),
    async inspect() {
      const said = expectGood(await podman('image', 'inspect', image));
      const [facts] = JSON.parse(said.stdout) as readonly ImageFacts[];
      if (facts === undefined) throw new Error('podman knows nothing of the image');
      return facts;
    },
    async clean() {
      // The last first: one whose network another shares is not removed before that.
      for (const container of containers.toReversed()) await container.podman('rm', '--force', '--time', '0');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `overlay` where it works, as where the root is no overlay itself; `vfs` copies every layer and works anywhere. */
async function fittingDriver(store: readonly string[]): Promise<string> {
  const tried = await buildah(...store, '--storage-driver', 'overlay', 'from', 'scratch');
  if (tried.code === 0) return 'overlay';
  await rm(store[1] ?? '', { recursive: true, force: true });
  return 'vfs';
}

/** What it mounts, above all when it is ended before its time, is gone with its view. */
const buildah = (...args: readonly string[]): Promise<Said> =>
  say('unshare', ['--mount', 'buildah', ...args]);

/** Stands for the Redis of compose.yaml: that of Debian, for its user. */
export const redisImage = 'localhost/redis:test';
const redisLayer = `RUN apt-get update && apt-get install -y --no-install-recommends redis-server \\
  && mkdir -p /data && chown 999:999 /data
WORKDIR /data
`;

async function buildImages(directory: string, store: readonly string[]): Promise<void> {
  const dockerfile = await readFile(join(checkout, 'Dockerfile'), 'utf8');
  const [nodeImage = '', baseImage = ''] = [...dockerfile.matchAll(/^ARG \w+_IMAGE=(.+)$/gm)].map(
    ([, name]) => name,
  );
  const context = join(directory, 'context');
  await mkdir(context);
  await copyFile(await cachedDebian(), join(context, 'debian.tar'));
  await layNode(join(context, 'node'));
  await writeFile(join(context, 'Debian'), 'FROM scratch\nADD debian.tar /\n');
  await writeFile(join(context, 'Redis'), `FROM ${baseImage}\n${redisLayer}`);
  await writeFile(join(context, 'Node'), `FROM ${baseImage}\nCOPY node /\n`);
  const build = async (...args: readonly string[]): Promise<void> => {
    const common = ['bud', '--isolation', 'chroot', '--format', 'docker', '--pull-never'];
    expectGood(await buildah(...store, ...common, ...args));
  };
  await build('--tag', baseImage, '--file', join(context, 'Debian'), context);
  await build('--tag', redisImage, '--file', join(context, 'Redis'), context);
  await build('--tag', nodeImage, '--file', join(context, 'Node'), context);
  await rm(context, { recursive: true });
  await build(...(await npmSettings(directory)), '--tag', image, checkout);
}

/** What npm uses on this machine: its settings, the certificates they name, and its cache. */
async function npmSettings(directory: string): Promise<string[]> {
  const ask = async (key: string): Promise<string> =>
    (await run('npm', ['config', 'get', key])).stdout.trim();
  const settings = join(directory, 'npmrc');
  const files = await Promise.all(
    ['globalconfig', 'userconfig'].map(async (key) => readFile(await ask(key), 'utf8').catch(() => '')),
  );
  const certificates = await ask('cafile');
  const hasOwn = certificates !== '' && certificates !== 'null';
  const at = '/run/npm-certificates.pem';
  const more = ['prefer-offline=true', ...(hasOwn ? [`cafile=${at}`] : []), ''];
  await writeFile(settings, [...files, ...more].join('\n'), { mode: 0o600 });
  return [
    ...['--secret', `id=npmrc,src=${settings}`, '--volume', `${await ask('cache')}:/root/.npm`],
    ...(hasOwn ? ['--volume', `${certificates}:${at}:ro`] : []),
  ];
}

async function say(file: string, args: readonly string[]): Promise<Said> {
  const child = execFile(file, args, { maxBuffer: 1 << 26 });
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (text: string) => (said.stdout += text));
  child.stderr?.on('data', (text: string) => (said.stderr += text));
  child.stdin?.end();
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, ...said };
}

function expectGood(said: Said): Said {
  if (said.code !== 0) throw new Error(`exit ${said.code}: ${(said.stdout + said.stderr).slice(-4_000)}`);
  return said;
}
