// Commands on what agents ask.

import { Option } from 'commander';
import { approvalStates } from '../../core/approval.ts';
import type { AnswerOptions, ApprovalsOptions } from '../commands/approvals.ts';
import type { Declaration } from './declaration.ts';

export function declareApprovals({ add, act }: Declaration): void {
  const which =
    'the question: its id, four or more characters of its beginning or end, its job, or "last" (default: the only one)';
  add('approvals', 'Show what agents ask, and what became of what they asked')
    .addOption(new Option('--state <state>', 'only questions in this state').choices(approvalStates))
    .option('--job <id>', 'only questions of this job')
    .action(async (options: ApprovalsOptions) =>
      act(async () => {
        const { approvals } = await import('../commands/approvals.ts');
        return (context) => approvals(context, options);
      }),
    );
  add('approve', 'Let an agent do what it asks')
    .argument('[id]', which)
    .option('--session', 'the same command (a tool without one: every use) as long as the session lasts')
    .action(async (id: string | undefined, options: AnswerOptions) =>
      act(async () => {
        const { approve } = await import('../commands/approvals.ts');
        return (context) => approve(context, id, options);
      }),
    );
  add('deny', 'Refuse an agent what it asks; it goes on without')
    .argument('[id]', which)
    .action(async (id: string | undefined) =>
      act(async () => {
        const { deny } = await import('../commands/approvals.ts');
        return (context) => deny(context, id);
      }),
    );
}
