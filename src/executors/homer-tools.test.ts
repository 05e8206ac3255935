import { expect, test } from 'vitest';
import { tools } from '../mcp/server.ts';
import type { ExecutorSettings } from './executor.ts';
import { acpToolServers, claudeToolArguments, codexToolArguments, unaskedTools } from './homer-tools.ts';

const settings: ExecutorSettings = {
  ...{ kind: 'claude', name: 'claude', bin: 'claude', args: [], permissions: 'ask', input: 'stdin' },
  ...{ model: null, maxTurns: null, maxBudgetUsd: null },
  mcp: { command: '/usr/bin/node', args: ['main.ts', 'mcp', '--run'] },
};
const env = {
  HOMER_URL: 'http://127.0.0.1:1',
  HOMER_TOKEN: 'homer-run.secret',
  HOMER_JOB_ID: 'j1',
  PATH: '/bin',
};

test('what is done unasked are tools that there are, and none that starts, ends or puts up anything', () => {
  const known = new Map(tools.map((tool) => [tool.name, tool]));
  for (const name of unaskedTools) {
    const tool = known.get(name);
    expect([name, tool === undefined, tool?.destroys]).toEqual([name, false, undefined]);
    expect([name, tool?.needs.some((each) => /^(jobs|schedules|canvas)\.(create|put)$/.test(each))]).toEqual([
      name,
      false,
    ]);
  }
});

test('the token is in no argument, and goes to agents of ACP by their input only', () => {
  expect([...claudeToolArguments(settings), ...codexToolArguments(settings)].join(' ')).not.toContain(
    'secret',
  );
  expect(acpToolServers(settings, env)).toMatchObject([
    { env: expect.arrayContaining([{ name: 'HOMER_TOKEN', value: env.HOMER_TOKEN }]) as unknown },
  ]);
});

test.each(['none', 'without a server', 'without the variables'])('%s: no tools', (why) => {
  const { mcp, ...bare } = settings;
  const asked =
    why === 'without a server'
      ? bare
      : { ...settings, permissions: why === 'none' ? ('none' as const) : ('all' as const) };
  expect(acpToolServers(asked, why === 'without the variables' ? { PATH: '/bin' } : env)).toEqual([]);
  if (why !== 'without the variables')
    expect([...claudeToolArguments(asked), ...codexToolArguments(asked)]).toEqual([]);
  expect(mcp).toBeDefined();
});

test('Codex, which asks nobody, has all tools only where it may do all', () => {
  const enabled = (permissions: 'ask' | 'edits' | 'all'): boolean =>
    codexToolArguments({ ...settings, permissions }).some((each) =>
      each.startsWith('mcp_servers.homer.enabled_tools='),
    );
  expect([enabled('ask'), enabled('edits'), enabled('all')]).toEqual([true, true, false]);
});
