import { expect, test } from 'vitest';
import { columns, createTable } from './real/agent-table.ts';
import { agentVersions } from './real/agent-versions.ts';

// That its cells are true is seen by test/real/every-agent.test.ts, with the real programs.
test('docs/executors.md has every agent in the version that is pinned, and every case', () => {
  const rows = createTable()
    .readPage()
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
  expect(rows[0]).toEqual(['agent', 'version', ...Object.values(columns)]);
  const agents = rows.slice(2);
  expect(agents.map(([agent, version]) => [agent, version])).toEqual(
    Object.entries(agentVersions).map(([agent, { version }]) => [agent, version]),
  );
  for (const cells of agents) expect(cells.filter((cell) => cell === '')).toEqual([]);
});
