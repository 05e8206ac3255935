// A small daemon that says twice that it is still starting, then stops when it is asked to.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { acquireLock } from '../../src/lifecycle/lock.ts';
import { hostBootId, startTicks } from '../../src/lifecycle/process-identity.ts';
import { writeRecord } from '../../src/lifecycle/record.ts';

const home = process.argv[2] ?? '';
const lock = acquireLock(home);
if (lock === null) throw new Error('the lock is taken');
let asked = 0;
const server = createServer((request, response) => {
  if (++asked <= 2) {
    response.writeHead(503, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ code: 'HOMER_STARTING', detail: 'Not yet.', hint: '' }));
  } else if (request.url === '/api/v1/status') {
    response.end(JSON.stringify({ running: [] }));
  } else {
    response.end(JSON.stringify({ left: 0 }), () => {
      lock.release();
      process.exit(0);
    });
  }
}).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const { pid } = process;
  void writeRecord(home, {
    pid,
    startTime: startTicks(pid),
    bootId: hostBootId(),
    instanceId: 'starting',
    port,
    canvasPort: null,
    version: '0',
    startedAt: new Date().toISOString(),
  }).then(() => process.stderr.write('listening\n'));
});
