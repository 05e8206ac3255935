// The command line's door to services: the rooms behind it are loaded only when a service is asked about.

import { homedir } from 'node:os';
import type { InstalledService, Machine } from '../service/open.ts';

/** The room itself, loaded when it is asked for. */
export const openServiceRoom = () => import('../service/open.ts');

export function thisMachine(): Machine {
  return { platform: process.platform, env: process.env, userHome: homedir() };
}

/** The service of this state directory; null: there is none. */
export async function installedService(home: string): Promise<InstalledService | null> {
  const { findInstalled } = await openServiceRoom();
  return findInstalled(home, null, thisMachine());
}
