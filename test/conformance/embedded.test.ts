import { EmbeddedEngine } from '../../src/engine/embedded.ts';
import { engineSuite } from './engine.suite.ts';

engineSuite('embedded', {
  capabilities: EmbeddedEngine.capabilities,
  open: async (options) => new EmbeddedEngine(options),
});
