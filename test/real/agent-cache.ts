// Agent CLIs from npm in pinned versions, installed once per machine and outside the checkout.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { agentVersions, type AgentName, type PinnedAgent } from './agent-versions.ts';

const run = promisify(execFile);

/** The program's absolute path; installs it when it is not in the cache (hundreds of MB), or throws what npm said. */
export async function cachedAgent(name: AgentName): Promise<string> {
  const agent: PinnedAgent = agentVersions[name];
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'homer/agents');
  const directory = join(cache, `${name}@${agent.version}`);
  const cached = await programIn(directory, agent);
  if (cached !== null) return cached;

  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, `.${name}-`));
  try {
    await writeFile(join(fresh, 'package.json'), '{"private":true}\n');
    await run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${agent.package}@${agent.version}`],
      {
        cwd: fresh,
      },
    );
    if ((await programIn(fresh, agent)) === null)
      throw new Error(`${agent.package}@${agent.version} has no program for this platform.`);
    await moveIntoPlace(fresh, directory, agent);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  const installed = await programIn(directory, agent);
  if (installed === null) throw new Error(`${directory} is there but not whole: remove it.`);
  return installed;
}

/** Whoever comes first wins; the loser's install is thrown away. */
async function moveIntoPlace(fresh: string, directory: string, agent: PinnedAgent): Promise<void> {
  try {
    await rename(fresh, directory);
  } catch (error) {
    if ((await programIn(directory, agent)) === null) throw error;
  }
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
