// compose.yaml run by podman: every service with the options that stand there, in one network without names of its own.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Container, image, type ImageRoom, redisImage } from './image-room.ts';

interface Service {
  readonly command?: readonly string[];
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly volumes: readonly string[];
}

const checkout = join(import.meta.dirname, '../..');

export interface Composed {
  readonly homer: Container;
  readonly redis: Container;
  worker(name: 'worker-1' | 'worker-2'): Promise<Container>;
}

async function readServices(): Promise<Readonly<Record<string, Service>>> {
  const compose = parse(await readFile(join(checkout, 'compose.yaml'), 'utf8'), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
  };
  return compose.services;
}

/** Redis and Homer; `worker` lets a worker in and starts it, as docs/containers.md says. */
export async function startComposed(room: ImageRoom): Promise<Composed> {
  const services = await readServices();
  const serviceOf = (name: string): Service => {
    const service = services[name];
    if (service === undefined) throw new Error(`compose.yaml has no ${name}`);
    return service;
  };
  // Whoever is in this network finds the services by their names, all at the one address it has.
  const hosts = join(room.directory, 'compose-hosts');
  await writeFile(hosts, '127.0.0.1 localhost redis homer\n', { mode: 0o644 });
  const names = ['--no-hosts', '--volume', `${hosts}:/etc/hosts:ro`];
  const ofRedis = serviceOf('redis');
  const redis = await room.startBare(
    ['--network', 'none', ...names, ...(await optionsOf(room, ofRedis))],
    redisImage,
    ofRedis.command ?? [],
  );
  const shared = ['--network', `container:${redis.name}`, ...names];
  const homer = await room.startBare([...shared, ...(await optionsOf(room, serviceOf('homer')))], image, []);
  return {
    redis,
    homer,
    async worker(name) {
      const service = serviceOf(name);
      const options = [...shared, ...(await optionsOf(room, service))];
      const token = await homer.exec('homer', 'workers', 'add', name);
      const keep = 'umask 077; mkdir -p ~/.homer; printf %s "$1" > ~/.homer/worker-token';
      const keeper = await room.startBare([...options, '--entrypoint', 'sh'], image, [
        '-c',
        keep,
        'sh',
        token,
      ]);
      await keeper.podman('wait');
      return room.startBare(options, image, service.command ?? []);
    },
  };
}

async function optionsOf(room: ImageRoom, service: Service): Promise<string[]> {
  const each = (flag: string, values: readonly string[] = []): string[] =>
    values.flatMap((value) => [flag, value]);
  const volumes = await Promise.all(
    service.volumes.map(async (volume) => {
      const [from = '', ...to] = volume.split(':');
      const path = from.startsWith('.') ? join(checkout, from) : await room.volume(service.user);
      return [path, ...to].join(':');
    }),
  );
  return [
    ...(service.user === undefined ? [] : ['--user', service.user]),
    ...(service.read_only === true ? ['--read-only'] : []),
    ...each('--cap-drop', service.cap_drop),
    ...each('--security-opt', service.security_opt),
    ...each('--tmpfs', service.tmpfs),
    ...each('--volume', volumes),
  ];
}
