import { queryFrame, type Reply, readReply } from "./frames.ts";

/*
 * The embedded database has one session; everybody takes turns. A batch is what stands between two answers `ready for
 * query`; it runs whole. Who is inside a transaction keeps the turn until it ends.
 */

/** Runs one batch of frames to the end and gives back the answer; throws when the database is lost. */
export type Exec = (batch: Buffer) => Uint8Array;

/** One who takes turns. */
export interface Guest {
  readonly name: string;
}

/** The queue in front of the one session. */
export interface Turns {
  /** Runs a batch when it is this guest's turn. */
  submit(guest: Guest, batch: Buffer, answer: (reply: Reply) => void): void;
  /** Forgets what a guest has waiting, and rolls back the transaction it may be in. */
  leave(guest: Guest): void;
  /** The guest in a transaction now, if any. */
  holder(): Guest | null;
}

/** Makes the queue. `notify` gets the notifications of every batch, whoever caused them. */
export function createTurns(exec: Exec, notify: (notification: Buffer) => void): Turns {
  const waiting: { guest: Guest; batch: Buffer; answer: (reply: Reply) => void }[] = [];
  let holder: Guest | null = null;
  let running = false;

  function take() {
    if (holder === null) return waiting.shift();
    const at = waiting.findIndex((job) => job.guest === holder);
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  }

  function run(): void {
    if (running) return;
    running = true;
    try {
      for (let job = take(); job !== undefined; job = take()) {
        const reply = readReply(exec(job.batch));
        // Not ready for a query yet (a Flush): the guest is in the middle of something, and keeps the turn.
        holder = reply.status === "I" ? null : job.guest;
        job.answer(reply);
        for (const notification of reply.notifications) notify(notification);
      }
    } finally {
      running = false;
    }
  }

  return {
    submit(guest, batch, answer) {
      waiting.push({ guest, batch, answer });
      run();
    },
    leave(guest) {
      const others = waiting.filter((job) => job.guest !== guest);
      waiting.splice(0, waiting.length, ...others);
      if (holder === guest) waiting.unshift({ guest, batch: queryFrame("rollback"), answer: () => undefined });
      run();
    },
    holder: () => holder,
  };
}
