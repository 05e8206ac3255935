// Where the agent CLIs keep what they must remember, below the user's home: their sessions, settings and sign-in. Known by
// the program, since several agents may speak the same protocol.

import { basename } from 'node:path';

export interface AgentPlaces {
  /** Directories of its own, relative to HOME; made when they are missing, as the agent would. */
  readonly directories: readonly string[];
  /** Single files beside them. */
  readonly files: readonly string[];
  /** Files that are there once somebody signed in, or directories with something in them; one is enough. */
  readonly credentials: readonly string[];
  /** Variables that carry a key instead; one is enough. */
  readonly keys: readonly string[];
  /** The command that signs in. */
  readonly signIn: string;
  /** False: it can be signed in although nothing of this is there, by its own settings say. */
  readonly isCertain: boolean;
}

// Read from installed releases: Claude Code 2.1, Codex 0.169, Gemini CLI 0.61, Kimi Code 2.1, OpenCode 1.18, Qwen Code 0.15, pi 0.73.
const places: Readonly<Record<string, AgentPlaces>> = {
  claude: {
    directories: ['.claude'],
    files: ['.claude.json'],
    credentials: ['.claude/.credentials.json'],
    keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    signIn: 'claude, then /login',
    isCertain: true,
  },
  codex: {
    directories: ['.codex'],
    files: [],
    credentials: ['.codex/auth.json'],
    keys: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
    signIn: 'codex login',
    isCertain: true,
  },
  gemini: {
    directories: ['.gemini'],
    files: [],
    credentials: ['.gemini/oauth_creds.json', '.gemini/gemini-credentials.json'],
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_APPLICATION_CREDENTIALS'],
    signIn: 'gemini, then /auth',
    isCertain: false,
  },
  kimi: {
    directories: ['.kimi-code', '.kimi'],
    files: [],
    credentials: ['.kimi-code/credentials', '.kimi/credentials'],
    keys: ['KIMI_MODEL_API_KEY'],
    signIn: 'kimi login',
    isCertain: false,
  },
  opencode: {
    directories: ['.local/share/opencode', '.local/state/opencode', '.config/opencode'],
    files: [],
    credentials: ['.local/share/opencode/auth.json'],
    keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
    signIn: 'opencode auth login',
    isCertain: false,
  },
  qwen: {
    directories: ['.qwen'],
    files: [],
    credentials: ['.qwen/oauth_creds.json'],
    keys: ['OPENAI_API_KEY', 'DASHSCOPE_API_KEY'],
    signIn: 'qwen, then /auth',
    isCertain: false,
  },
  pi: {
    directories: ['.pi'],
    files: [],
    credentials: ['.pi/agent/auth.json'],
    keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY'],
    signIn: 'pi, then /login',
    isCertain: false,
  },
};

/** The places of an agent, known by its kind or else by its program; null for any other program. */
export function placesOf(kind: string, bin: string): AgentPlaces | null {
  for (const name of [kind, basename(bin)]) {
    const found = Object.hasOwn(places, name) ? places[name] : undefined;
    if (found !== undefined) return found;
  }
  return null;
}
