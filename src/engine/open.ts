// Opens the engine that the configuration names; the only file that knows the drivers.

import type { Config } from '../config/config.ts';
import { EmbeddedEngine } from './embedded.ts';
import type { Engine, EngineOptions } from './engine.ts';

export function openEngine(config: Config['engine'], options: EngineOptions): Engine {
  switch (config.kind) {
    case 'embedded':
      return new EmbeddedEngine(options);
  }
}
