// Suites, in the order in which they run: what is quick and pure first, what kills processes last and alone.
// The time limits are a safety net only; tests wait for signals.

import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 } as const;
const alone = { ...shared, fileParallelism: false, testTimeout: 300_000, hookTimeout: 120_000 } as const;

// Vitest reads the default export of this file.
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'test/*.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'conformance',
          include: ['test/{conformance,fixtures,bench}/**/*.test.ts', 'bench/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...alone, name: 'e2e', include: ['test/e2e/**/*.test.ts'], sequence: { groupOrder: 2 } } },
      {
        test: { ...alone, name: 'chaos', include: ['test/chaos/**/*.test.ts'], sequence: { groupOrder: 3 } },
      },
      {
        test: {
          ...alone,
          name: 'real',
          maxConcurrency: 2,
          include: ['test/real/**/*.test.ts'],
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
