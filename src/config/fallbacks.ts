// What may stand in `fallback` of an executor, as far as only the whole file can tell.

import type { Finding } from './problem.ts';
import { agentKinds } from './schema.ts';

/**
 * Said of the value as written: names that nobody has, an executor that would follow itself or another twice (a job goes
 * down its list once, so two that name each other are no circle), and the built-in `shell`, which is for the owner alone.
 */
export function findFallbackProblems(written: unknown): Finding[] {
  const executors = mappingOf(mappingOf(written)['executors']);
  const known = [...new Set([...agentKinds, ...Object.keys(executors)])];
  return Object.entries(executors).flatMap(([name, executor]) => {
    const list: unknown = mappingOf(executor)['fallback'];
    return Array.isArray(list) ? problemsOf(name, list, known) : [];
  });
}

function problemsOf(name: string, list: readonly unknown[], known: readonly string[]): Finding[] {
  return list.flatMap((other, index): Finding[] => {
    if (typeof other !== 'string') return [];
    const finding = (message: string): Finding[] => [
      { path: ['executors', name, 'fallback', index], at: 'value', message },
    ];
    if (other === name) return finding('is the executor itself');
    if (list.indexOf(other) < index) return finding('stands in the list already');
    if (known.includes(other)) return [];
    if (other === 'shell')
      return finding('runs any command, and is no fallback unless it is configured here');
    return finding(`${JSON.stringify(other.slice(0, 40))} is not an executor; there are ${known.join(', ')}`);
  });
}

function mappingOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
