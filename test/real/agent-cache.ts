// Agent CLIs from npm in pinned versions.

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { agentVersions, type AgentName, type PinnedAgent } from './agent-versions.ts';
import { cacheDirectory, cachedPackages } from './npm-cache.ts';

/** The program's absolute path; installs it when it is not in the cache (hundreds of MB), or throws what npm said. */
export async function cachedAgent(name: AgentName): Promise<string> {
  const agent: PinnedAgent = agentVersions[name];
  const spec = `${agent.package}@${agent.version}`;
  const isWhole = async (directory: string): Promise<boolean> => (await programIn(directory, agent)) !== null;
  const cache = cacheDirectory('agents');
  const directory = await cachedPackages(cache, `${name}@${agent.version}`, [spec], isWhole);
  const program = await programIn(directory, agent);
  if (program === null) throw new Error(`${spec} has no program for this platform.`);
  return program;
}

async function programIn(directory: string, agent: PinnedAgent): Promise<string | null> {
  for (const program of agent.programs) {
    const path = join(directory, 'node_modules', program);
    try {
      await access(path);
      return path;
    } catch {
      // Not this platform's name, or not installed yet: the next one, or none.
    }
  }
  return null;
}
