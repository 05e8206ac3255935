// The agent CLIs the real tests run, pinned: without a version npm picks the newest that suits its own Node, which may
// be years behind.

export interface PinnedAgent {
  readonly package: string;
  readonly version: string;
  /** Where the program is below `node_modules`, the first that is there; `*` stands for the platform. */
  readonly programs: readonly string[];
}

export const agentVersions = {
  claude: {
    package: '@anthropic-ai/claude-code',
    version: '2.1.330',
    // The platform's own package holds the program; the other path is filled by an install script.
    programs: [
      `@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`,
      `@anthropic-ai/claude-code-${process.platform}-${process.arch}-musl/claude`,
    ],
  },
  codex: {
    package: '@openai/codex',
    version: '0.169.0',
    programs: ['@openai/codex/bin/codex.js'],
  },
  gemini: {
    package: '@google/gemini-cli',
    version: '0.61.0',
    programs: ['.bin/gemini'],
  },
  kimi: { package: '@moonshot-ai/kimi-code', version: '2.1.0', programs: ['.bin/kimi'] },
  opencode: {
    package: 'opencode-ai',
    version: '1.18.33',
    // As with Claude Code.
    programs: [
      `opencode-${process.platform}-${process.arch}/bin/opencode`,
      `opencode-${process.platform}-${process.arch}-musl/bin/opencode`,
    ],
  },
  qwen: { package: '@qwen-code/qwen-code', version: '0.24.4', programs: ['.bin/qwen'] },
  pi: {
    package: '@earendil-works/pi-coding-agent',
    version: '0.87.1',
    programs: ['.bin/pi'],
  },
} as const satisfies Record<string, PinnedAgent>;

export type AgentName = keyof typeof agentVersions;
