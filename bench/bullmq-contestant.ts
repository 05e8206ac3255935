// BullMQ on a Redis of its own, set as its documentation advises for production: finished jobs removed, one connection
// for the queue and one for the worker. (With ioredis's automatic pipelining it was slower here.)

import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { prompt, type Contestant } from './contestant.ts';
import { cpuMicrosOf, residentMegabytes } from './process-usage.ts';
import { startRedis } from './redis-server.ts';

const jobOptions = { removeOnComplete: true, removeOnFail: true };

export async function openBullmq(directory: string, appendfsync: 'always' | 'everysec'): Promise<Contestant> {
  const redis = await startRedis(join(directory, 'redis'), appendfsync);
  const connect = (): Redis => new Redis({ port: redis.port, host: '127.0.0.1', maxRetriesPerRequest: null });
  const producer = connect();
  const consumer = connect();
  const queue = new Queue('bench', { connection: producer });
  await queue.waitUntilReady();
  return {
    enqueue: async () => {
      await queue.add('task', { prompt }, jobOptions);
    },
    fill: async (jobs) => {
      const one = { name: 'task', data: { prompt }, opts: jobOptions };
      for (let left = jobs; left > 0; left -= 1000)
        await queue.addBulk(Array.from({ length: Math.min(left, 1000) }, () => one));
    },
    work: async (concurrency, onStart, onEnd) => {
      const worker = new Worker('bench', async () => onStart(), { connection: consumer, concurrency });
      worker.on('completed', onEnd);
      await worker.waitUntilReady();
      return () => worker.close();
    },
    cpuMicros: () => {
      const { user, system } = process.cpuUsage();
      return user + system + cpuMicrosOf(redis.pid);
    },
    memory: () => ({ process: residentMegabytes('self'), server: residentMegabytes(redis.pid) }),
    close: async () => {
      await queue.close();
      producer.disconnect();
      consumer.disconnect();
      await redis.stop();
    },
  };
}
