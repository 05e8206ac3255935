// Commands on what is put up to be looked at.

import { Argument } from 'commander';
import type { CanvasAction, CanvasOptions } from '../commands/canvas.ts';
import type { Declaration } from './declaration.ts';

export function declareCanvas({ add, act }: Declaration): void {
  add('canvas', 'Show pages in a browser: put files up, list what is up, take it down')
    .addArgument(new Argument('[action]').choices(['list', 'put', 'rotate', 'rm']).default('list'))
    .argument('[name]', 'the canvas')
    .argument('[paths...]', 'put: files, and folders with all that is in them')
    .option('--replace', 'put: what was there before and is not named goes')
    .action(async (action: CanvasAction, name: string | undefined, paths: string[], options: CanvasOptions) =>
      act(async () => {
        const { canvas } = await import('../commands/canvas.ts');
        return (context) => canvas(context, action, name, paths, options);
      }),
    );
}
