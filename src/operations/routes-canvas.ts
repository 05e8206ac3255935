// Where the operations on canvases are found.

import type { Route } from './routes.ts';

export const canvasRoutes = {
  'canvas.list': {
    method: 'GET',
    path: '/api/v1/canvas',
    scope: 'read',
    summary: 'Canvases with their addresses; whoever knows an address sees the canvas',
    forRuns: true,
  },
  'canvas.put': {
    method: 'POST',
    path: '/api/v1/canvas/:name',
    scope: 'operate',
    summary: 'Put files into a canvas, which is made when it is not there; open pages load again',
    forRuns: true,
    bodyBytes: 20 * 1024 * 1024,
  },
  'canvas.rotate': {
    method: 'POST',
    path: '/api/v1/canvas/:name/rotate',
    scope: 'operate',
    summary: 'Give a canvas another address; the old one shows nothing any more',
  },
  'canvas.remove': {
    method: 'DELETE',
    path: '/api/v1/canvas/:name',
    scope: 'operate',
    summary: 'Remove a canvas and its files',
    forRuns: true,
  },
} as const satisfies Record<string, Route>;
