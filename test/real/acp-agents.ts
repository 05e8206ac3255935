// What points each agent of the Agent Client Protocol at the scripted model.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutorRoom } from './executor-room.ts';

export type AcpAgentName = 'kimi' | 'opencode' | 'qwen';

export interface AcpSubject {
  readonly agent: AcpAgentName;
  /** The name of its tool for commands. */
  readonly shell: string;
  /** The limits and failures of the service that it tells; the rest it hides, or repeats for minutes. */
  readonly tells: readonly (429 | 500 | 'down')[];
  /** Writes what it needs below HOME; gives its environment. */
  readonly configure: (
    room: Pick<ExecutorRoom, 'home'>,
    url: string,
  ) => Promise<Readonly<Record<string, string>>>;
}

export const acpSubjects: readonly AcpSubject[] = [
  {
    agent: 'kimi',
    shell: 'Bash',
    tells: [],
    async configure({ home }, url) {
      await mkdir(join(home, '.kimi-code'), { recursive: true });
      const lines = [
        'default_model = "scripted"',
        '[providers.scripted]',
        'type = "openai"',
        `base_url = "${url}/v1"`,
        'api_key = "sk-not-a-real-key"',
        '[models.scripted]',
        'provider = "scripted"',
        'model = "scripted"',
        'max_context_size = 128000',
      ];
      await writeFile(join(home, '.kimi-code/config.toml'), lines.join('\n'));
      return {};
    },
  },
  {
    agent: 'opencode',
    shell: 'bash',
    tells: [429, 500, 'down'],
    configure(_room, url) {
      const options = { baseURL: `${url}/v1`, apiKey: 'sk-not-a-real-key' };
      const models = { scripted: { limit: { context: 128_000, output: 8_000 } } };
      const config = {
        model: 'scripted/scripted',
        small_model: 'scripted/scripted',
        provider: { scripted: { npm: '@ai-sdk/openai-compatible', options, models } },
      };
      return Promise.resolve({
        OPENCODE_CONFIG_CONTENT: JSON.stringify(config),
        OPENCODE_DISABLE_MODELS_FETCH: '1',
      });
    },
  },
  {
    agent: 'qwen',
    shell: 'run_shell_command',
    tells: ['down'],
    async configure({ home }, url) {
      await mkdir(join(home, '.qwen'), { recursive: true });
      const settings = { security: { auth: { selectedType: 'openai' } } };
      await writeFile(join(home, '.qwen/settings.json'), JSON.stringify(settings));
      return { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: 'sk-not-a-real-key', OPENAI_MODEL: 'scripted' };
    },
  },
];
