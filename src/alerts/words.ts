// Alerts as people read them: one message for all that is told at a time.

import type { Notice } from '../core/alerts.ts';
import { span } from '../core/span.ts';

const marks = { firing: '🔴', still: '🔴', resolved: '🟢' } as const;

export function wordNotices(notices: readonly Notice[], now: number): string {
  const bad = notices.filter(({ is }) => is !== 'resolved').length;
  const well = notices.length - bad;
  const parts = [...(bad > 0 ? [`${bad} wrong`] : []), ...(well > 0 ? [`${well} well again`] : [])];
  return [`Homer: ${parts.join(', ')}`, ...notices.map((notice) => wordNotice(notice, now))].join('\n');
}

function wordNotice({ is, rule, subject, text, firedAt }: Notice, now: number): string {
  const what = subject === '' ? rule : `${rule} ${subject}`;
  const lasted = span(Math.max(0, now - firedAt));
  if (is === 'resolved') return `${marks[is]} ${what}: well again after ${lasted}`;
  return `${marks[is]} ${what}: ${text}${is === 'still' ? ` (for ${lasted})` : ''}`;
}
