// Tools on canvases: pages that a person looks at.

import { z } from 'zod';
import type { Calls } from '../client/calls.ts';
import { defineTool, type AnyTool } from './tool.ts';

type Canvas = Calls['canvas.put']['output']['canvas'];

const name = z.string().min(1).max(63).describe('Small letters, digits and hyphens');

export const canvasTools: readonly AnyTool[] = [
  defineTool({
    name: 'canvas_put',
    title: 'Put up a page',
    description:
      'Puts files into a canvas, a small web page that a person can look at, and returns its address. Open pages load again.',
    shape: {
      name,
      files: z
        .array(
          z.strictObject({
            path: z.string().min(1).max(1_024).describe('Such as index.html'),
            text: z.string(),
          }),
        )
        .min(1)
        .max(100),
      replace: z.boolean().exactOptional().describe('Whatever else is in the canvas goes'),
    },
    needs: ['canvas.put'],
    async act(input, { desk, signal }) {
      return { canvas: brief((await desk.call('canvas.put', input, signal)).canvas) };
    },
  }),
  defineTool({
    name: 'canvas_list',
    title: 'List pages',
    description: 'Canvases with their addresses; a run of Homer’s sees those of its own session.',
    shape: {},
    needs: ['canvas.list'],
    reads: true,
    async act(_input, { desk, signal }) {
      return { canvases: (await desk.call('canvas.list', {}, signal)).canvases.map(brief) };
    },
  }),
  defineTool({
    name: 'canvas_remove',
    title: 'Take a page down',
    description: 'Removes a canvas and its files.',
    shape: { name },
    needs: ['canvas.remove'],
    destroys: true,
    act: (input, { desk, signal }) => desk.call('canvas.remove', input, signal),
  }),
];

function brief({ name: called, url, files, updatedAt }: Canvas) {
  return { name: called, url, files: files.map(({ path }) => path), updatedAt };
}
