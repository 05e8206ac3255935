// Waiting on a terminal: the last lines of what the agent says, dimmed, and below them one line with a spinner, the time
// and what it does. Both are redrawn in place; what stays on the screen is told above them. At the end they vanish, and
// the result is printed where they were, so that nobody reads it twice.

import type { WriteStream } from 'node:tty';
import type { Job, JournalEntry } from './answers.ts';
import { createEntryLines, toolText } from './entry-lines.ts';
import { clip, plain, span } from './format.ts';
import { tellChange } from './job-story.ts';
import { isShownInFull, type Progress } from './progress.ts';
import type { Terminal } from './terminal.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
const mostTailLines = 6;
/** Of a text that has not become part of the screen; more is not looked at. */
const keptCharacters = 65_536;

export function createLiveProgress({ errorPalette: palette }: Terminal, stream: WriteStream): Progress {
  const entryLines = createEntryLines();
  let last: Job | null = null;
  let text = '';
  let activity = '';
  let isAway = false;
  let prompt: string | null = null;
  let drawnRows = 0;
  let frame = 0;
  let since = Date.now();

  const erase = (): string => {
    const up = drawnRows > 1 ? `\u001b[${drawnRows - 1}A` : '';
    const sequence = drawnRows === 0 ? '' : `\r${up}\u001b[J`;
    drawnRows = 0;
    return sequence;
  };
  const picture = (): string => {
    const columns = Math.max(20, (stream.columns || 80) - 1);
    const room = Math.max(0, Math.min(mostTailLines, (stream.rows || 24) - 3));
    const tail = room === 0 ? [] : plain(text).trimEnd().split('\n').slice(-room);
    const lines = tail
      .filter((line, index) => line !== '' || index > 0)
      .map((line) => palette.dim(clip(`  ${line}`, columns)));
    const doing = isAway ? 'waiting for Homer' : activity !== '' ? activity : (last?.state ?? 'sending');
    const status = clip(
      `${span(Math.floor((Date.now() - since) / 1000) * 1000).replace('.0 s', ' s')}  ${doing}`,
      columns - 2,
    );
    drawnRows = lines.length + 1;
    if (prompt !== null && !isAway) return [...lines, palette.needs(clip(prompt, columns))].join('\n');
    return [...lines, `${palette.live(frames[frame % frames.length] ?? '')} ${status}`].join('\n');
  };
  const draw = (stays: readonly string[] = []): void => {
    stream.write(erase() + stays.map((line) => `${line}\n`).join('') + picture());
  };
  const timer = setInterval(() => {
    frame++;
    draw();
  }, frameMs);
  timer.unref();

  /** What was said before a tool is used is a remark and not the result: it stays. */
  const takeText = (): string[] => {
    const said = plain(text).trim();
    text = '';
    return said === '' ? [] : said.split('\n').map((line) => palette.dim(`  ${line}`));
  };

  return {
    job(job) {
      const before = last;
      last = job;
      if (before !== null && before.runs.length < job.runs.length) since = Date.now();
      if (before === null && job.startedAt !== null) since = Math.min(Date.now(), Date.parse(job.startedAt));
      if (job.state !== 'running') activity = '';
      draw(tellChange(before, job, Date.now()));
    },
    entry(entry: JournalEntry) {
      const stays: string[] = [];
      if (entry.type === 'text' && entry.stream !== 'stderr') {
        const join = entry.delta === true || text === '' || text.endsWith('\n') ? '' : '\n';
        text = `${text}${join}${entry.text}`.slice(-keptCharacters);
      } else if (entry.type === 'tool_start') {
        stays.push(...takeText());
        activity = toolText(entry.name, entry.summary);
      } else if (entry.type === 'agent_started') {
        text = '';
      }
      if (entry.type === 'tool_end') activity = '';
      const told = isShownInFull(entry) ? [] : entryLines(entry);
      stays.push(...told.map((line) => (line.startsWith('  ') ? palette.dim(line) : line)));
      // Text comes in many small pieces; the next frame shows them all at once.
      if (stays.length > 0) draw(stays);
    },
    note: (line) => draw([line]),
    prompt(line) {
      if (line === prompt) return;
      prompt = line;
      draw();
    },
    away() {
      isAway = true;
      draw(['The connection to Homer is lost; the job is safe.']);
    },
    back() {
      isAway = false;
      draw(['Homer is back.']);
    },
    close(keepsText) {
      clearInterval(timer);
      const stays = keepsText ? takeText() : [];
      stream.write(erase() + stays.map((line) => `${line}\n`).join(''));
    },
  };
}
