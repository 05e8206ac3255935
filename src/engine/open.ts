// Opens the engine that the configuration names; the only file that knows the drivers.

import type { Config } from '../config/config.ts';
import { EmbeddedEngine, type EmbeddedOptions } from './embedded.ts';
import type { Engine } from './engine.ts';

export function openEngine(config: Config['engine'], options: EmbeddedOptions): Engine {
  switch (config.kind) {
    case 'embedded':
      return new EmbeddedEngine(options);
  }
}
