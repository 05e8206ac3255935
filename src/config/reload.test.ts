import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from './load.ts';
import { watchConfig } from './reload.ts';
import type { ConfigChange } from './reload.ts';

let home: string;
let stop: AbortController;
let changes: ConfigChange[];
let waiting: ((change: ConfigChange) => void) | null;
const options = { env: {}, userHome: '/home/ann' };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'homer-reload-'));
  stop = new AbortController();
  changes = [];
  waiting = null;
});
afterEach(() => {
  stop.abort();
  rmSync(home, { recursive: true, force: true });
});

function watching(): void {
  const { digest } = loadConfig(home, options);
  watchConfig(
    home,
    { ...options, since: digest },
    (change) => {
      changes.push(change);
      waiting?.(change);
    },
    stop.signal,
  );
}

function next(act: () => void): Promise<ConfigChange> {
  const change = new Promise<ConfigChange>((resolve) => {
    waiting = resolve;
  });
  act();
  return change;
}

const write = (text: string): void => writeFileSync(join(home, 'config.yaml'), text);
const port = (change: ConfigChange): number | null => (change.ok ? change.loaded.config.port : null);

test('a new file, an edit in place and one by rename are each told once', async () => {
  watching();
  expect(port(await next(() => write('port: 1001')))).toBe(1001);
  expect(port(await next(() => write('port: 1002')))).toBe(1002);
  const renamed = await next(() => {
    writeFileSync(join(home, 'config.yaml.swp'), 'port: 1003');
    renameSync(join(home, 'config.yaml.swp'), join(home, 'config.yaml'));
  });
  expect(port(renamed)).toBe(1003);
  expect(port(await next(() => rmSync(join(home, 'config.yaml'))))).toBe(4663);
  expect(changes).toHaveLength(4);
});

test('a bad edit is told as an error, and mending it as a change', async () => {
  watching();
  const bad = await next(() => write('prot: 1'));
  expect(bad).toMatchObject({ ok: false, error: { code: 'HOMER_CONFIG_INVALID' } });
  expect(port(await next(() => write('port: 1001')))).toBe(1001);
});

test('an edit made before the watch began is not lost', async () => {
  const { digest } = loadConfig(home, options);
  write('port: 1001');
  const change = await new Promise<ConfigChange>((resolve) =>
    watchConfig(home, { ...options, since: digest }, resolve, stop.signal),
  );
  expect(port(change)).toBe(1001);
});

test('a rewrite of the same text is no change', async () => {
  write('port: 1001');
  watching();
  write('port: 1001');
  expect(port(await next(() => write('port: 1002')))).toBe(1002);
  expect(changes).toHaveLength(1);
});
