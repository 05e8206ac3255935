// The examples that each command's help ends with.

export const examples: Readonly<Record<string, readonly string[]>> = {
  run: [
    "homer run 'summarize README.md'",
    "homer run -x shell 'wc -l README.md'      a command instead of an agent",
    "homer run --worktree 'fix the failing test'   in a git worktree of its own",
    "git diff | homer run 'review this'        text piped in is appended to the task",
    "homer run -s website 'make the header blue'      a turn of the conversation called website",
    "homer run --max-cost 2 --fallback codex 'port the tests'   at most $2; Codex takes over at a usage limit",
    "homer run --detach --notify telegram:123456789 'run the tests'   the answer comes to a chat",
    "homer run -C ~/code/site --detach 'update the dependencies and run the tests'",
    '',
    'The result goes to standard output, all else to standard error. The exit code is 0 only when the job',
    'succeeded. Ctrl-C leaves (130) while the job goes on. What an agent asks is answered with one key on a terminal,',
    'or with `homer approve` and `homer deny` anywhere. A job that waits for a person is waited for on a',
    'terminal; in a script `homer run` ends with 1 and says what to do. Quote the task, or put -- before it.',
    'Inside a run of an agent it makes a job under that of the run; see docs/subagents.md.',
  ],
  status: [
    'homer status',
    'homer status --json',
    '',
    'Exit code: 0 healthy, 1 something is wrong, 3 not running.',
  ],
  jobs: ['homer jobs', 'homer jobs --state failed', 'homer jobs --lane work --limit 100 --json'],
  job: ['homer job last', 'homer job k3f9ab', 'homer job last --json'],
  attach: ['homer attach last', 'homer attach k3f9ab'],
  logs: ['homer logs last', 'homer logs k3f9ab | less', 'homer logs last --json'],
  cancel: ['homer cancel last', 'homer cancel k3f9ab'],
  approvals: ['homer approvals', 'homer approvals --state pending --json', 'homer approvals --job last'],
  approve: [
    'homer approve                             the only question there is',
    'homer approve 7f3k2a',
    'homer approve 7f3k2a --session            and do not ask for the same again in this session',
    '',
    'Exit code: 0 answered, also when the same was answered before; 1 answered otherwise, expired or void;',
    '2 more than one question is meant.',
  ],
  deny: ['homer deny', 'homer deny 7f3k2a', '', 'Exit codes as of `homer approve`.'],
  wait: [
    'homer wait last',
    'homer wait k3f9ab 7d2c1e --timeout 10m',
    'homer wait                                inside a run: all jobs that it asked for',
    '',
    'Exit code: 0 when all have succeeded, 1 when one has not, or not within the time.',
  ],
  retry: ['homer retry last', 'homer retry k3f9ab && homer attach k3f9ab'],
  start: ['homer start', 'homer start --home /srv/homer'],
  stop: ['homer stop', 'homer stop --now', 'homer stop --kill'],
  restart: ['homer restart', 'homer restart --now'],
  serve: [
    'homer serve',
    'homer serve --standby                     for a supervisor: waits instead of ending',
    '',
    'Exit code: 0 stopped, 1 crashed, 75 another Homer holds the state directory, 78 configuration or port.',
  ],
  resume: ['homer resume'],
  sessions: [
    'homer sessions',
    'homer sessions show website',
    'homer sessions new website -x claude -C ~/code/site',
    'homer sessions fork website website-bold  goes on from the same point under another name',
    'homer sessions reset website              the next turn begins a fresh conversation',
    'homer sessions stop website               cancels its turns and ends it',
    'eval "$(homer sessions resume website)"   goes on in the terminal, with the agent\'s own screen',
  ],
  spending: [
    'homer spending                            today, with what is left of the budgets',
    'homer spending --day 2026-03-01 --json',
    '',
    '? is unknown, never 0: not every agent tells what a run cost; see docs/limits.md.',
  ],
  trace: ['homer trace last', 'homer trace k3f9ab --json'],
  deliveries: [
    'homer deliveries',
    'homer deliveries --state unknown          may have arrived, or not: you decide',
    'homer deliveries retry k3f9ab             sends it again',
    'homer deliveries drop k3f9ab              gives it up',
  ],
  telegram: [
    'homer telegram                            how it is connected, and who may talk to it',
    'homer telegram pair                       a code: whoever sends it to the bot is let in',
    'homer telegram unpair 123456789',
  ],
  lanes: ['homer lanes', 'homer lanes pause work', 'homer lanes resume work'],
  config: [
    'homer config',
    'homer config path',
    'homer config schema > homer.schema.json',
    'homer config check',
  ],
  skills: [
    'homer skills                              what is there, what can be used, what is missing',
    'homer skills list -C ~/code/site --json',
    'homer skills check                        exit code 1 when an enabled skill cannot be used',
    'homer skills show github',
    'homer skills add ~/code/my-skill          shows what it would need and run, then asks',
    'homer skills add weather.tar.gz --name weather --yes',
  ],
  doctor: [
    'homer doctor',
    'homer doctor --json',
    '',
    'Needs no daemon. Exit code: 0 all that is needed is there, 1 something has to be mended.',
  ],
  token: [
    'homer token',
    'curl -H "Authorization: Bearer $(homer token)" http://127.0.0.1:4663/api/v1/status',
    'homer token path',
  ],
};

export const manyUses = `Examples:
  homer run 'summarize README.md'           starts the daemon if none runs
  homer run -x shell 'wc -l README.md'      needs no agent
  homer                                     how things stand

\`homer COMMAND --help\` has more on each.`;
