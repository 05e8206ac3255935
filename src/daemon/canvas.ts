// The canvas host with what it shows: it listens with the gateway, serves when work begins, and stops with the ways out.

import { join } from 'node:path';
import { createCanvasStore, type CanvasStore } from '../canvas/store.ts';
import { createCanvasHost } from '../gateway/canvas-host.ts';
import { gatewayLimits } from '../gateway/gateway-options.ts';
import type { Log } from '../lifecycle/log.ts';
import type { Service } from '../lifecycle/service.ts';

export interface CanvasOptions {
  /** The gateway's address beside 127.0.0.1. */
  readonly bind: string;
  readonly home: string;
  /** The gateway's. */
  readonly port: number;
  readonly hosts: readonly string[];
  readonly log: Log;
  readonly onError: (error: unknown) => void;
}

export interface CanvasPart {
  readonly port: number;
  readonly canvases: CanvasStore;
  readonly service: Service;
  /** Takes the further names of a new configuration. */
  answerTo(hosts: readonly string[]): void;
}

/** Binds the port. Throws HOMER_PORT_TAKEN only when not one is free. */
export async function openCanvas(options: CanvasOptions): Promise<CanvasPart> {
  const { home, port, log } = options;
  const canvases = createCanvasStore({
    directory: join(home, 'canvas'),
    now: Date.now,
    onUnreadable: (path, error) => log.warn({ path, error }, 'a canvas cannot be read and is not shown'),
  });
  const host = createCanvasHost({ ...gatewayLimits, ...options, gatewayPort: port, portWaitMs: 0 });
  return {
    port: await host.listen(),
    canvases,
    service: {
      async start() {
        host.open(canvases);
      },
      stop: () => host.close(),
    },
    answerTo: (names) => host.answerTo(names),
  };
}
