// An agent that Homer told to install is there as soon as it is installed: before an executor is refused as unknown, it is
// looked for once more.

import { lacksExecutor } from '../intake/place.ts';
import type { Operation } from './operation.ts';

/**
 * The operation, done a second time when it was refused for want of an executor and `lookAgain` finds others than before.
 * What was refused has left nothing behind.
 */
export function lookingAgain(operation: Operation, lookAgain: () => Promise<boolean>): Operation {
  return {
    ...operation,
    async handle(input, caller, gone) {
      try {
        return await operation.handle(input, caller, gone);
      } catch (error) {
        if (!lacksExecutor(error) || !(await lookAgain())) throw error;
        return operation.handle(input, caller, gone);
      }
    },
  };
}
