// The process that looks into a ledger for `homer doctor`: the file is its argument, its answers are lines of JSON on standard output. A
// process of its own, since a look at every page may take long, and can be ended only like this.

import { lookAtFile } from '../ledger/look.ts';

const [file = ''] = process.argv.slice(2);
const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const damage = lookAtFile(file, Date.now(), (look) => answer({ look }));
answer({ damage });
