// Orders from the daemon, read as they arrive: each once, in the order of their numbers.

import { messageOf } from '../core/errors.ts';
import { watchDirectory } from '../lifecycle/watch.ts';
import type { Order } from './files.ts';
import { orderNumbers, readOrder } from './records.ts';

export interface Inbox {
  close(): void;
}

/** Hands on what is there and then what comes; what is no order is told to `onOdd` by name and left. */
export function openInbox(
  directory: string,
  onOrder: (order: Order) => void,
  onOdd: (name: string) => void,
): Inbox {
  const seen = new Set<number>();
  const look = (): void => {
    const orders: Order[] = [];
    try {
      for (const number of orderNumbers(directory)) {
        if (seen.has(number)) continue;
        seen.add(number);
        const order = readOrder(directory, number);
        if (order === null) onOdd(`${number}.json`);
        else orders.push(order);
      }
    } catch (error) {
      // An inbox that cannot be read brings no orders; the run and its limits go on.
      onOdd(messageOf(error));
    }
    for (const order of orders) onOrder(order);
  };
  // The directory is gone: no order can come any more, and the run goes on without.
  const watcher = watchDirectory(directory, look, () => onOdd(directory));
  look();
  return { close: () => watcher.close() };
}
