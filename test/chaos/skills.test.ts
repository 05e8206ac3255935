// The daemon is killed while a snapshot of skills is written or removed: the next one gives its runs whole snapshots, and what the
// dead one left half done goes.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobView } from '../../src/operations/job-view.ts';
import { whenChanged } from '../real/homer-room.ts';
import { createChaosHome, type ChaosHome } from './chaos-home.ts';

const reader = join(import.meta.dirname, '../fixtures/agents/skill-reader.ts');

let home: ChaosHome;
beforeEach(() => {
  const agent = { kind: 'claude', bin: process.execPath, args: [reader], permissions: 'all' };
  home = createChaosHome({ config: (executors) => ({ executors: { ...executors, agent } }) });
  for (const name of ['clock', 'weather']) writeSkill(name, 'old');
});
afterEach(() => home.remove());

function writeSkill(name: string, body: string): void {
  const folder = join(home.base, 'user/.claude/skills', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'SKILL.md'), `---\nname: ${name}\ndescription: does it\n---\n${body}\n`);
  writeFileSync(join(folder, 'more.txt'), `more of ${name}`);
}

const snapshots = (): string => join(home.path, 'skills-store/snapshots');
const blobs = (): string => join(home.path, 'skills-store/blobs');

interface Created {
  readonly job: JobView;
}

test.each(['k1-blob', 'k1-blob:3', 'k2-written', 'k3-renamed'])(
  'killed at %s, a run is given all of its skills by the next daemon, and nothing half done stays',
  async (kill) => {
    const doomed = home.start({ kill });
    const body = { prompt: 'one', executor: 'agent', session: 'web' };
    const headers = { 'idempotency-key': 'one' };
    await doomed.ask('POST', '/api/v1/jobs', body, headers).catch(() => undefined);
    expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
    // What is new meanwhile makes another snapshot, so that nothing is lucky enough to fit.
    writeSkill('clock', 'new');
    const daemon = home.start();
    const { job } = (await daemon.ask<Created>('POST', '/api/v1/jobs', body, headers)).body;
    const ended = await daemon.untilJob(job.id, ({ state }) => state === 'succeeded');
    expect(JSON.parse(ended.result?.text ?? '')).toMatchObject({ first: { clock: 'new', weather: 'old' } });
    await whenChanged(snapshots(), () => readdirSync(snapshots()).length === 1);
    await whenChanged(blobs(), () => readdirSync(blobs()).length === 4);
    await daemon.end('SIGTERM');
  },
);

test.each(['k4-dead', 'k5-removed'])(
  'killed at %s, what is still used stays whole, and the rest goes at the next start',
  async (kill) => {
    const first = home.start({ kill });
    const send = (daemon: typeof first, key: string, more: object): Promise<{ body: Created }> =>
      daemon.ask<Created>(
        'POST',
        '/api/v1/jobs',
        { prompt: 'x', executor: 'agent', ...more },
        {
          'idempotency-key': key,
        },
      );
    const kept = await send(first, 'kept', { session: 'web' });
    await first.untilJob(kept.body.job.id, ({ state }) => state === 'succeeded');
    writeSkill('clock', 'new');
    await send(first, 'lone', {});
    // Its job has ended, so its snapshot is collected, and the daemon dies of that.
    expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
    writeSkill('clock', 'old');
    const daemon = home.start();
    const again = await send(daemon, 'again', { session: 'web' });
    const ended = await daemon.untilJob(again.body.job.id, ({ state }) => state === 'succeeded');
    expect(JSON.parse(ended.result?.text ?? '')).toMatchObject({ first: { clock: 'old', weather: 'old' } });
    await whenChanged(snapshots(), () => readdirSync(snapshots()).length === 1);
    await whenChanged(blobs(), () => readdirSync(blobs()).length === 4);
    await daemon.end('SIGTERM');
  },
);
