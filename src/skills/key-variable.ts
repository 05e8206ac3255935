// Under which name a skill may ask for its key. The name is data of a stranger, so it must not be one that steers a program.

import { loadsCode } from '../config/code-variables.ts';
import { baseVariables, speaksOfSecret } from '../config/run-variables.ts';

const taken: ReadonlySet<string> = new Set(baseVariables);
/** Homer's own; what agents take for their own sign-in or settings; settings of tools whose names speak of secrets. */
const others =
  /^(?:HOMER_|ANTHROPIC_|CLAUDE|CODEX_|KIMI_|QWEN_|OPENCODE|PI_|GIT_|SSH_|NPM_CONFIG_|SSLKEYLOGFILE$)/i;

/**
 * The name of a variable that speaks of a key, token or password, that no run has anyway, that makes no program load code, and
 * that no agent takes for its own (`ANTHROPIC_AUTH_TOKEN`). `https_proxy` and `ANTHROPIC_BASE_URL` are none.
 */
export function mayBeKey(name: string): boolean {
  return (
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) &&
    speaksOfSecret(name) &&
    !loadsCode(name) &&
    !taken.has(name) &&
    !others.test(name)
  );
}
