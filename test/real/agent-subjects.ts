// How each agent CLI is pointed at the scripted model, and what it is known not to do. The one place for both.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentName } from './agent-versions.ts';

export interface AgentSubject {
  /** Its name, and the kind of its executor. */
  readonly agent: AgentName;
  /** The name of its tool for commands. */
  readonly shell: string;
  /** Files below HOME by their path; `key` is what it signs in with. */
  readonly files: (url: string, key: string) => Readonly<Record<string, string>>;
  /** Its environment, without the key. */
  readonly env: (url: string) => Readonly<Record<string, string>>;
  /** The variable that holds its key; null: only a file of its own can. */
  readonly keyVariable: string | null;
  /** `model` of its executor, where its own files do not say which. */
  readonly model: string | null;
}

const scriptedModels = { scripted: { limit: { context: 128_000, output: 8_000 } } };

export const subjects = {
  claude: {
    agent: 'claude',
    shell: 'Bash',
    files: () => ({}),
    env: (url) => ({ ANTHROPIC_BASE_URL: url }),
    keyVariable: 'ANTHROPIC_API_KEY',
    model: null,
  },
  codex: {
    agent: 'codex',
    shell: 'shell',
    files: (url) => ({
      '.codex/config.toml': [
        'model = "scripted"',
        'model_provider = "scripted"',
        '[model_providers.scripted]',
        'name = "Scripted"',
        `base_url = "${url}/v1"`,
        'env_key = "MODEL_KEY"',
        'wire_api = "responses"',
      ].join('\n'),
    }),
    env: () => ({}),
    keyVariable: 'MODEL_KEY',
    model: null,
  },
  gemini: {
    agent: 'gemini',
    shell: 'run_shell_command',
    files: () => ({
      '.gemini/settings.json': JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }),
    }),
    env: (url) => ({ GOOGLE_GEMINI_BASE_URL: url }),
    keyVariable: 'GEMINI_API_KEY',
    model: null,
  },
  kimi: {
    agent: 'kimi',
    shell: 'Bash',
    files: (url, key) => ({
      '.kimi-code/config.toml': [
        'default_model = "scripted"',
        '[providers.scripted]',
        'type = "openai"',
        `base_url = "${url}/v1"`,
        `api_key = "${key}"`,
        '[models.scripted]',
        'provider = "scripted"',
        'model = "scripted"',
        'max_context_size = 128000',
      ].join('\n'),
    }),
    env: () => ({}),
    keyVariable: null,
    model: null,
  },
  opencode: {
    agent: 'opencode',
    shell: 'bash',
    files: (url) => ({
      '.config/opencode/opencode.json': JSON.stringify({
        model: 'scripted/scripted',
        small_model: 'scripted/scripted',
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${url}/v1`, apiKey: '{env:MODEL_KEY}' },
            models: scriptedModels,
          },
        },
      }),
    }),
    env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1' }),
    keyVariable: 'MODEL_KEY',
    model: null,
  },
  qwen: {
    agent: 'qwen',
    shell: 'run_shell_command',
    files: () => ({
      '.qwen/settings.json': JSON.stringify({ security: { auth: { selectedType: 'openai' } } }),
    }),
    env: (url) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: 'scripted' }),
    keyVariable: 'OPENAI_API_KEY',
    model: null,
  },
  pi: {
    agent: 'pi',
    shell: 'bash',
    files: (url) => ({
      '.pi/agent/models.json': JSON.stringify({
        providers: {
          scripted: {
            baseUrl: `${url}/v1`,
            api: 'openai-completions',
            apiKey: '$MODEL_KEY',
            models: [{ id: 'scripted', cost: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 } }],
          },
        },
      }),
    }),
    env: () => ({}),
    keyVariable: 'MODEL_KEY',
    model: 'scripted/scripted',
  },
} as const satisfies Readonly<Record<AgentName, AgentSubject>>;

export const allSubjects: readonly AgentSubject[] = Object.values(subjects);

/** Writes what the agent needs below this HOME; gives its environment with a key that opens nothing. */
export async function pointAt(
  subject: AgentSubject,
  home: string,
  url: string,
): Promise<Readonly<Record<string, string>>> {
  const key = 'sk-not-a-real-key';
  await writeSubjectFiles(subject, home, url, key);
  return { ...subject.env(url), ...(subject.keyVariable === null ? {} : { [subject.keyVariable]: key }) };
}

export async function writeSubjectFiles(
  subject: AgentSubject,
  home: string,
  url: string,
  key: string,
): Promise<void> {
  for (const [name, text] of Object.entries(subject.files(url, key))) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), text);
  }
}
