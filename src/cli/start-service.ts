// Starting through the service where there is one, so that what crashes is started again.

import { HomerError, isHomerError, messageOf } from '../core/errors.ts';
import type { InstalledService, ServiceCondition } from '../service/open.ts';
import { installedService } from './installed-service.ts';

/** HOMER_SERVICE_INSTALLED when the state directory has a service that only root may start. */
export async function refuseForeignService(home: string): Promise<void> {
  const service = await installedService(home);
  if (service !== null && !service.isOurs) throw onlyRoot(service, 'restart');
}

/**
 * True when the service of this state directory has started and says that it is ready. False: there is none, or nobody answers for it;
 * `say` is told that then. Throws HOMER_SERVICE_INSTALLED, or HOMER_START_FAILED with the exit code of the daemon.
 */
export async function startThroughService(home: string, say: (line: string) => void): Promise<boolean> {
  const service = await installedService(home);
  if (service === null) return false;
  if (!service.isOurs) throw onlyRoot(service, 'start');
  try {
    await service.start();
    return true;
  } catch (error) {
    const condition = await conditionOf(service);
    if (condition === null) {
      say(`The service ${service.name} cannot be asked (${messageOf(error)}); Homer is started without it.`);
      return false;
    }
    const exitCode = /exit status (\d+)/.exec(condition.failure ?? '')?.[1];
    throw new HomerError(
      'HOMER_START_FAILED',
      `The service ${service.name} did not start: ${condition.failure ?? messageOf(error)}.`,
      {
        hint: '`homer service logs` shows what Homer said.',
        cause: error,
        details: { exitCode: exitCode === undefined ? null : Number(exitCode) },
      },
    );
  }
}

/** Null: nobody answers for it. */
async function conditionOf(service: InstalledService): Promise<ServiceCondition | null> {
  try {
    return await service.condition();
  } catch (error) {
    if (isHomerError(error)) return null;
    throw error;
  }
}

/** For orders to a service of the machine by who is not root. */
export function onlyRoot({ name }: InstalledService, action: string): HomerError {
  return new HomerError('HOMER_SERVICE_INSTALLED', `Homer is a service of this machine here, ${name}.`, {
    hint: `Use \`sudo homer service ${action} --system\`.`,
  });
}
