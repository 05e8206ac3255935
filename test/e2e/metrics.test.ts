// /metrics of a real daemon, scraped by a real Prometheus with the rules and the dashboard that Homer ships.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../bench/redis-server.ts';
import { readToken } from '../../src/config/token.ts';
import { readRecord } from '../../src/lifecycle/record.ts';
import { openRoom, type Room } from './cli-process.ts';

const shipped = join(import.meta.dirname, '../../container/prometheus');
let room: Room;
let port: number;
let prometheus: ChildProcess | null = null;

beforeEach(async () => {
  room = await openRoom();
  mkdirSync(room.home, { mode: 0o700 });
  writeFileSync(join(room.home, 'config.yaml'), 'budget: { costUsd: 5 }\n', { mode: 0o600 });
  await room.run(['start']);
  port = (await readRecord(room.home))?.port ?? 0;
});
afterEach(async () => {
  if (prometheus !== null && prometheus.exitCode === null) {
    prometheus.kill('SIGTERM');
    await once(prometheus, 'exit');
  }
  prometheus = null;
  await room.close();
});

async function scrape(
  token: string | null = readToken(room.home),
): Promise<{ status: number; type: string; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const type = answer.headers.get('content-type') ?? '';
  return { status: answer.status, type, text: await answer.text() };
}

/** The value of a series; null where there is none. */
function valueOf(text: string, series: string): number | null {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

test('what happened since the start is counted, whoever asks late', async () => {
  const done = await room.run(['run', '-x', 'shell', 'echo done']);
  expect(done.code, done.stderr).toBe(0);
  await room.run(['run', '-x', 'shell', 'exit 3']);
  const { status, type, text } = await scrape();
  expect(status).toBe(200);
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(valueOf(text, 'homer_jobs_accepted_total{lane="default",source="http"}')).toBe(2);
  expect(valueOf(text, 'homer_jobs_settled_total{lane="default",outcome="succeeded"}')).toBe(1);
  expect(valueOf(text, 'homer_jobs_settled_total{lane="default",outcome="failed"}')).toBe(1);
  expect(valueOf(text, 'homer_runs_ended_total{executor="shell",verdict="done"}')).toBe(1);
  expect(valueOf(text, 'homer_runs_lost_total{executor="shell"}')).toBe(0);
  expect(valueOf(text, 'homer_run_duration_seconds_count{executor="shell"}')).toBe(2);
  expect(valueOf(text, 'homer_jobs{lane="default",state="failed"}')).toBe(1);
  expect(valueOf(text, 'homer_component_up{component="ledger"}')).toBe(1);
  expect(valueOf(text, 'homer_budget_used_ratio{lane="all"}')).toBe(0);
  expect(valueOf(text, 'homer_boots_total')).toBe(1);
  expect(valueOf(text, 'homer_lock_held')).toBe(1);
  expect(valueOf(text, 'homer_ready')).toBe(1);
  expect(valueOf(text, 'homer_ledger_wal_bytes')).toBeGreaterThan(0);
  // From here on commits are timed; a second look counts nothing twice.
  await room.run(['run', '-x', 'shell', 'echo again']);
  const again = await scrape();
  expect(valueOf(again.text, 'homer_jobs_accepted_total{lane="default",source="http"}')).toBe(3);
  expect(valueOf(again.text, 'homer_ledger_sync_seconds_count')).toBeGreaterThan(2);
  execFileSync('promtool', ['check', 'metrics'], { input: again.text });
});

test('it wants a token that may read', async () => {
  expect((await scrape('wrong')).status).toBe(401);
  const made = await room.run(['token', 'create', 'prometheus', '--scope', 'read', '--json']);
  const { text } = JSON.parse(made.stdout) as { text: string };
  expect((await scrape(text)).status).toBe(200);
});

test('a real Prometheus scrapes it, takes the rules, answers the dashboard and sees Homer go', async () => {
  for (const name of ['alerts.yaml', 'prometheus.yaml'])
    copyFileSync(join(shipped, name), join(room.work, name));
  const config = join(room.work, 'prometheus.yaml');
  const own = readFileSync(config, 'utf8').replace('15s', '1s').replace('4663', String(port));
  writeFileSync(config, own);
  writeFileSync(join(room.work, 'homer.token'), readToken(room.home) ?? '');
  execFileSync('promtool', ['check', 'config', config]);
  const listen = await freePort();
  const base = `http://127.0.0.1:${listen}`;
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(room.work, 'series')}`,
    `--web.listen-address=127.0.0.1:${listen}`,
  ];
  prometheus = spawn('prometheus', args, { stdio: 'ignore' });
  const ask = async <Data>(path: string): Promise<Data | null> => {
    const answer = await fetch(`${base}${path}`).catch(() => null);
    return answer?.ok === true ? ((await answer.json()) as { data: Data }).data : null;
  };
  const query = async (text: string): Promise<readonly { value: [number, string] }[] | null> =>
    (await ask<{ result: { value: [number, string] }[] }>(`/api/v1/query?query=${encodeURIComponent(text)}`))
      ?.result ?? null;
  const patience = { timeout: 60_000, interval: 250 };
  await room.run(['run', '-x', 'shell', 'echo done']);
  await expect
    .poll(async () => (await query('sum(homer_jobs_settled_total{job="homer"})'))?.[0]?.value[1], patience)
    .toBe('1');

  interface Rules {
    readonly groups: readonly { readonly rules: readonly { name: string; health: string }[] }[];
  }
  const healthOfRules = async (): Promise<string[]> =>
    (await ask<Rules>('/api/v1/rules'))?.groups.flatMap(({ rules }) => rules.map(({ health }) => health)) ??
    [];
  // Evaluated once a minute unless told otherwise; "unknown" until then.
  expect((await healthOfRules()).length).toBeGreaterThan(10);
  expect(await healthOfRules()).not.toContain('err');
  const rules = readFileSync(join(shipped, 'alerts.yaml'), 'utf8');
  const dashboard = JSON.parse(readFileSync(join(shipped, 'grafana-dashboard.json'), 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  const { text } = await scrape();
  const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
  const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(shown.length).toBeGreaterThan(15);
  for (const expr of shown) expect(await query(expr), expr).not.toBeNull();
  // Nothing that is watched is called otherwise than it is told.
  for (const [name] of [...shown, rules].join('\n').matchAll(/\bhomer_[a-z_]+/g))
    expect(known).toContain(name.replace(/_bucket$/, ''));

  await room.run(['stop']);
  await expect.poll(async () => (await query('up{job="homer"}'))?.[0]?.value[1], patience).toBe('0');
});
