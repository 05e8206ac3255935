// Tells systemd how its service is, as sd_notify(3) has it: ready, busy with starting or stopping, alive. Node has no sockets of
// datagrams in the file system and Homer no native code, so each message is sent by systemd-notify(1), some 20 ms of a process of its
// own; NotifyAccess=all lets it speak for us. Without NOTIFY_SOCKET nobody is told and nothing runs.

import { spawn } from 'node:child_process';

export interface Supervisor {
  /** From here on a start counts as done and the watchdog as armed. `status` is shown by `systemctl status`. */
  ready(status: string): void;
  say(status: string): void;
  /** A stop takes as long as it takes: more time is asked for until `close`. */
  stopping(status: string): void;
  /** Resolves when nothing is on its way any more; nothing is told after it. */
  close(): Promise<void>;
}

/** Nobody watches. */
export const unsupervised: Supervisor = {
  ready: () => undefined,
  say: () => undefined,
  stopping: () => undefined,
  close: async () => undefined,
};

/** More time, asked for well before what was given is over. */
const extendMs = 60_000;
const extendEveryMs = 20_000;
/** systemd takes a message within milliseconds; a manager that hangs must not collect helpers of ours. */
const patienceMs = 10_000;

/** A start is under way: more time is asked for until it is ready. */
export function openSupervisor(env: Readonly<Record<string, string | undefined>>): Supervisor {
  if ((env['NOTIFY_SOCKET'] ?? '') === '') return unsupervised;
  const notifier = new Notifier({ NOTIFY_SOCKET: env['NOTIFY_SOCKET'], PATH: env['PATH'] });
  let pressing: NodeJS.Timeout | null = null;
  const press = (): void => {
    pressing = setInterval(() => notifier.send({ EXTEND_TIMEOUT_USEC: micros(extendMs) }), extendEveryMs);
  };
  const rest = (): void => {
    if (pressing !== null) clearInterval(pressing);
    pressing = null;
  };
  press();
  const beatMs = watchdogMs(env) / 3;
  // From this loop: when it is blocked, nothing is sent. The timer itself keeps nothing alive.
  const beat = beatMs > 0 ? setInterval(() => notifier.send({ WATCHDOG: '1' }), beatMs).unref() : undefined;
  return {
    ready(status) {
      rest();
      notifier.send({ READY: '1', STATUS: status });
    },
    say: (status) => notifier.send({ STATUS: status }),
    stopping(status) {
      rest();
      notifier.send({ STOPPING: '1', STATUS: status, EXTEND_TIMEOUT_USEC: micros(extendMs) });
      press();
    },
    async close() {
      rest();
      clearInterval(beat);
      await notifier.close();
    },
  };
}

/** 0: there is none, or it watches another process (sd_watchdog_enabled(3)). */
function watchdogMs(env: Readonly<Record<string, string | undefined>>): number {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: pid = '' } = env;
  return /^\d+$/.test(usec) && (pid === '' || Number(pid) === process.pid) ? Number(usec) / 1_000 : 0;
}

function micros(ms: number): string {
  return String(ms * 1_000);
}

type Message = Readonly<Record<string, string>>;

/** One message after the other, so that none overtakes; what waits is put together. */
class Notifier {
  readonly #env: Readonly<Record<string, string | undefined>>;
  #waiting: Message = {};
  #sending: Promise<void> | null = null;
  #isClosed = false;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  send(message: Message): void {
    if (this.#isClosed) return;
    this.#waiting = { ...this.#waiting, ...message };
    this.#sending ??= this.#drain();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sending;
  }

  async #drain(): Promise<void> {
    while (Object.keys(this.#waiting).length > 0) {
      const message = this.#waiting;
      this.#waiting = {};
      await this.#pass(message);
    }
    this.#sending = null;
  }

  /** A message that cannot be sent is lost: the next heartbeat follows, and there is nobody to tell. */
  #pass(message: Message): Promise<void> {
    return new Promise((resolve) => {
      const fields = Object.entries(message).map(([name, value]) => `${name}=${value.replaceAll('\n', ' ')}`);
      const child = spawn('systemd-notify', fields, {
        env: this.#env,
        stdio: 'ignore',
        timeout: patienceMs,
        killSignal: 'SIGKILL',
      });
      child.once('error', () => resolve());
      child.once('close', () => resolve());
    });
  }
}
